"""Reading what a pool is shared out by: what members did, and where its money came from. Nothing is decided."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from squads_pipeline.rules.scoring import Work
from squads_pipeline.store import ledger

# Home: the squad itself, and those that merged into it. Indexes: research_squads_merged_into_idx,
# squad_journal_squad_id_idx, squad_findings_squad_id_idx, the unique one of finding_reviews, squad_members_pkey.
_WORK = text("""
WITH home AS MATERIALIZED (
    SELECT id AS squad_id, id AS home_id FROM squads.research_squads WHERE id = ANY (CAST(:squads AS text[]))
    UNION ALL
    SELECT id, merged_into FROM squads.research_squads WHERE merged_into = ANY (CAST(:squads AS text[]))
),
written AS (
    SELECT home.home_id, entry.author_agent_id AS agent_id, count(*) AS entries
    FROM home JOIN squads.squad_journal AS entry USING (squad_id)
    GROUP BY 1, 2
),
found AS (
    SELECT home.home_id, finding.author_agent_id AS agent_id, count(*) AS findings,
           sum(coalesce(verdict.confidence, finding.confidence) * 1000000)
               FILTER (WHERE finding.bubble_up_status = 'merged') AS merged_ppm
    FROM home
    JOIN squads.squad_findings AS finding USING (squad_id)
    LEFT JOIN squads.reviewed_findings AS verdict ON verdict.finding_id = finding.id
    GROUP BY 1, 2
),
judged AS (
    SELECT home.home_id, review.reviewer_agent_id AS agent_id, count(*) AS reviews
    FROM home
    JOIN squads.squad_findings AS finding USING (squad_id)
    JOIN squads.finding_reviews AS review
        ON review.finding_id = finding.id AND review.reviewer_agent_id <> finding.author_agent_id
    GROUP BY 1, 2
)
SELECT member.squad_id, member.agent_id, member.role, coalesce(written.entries, 0) AS entries,
       coalesce(found.findings, 0) AS findings, coalesce(found.merged_ppm, 0)::bigint AS merged_ppm,
       coalesce(judged.reviews, 0) AS reviews
FROM squads.squad_members AS member
LEFT JOIN written ON written.home_id = member.squad_id AND written.agent_id = member.agent_id
LEFT JOIN found ON found.home_id = member.squad_id AND found.agent_id = member.agent_id
LEFT JOIN judged ON judged.home_id = member.squad_id AND judged.agent_id = member.agent_id
WHERE member.squad_id = ANY (CAST(:squads AS text[]))
""")


def work(connection: Connection, squads: Sequence[str]) -> dict[str, list[Work]]:
    """What everybody who is or was a member did, by squad; those merged into a squad count as the squad.

    The confidence of a merged finding is the one of its verdict, and its author's where there is none.
    """
    found: dict[str, list[Work]] = {squad: [] for squad in squads}
    for row in connection.execute(_WORK, {"squads": list(squads)}):
        found[row.squad_id].append(
            Work(row.agent_id, row.role, row.entries, row.findings, row.merged_ppm, row.reviews)
        )
    return found


# Left out: what moved within the home by mergers. Indexes: research_squads_merged_into_idx, and those of pool_sources.
_SOURCES = text("""
WITH home AS MATERIALIZED (
    SELECT id AS squad_id, id AS home_id FROM squads.research_squads WHERE id = ANY (CAST(:squads AS text[]))
    UNION ALL
    SELECT id, merged_into FROM squads.research_squads WHERE merged_into = ANY (CAST(:squads AS text[]))
)
SELECT home.home_id AS squad_id, source.name AS account, source.closed_at IS NULL AS is_open,
       sum(given.amount_micro)::bigint AS granted_micro
FROM home
JOIN squads.pool_sources AS given USING (squad_id)
JOIN squads.accounts AS source ON source.id = given.account_id
WHERE NOT EXISTS (SELECT FROM home AS within
                  WHERE within.home_id = home.home_id AND source.kind = 'squad' AND within.squad_id = source.owner_id)
GROUP BY 1, 2, 3
HAVING sum(given.amount_micro) > 0
""")


@dataclass(frozen=True, slots=True)
class Source:
    """An account that granted money to a squad: µT, and whether it is open now."""

    account: str
    is_open: bool
    granted_micro: int


def sources(connection: Connection, squads: Sequence[str]) -> dict[str, list[Source]]:
    """Where the money of some squads, and of those merged into them, came from."""
    found: dict[str, list[Source]] = {squad: [] for squad in squads}
    if squads:
        for row in connection.execute(_SOURCES, {"squads": list(squads)}):
            found[row.squad_id].append(Source(row.account, row.is_open, row.granted_micro))
    return found


def granted(found: Sequence[Source]) -> dict[str, int]:
    """Account to refund → what it stands for, µT.

    What came from an account that is closed, such as that of a squad which was disbanded since, stands for the
    treasury, and so does money of which no source is known.
    """
    totals: dict[str, int] = {}
    for source in found:
        account = source.account if source.is_open else ledger.TREASURY
        totals[account] = totals.get(account, 0) + source.granted_micro
    return totals or {ledger.TREASURY: 1}
