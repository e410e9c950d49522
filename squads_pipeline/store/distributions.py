"""SQL of sharing out pools: what members did, where money came from, what is written. Decisions are in `rules`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from squads_pipeline.rules.distribution import Division, Share
from squads_pipeline.rules.scoring import Work
from squads_pipeline.store import ledger
from squads_pipeline.store.ledger import Account
from squads_pipeline.store.stamp import Stamp


@dataclass(frozen=True, slots=True)
class SharedOut:
    """A pool as it was shared out.

    Attributes:
        squad_id: the squad.
        pool_micro: what the pool held, µT.
        work: what each member did.
        scores_ppm: agent → score in millionths of a point.
        division: the manner and the members' shares.
        refunds_micro: account → what it got back, µT; empty unless the pool was refunded.
    """

    squad_id: str
    pool_micro: int
    work: Sequence[Work]
    scores_ppm: Mapping[str, int]
    division: Division
    refunds_micro: Mapping[str, int]

    @property
    def paid(self) -> int:
        """How many members have a share, or how many accounts were refunded."""
        return len(self.refunds_micro) + sum(share.share_micro > 0 for share in self.division.shares)


_LOCK = text("""
SELECT id, status FROM squads.research_squads WHERE id = ANY (CAST(:squads AS text[]))
ORDER BY id FOR NO KEY UPDATE
""")


def lock_squads(connection: Connection, squads: Sequence[str]) -> dict[str, str]:
    """Lock squads in the order of their ids until the transaction ends: id → status. Index: research_squads_pkey.

    Whoever brings money holds the squad by a shared lock, so that pools and members are at rest from here on.
    """
    return {row.id: row.status for row in connection.execute(_LOCK, {"squads": sorted(squads)})}


_MISSING = text("""
SELECT substr(unit, length('squad:') + 1) AS squad_id FROM squads.missing_harvest_distributions
WHERE unit = ANY (CAST(:units AS text[])) ORDER BY 1
""")


def still_missing(connection: Connection, units: Sequence[str]) -> list[str]:
    """The squads among some units of the gap that are still to be shared out, read again under their lock."""
    return list(connection.scalars(_MISSING, {"units": list(units)}))


def lock_system_accounts(connection: Connection) -> None:
    """Lock the treasury and the matching pool, before any squad.

    Formation and rounds take theirs first and squads after, to run one at a time. Refunds go to both, so who
    shares out takes them in the same order; the other way round the two would deadlock.
    """
    found = ledger.find_accounts(connection, [ledger.TREASURY, ledger.MATCHING_POOL])
    ledger.lock_accounts(connection, [account.id for account in found.values()])


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


_RECORD = text("""
WITH moment AS MATERIALIZED (SELECT squads.clock() AS now)
INSERT INTO squads.distributions
    (squad_id, manner, pool_micro, total_score, members, distributed_at,
     policy_id, rule_version, driver, run_id, effective_on)
SELECT shared.squad_id, shared.manner, shared.pool_micro, shared.score_ppm * 0.000001, shared.members, moment.now,
       :policy_id, :rule_version, :driver, :run_id, squads.utc_day(moment.now)
FROM unnest(CAST(:squads AS text[]), CAST(:manners AS text[]), CAST(:pools AS bigint[]),
            CAST(:scores AS numeric[]), CAST(:members AS integer[]))
    AS shared (squad_id, manner, pool_micro, score_ppm, members)
CROSS JOIN moment
""")

_RECORD_SHARES = text("""
WITH share AS MATERIALIZED (
    SELECT * FROM unnest(
        CAST(:squads AS text[]), CAST(:agents AS text[]), CAST(:roles AS text[]), CAST(:entries AS integer[]),
        CAST(:findings AS integer[]), CAST(:merged AS numeric[]), CAST(:reviews AS integer[]),
        CAST(:scores AS numeric[]), CAST(:micros AS bigint[]), CAST(:rounded AS integer[]))
        AS share (squad_id, agent_id, role, entries, findings, merged_ppm, reviews, score_ppm, share_micro, rounded)
),
scored AS (
    UPDATE squads.squad_members AS member SET contribution_score = share.score_ppm * 0.000001
    FROM share WHERE member.squad_id = share.squad_id AND member.agent_id = share.agent_id
)
INSERT INTO squads.harvest_distributions
    (squad_id, agent_id, role, journal_entries, findings_authored, merged_confidence, reviews, score,
     share_micro, rounded_up, policy_id, rule_version, driver, run_id, effective_on)
SELECT share.squad_id, agent_id, role, entries, findings, merged_ppm * 0.000001, reviews, score_ppm * 0.000001,
       share_micro, rounded, whole.policy_id, whole.rule_version, whole.driver, whole.run_id, whole.effective_on
FROM share JOIN squads.distributions AS whole ON whole.squad_id = share.squad_id
""")


def record(connection: Connection, shared: Sequence[SharedOut], stamp: Stamp) -> None:
    """Write how pools were shared out, with every input, and the members' scores. Two statements for the batch."""
    connection.execute(
        _RECORD,
        {
            "squads": [one.squad_id for one in shared],
            "manners": [one.division.manner for one in shared],
            "pools": [one.pool_micro for one in shared],
            "scores": [sum(one.scores_ppm.values()) for one in shared],
            "members": [one.paid for one in shared],
            **stamp.columns(),
        },
    )
    rows = [
        (one, did, share)
        for one in shared
        for did, share in zip(sorted(one.work, key=_agent), one.division.shares, strict=True)
    ]
    connection.execute(
        _RECORD_SHARES,
        {
            "squads": [one.squad_id for one, _, _ in rows],
            "agents": [share.agent_id for _, _, share in rows],
            "roles": [did.role for _, did, _ in rows],
            "entries": [did.journal_entries for _, did, _ in rows],
            "findings": [did.findings_authored for _, did, _ in rows],
            "merged": [did.merged_confidence_ppm for _, did, _ in rows],
            "reviews": [did.reviews for _, did, _ in rows],
            "scores": [one.scores_ppm[share.agent_id] for one, _, share in rows],
            "micros": [share.share_micro for _, _, share in rows],
            "rounded": [int(share.rounded_up) for _, _, share in rows],
        },
    )


_REVISE = text("""
INSERT INTO squads.harvest_distributions
    (squad_id, agent_id, revision, role, journal_entries, findings_authored, merged_confidence, reviews, score,
     share_micro, rounded_up, policy_id, rule_version, driver, run_id, effective_on)
SELECT share.squad_id, share.agent_id, share.revision + 1, share.role, share.journal_entries, share.findings_authored,
       share.merged_confidence, share.reviews, revised.score_ppm * 0.000001, revised.share_micro, revised.rounded,
       whole.policy_id, :rule_version, :driver, :run_id, whole.effective_on
FROM unnest(CAST(:squads AS text[]), CAST(:agents AS text[]), CAST(:scores AS numeric[]),
            CAST(:micros AS bigint[]), CAST(:rounded AS integer[]))
    AS revised (squad_id, agent_id, score_ppm, share_micro, rounded)
JOIN squads.harvest_distributions_in_force AS share
    ON share.squad_id = revised.squad_id AND share.agent_id = revised.agent_id
JOIN squads.distributions AS whole ON whole.squad_id = revised.squad_id
""")


def revise(connection: Connection, revised: Sequence[tuple[str, int, Share]], stamp: Stamp) -> None:
    """Write newer revisions of shares, (squad, score in millionths, share) each, on the days of their squads."""
    connection.execute(
        _REVISE,
        {
            "squads": [squad for squad, _, _ in revised],
            "agents": [share.agent_id for _, _, share in revised],
            "scores": [score for _, score, _ in revised],
            "micros": [share.share_micro for _, _, share in revised],
            "rounded": [int(share.rounded_up) for _, _, share in revised],
            **stamp.columns(),
        },
    )


def _agent(one: Work) -> str:
    return one.agent_id


_CLOSE = text("""
UPDATE squads.accounts SET closed_at = squads.clock()
WHERE name IN (SELECT 'squad:' || id FROM unnest(CAST(:squads AS text[])) AS ended (id))
""")


def close_accounts(connection: Connection, squads: Sequence[str]) -> None:
    """Close the accounts of squads' pools for ever; they are empty, or the database refuses."""
    connection.execute(_CLOSE, {"squads": list(squads)})


_LAPSE = text("""
WITH withdrawn AS (
    DELETE FROM squads.squad_merges
    WHERE squad_id = ANY (CAST(:squads AS text[])) OR into_squad_id = ANY (CAST(:squads AS text[]))
)
UPDATE squads.squad_join_bids
SET status = 'lapsed', decided_at = squads.clock(), decided_by = :by, rationale = 'the squad was disbanded'
WHERE squad_id = ANY (CAST(:squads AS text[])) AND status = 'pending'
""")


def let_lapse(connection: Connection, squads: Sequence[str], by: str) -> None:
    """End what was still open in squads that are no more: bids to join them, mergers proposed with them."""
    connection.execute(_LAPSE, {"squads": list(squads), "by": by})


def pool_accounts(connection: Connection, squads: Sequence[str]) -> dict[str, Account]:
    """The accounts of squads' pools, unlocked: squad → account."""
    found = ledger.find_accounts(connection, [ledger.pool(squad) for squad in squads])
    return {squad: found[ledger.pool(squad)] for squad in squads}


def payout_key(squad: str, agent: str) -> str:
    """Idempotency key of a member's share; escaped, colons cannot make two payouts share a key."""
    return f"payout:{_escaped(squad)}:{agent}"


def refund_key(squad: str, account: str) -> str:
    """Idempotency key of what an account gets back of a squad's pool."""
    return f"refund:{_escaped(squad)}:{account}"


def _escaped(squad: str) -> str:
    return squad.replace(":", "%3A")
