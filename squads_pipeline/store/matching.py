"""SQL of a matching round: the claim, the standings, and what the round decided. Decisions are in `rules`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Text, cast, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY

from squads_pipeline.rules.rounds import Match, Standing
from squads_pipeline.store.schema import (
    contributor_totals,
    qf_matches,
    qf_put_aside,
    qf_rounds,
    qf_standings,
    research_squads,
)
from squads_pipeline.store.schema.squads import MATCHABLE_STATUSES
from squads_pipeline.store.stamp import Stamp


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a round claimed of one squad: how many contributions, and their sum in µT."""

    contributions: int
    amount_micro: int


def open_round(
    connection: Connection, *, mechanism: str, pool_before_micro: int, budget_micro: int, stamp: Stamp
) -> int:
    """Write the round's row and return its number; the caller holds the matching pool's lock.

    The lock makes the next number safe to read, and a dry run that is rolled back leaves no hole.
    """
    number = select(func.coalesce(func.max(qf_rounds.c.id), 0) + 1).scalar_subquery()
    round_id: int = connection.execute(
        insert(qf_rounds)
        .values(
            id=number,
            opened_at=func.squads.clock(),
            mechanism=mechanism,
            pool_before_micro=pool_before_micro,
            budget_micro=budget_micro,
            effective_on=func.squads.utc_day(func.squads.clock()),
            **stamp.columns(),
        )
        .returning(qf_rounds.c.id)
    ).scalar_one()
    return round_id


# The rows that DELETE returns are the round: a concurrent claim waits for them and then finds them gone,
# and what commits after this statement's snapshot stays for the next round. The primary key of qf_claims
# says so once more: a row that was claimed before is dropped from the inbox without counting.
# Totals and standings move by what was claimed, so the cost follows the claim and not the history.
_CLAIM = text("""
WITH taken AS (
    DELETE FROM squads.qf_unclaimed WHERE squad_id <> ALL (CAST(:without AS text[]))
    RETURNING contribution_id, squad_id, agent_id, amount_micro
),
claimed AS (
    INSERT INTO squads.qf_claims (contribution_id, round_id)
    SELECT contribution_id, :round_id FROM taken
    ON CONFLICT DO NOTHING
    RETURNING contribution_id
),
added AS MATERIALIZED (
    SELECT squad_id, agent_id, sum(amount_micro)::bigint AS amount_micro, count(*) AS contributions
    FROM taken JOIN claimed USING (contribution_id)
    GROUP BY squad_id, agent_id
),
summed AS (
    INSERT INTO squads.contributor_totals AS total (squad_id, agent_id, total_micro)
    SELECT squad_id, agent_id, amount_micro FROM added
    ON CONFLICT (squad_id, agent_id) DO UPDATE SET total_micro = total.total_micro + excluded.total_micro
    RETURNING squad_id, agent_id, total_micro
),
moved AS (
    SELECT squad_id,
           CASE WHEN before >= :least THEN before ELSE 0 END AS before,
           CASE WHEN after >= :least THEN after ELSE 0 END AS after
    FROM (SELECT squad_id, total_micro - amount_micro AS before, total_micro AS after
          FROM summed JOIN added USING (squad_id, agent_id)) AS change
),
risen AS (
    INSERT INTO squads.qf_standings AS standing
        (squad_id, contributors, root_sum, contributed_micro, matched_micro, dust_micro)
    SELECT squad_id,
           count(*) FILTER (WHERE before = 0 AND after > 0),
           sum(CASE WHEN after > 0 THEN squads.root(after) ELSE 0 END
               - CASE WHEN before > 0 THEN squads.root(before) ELSE 0 END),
           sum(after - before), 0, :dust
    FROM moved
    GROUP BY squad_id
    ON CONFLICT (squad_id) DO UPDATE SET
        contributors = standing.contributors + excluded.contributors,
        root_sum = standing.root_sum + excluded.root_sum,
        contributed_micro = standing.contributed_micro + excluded.contributed_micro
)
SELECT squad_id, sum(contributions)::bigint AS contributions, sum(amount_micro)::bigint AS amount_micro
FROM added
GROUP BY squad_id
""")


def claim(
    connection: Connection, round_id: int, dust_micro: int, without: Collection[str] = ()
) -> dict[str, Claimed]:
    """Put every contribution that waits into this round, and move totals and standings by them.

    Contributions to the squads in ``without`` wait on.

    Returns what was claimed of each squad.

    Call `restate_standings` first, so that all standings are sums under the same dust threshold.
    """
    parameters = {
        "round_id": round_id,
        "dust": dust_micro,
        "least": max(dust_micro, 1),
        "without": list(without),
    }
    rows = connection.execute(_CLAIM, parameters)
    return {row.squad_id: Claimed(row.contributions, row.amount_micro) for row in rows}


_RESTATE = text("""
UPDATE squads.qf_standings AS standing
SET contributors = fresh.contributors, root_sum = fresh.root_sum,
    contributed_micro = fresh.contributed_micro, dust_micro = :dust
FROM (
    SELECT stale.squad_id, count(total.total_micro) AS contributors,
           coalesce(sum(squads.root(total.total_micro)), 0) AS root_sum,
           coalesce(sum(total.total_micro), 0) AS contributed_micro
    FROM squads.qf_standings AS stale
    LEFT JOIN squads.contributor_totals AS total
        ON total.squad_id = stale.squad_id AND total.total_micro >= :least
    WHERE stale.dust_micro <> :dust AND stale.squad_id <> ALL (CAST(:without AS text[]))
    GROUP BY stale.squad_id
) AS fresh
WHERE standing.squad_id = fresh.squad_id
""")


def restate_standings(connection: Connection, dust_micro: int, without: Collection[str] = ()) -> None:
    """Sum the standings again that were made under another dust threshold: after a change of policy, once."""
    parameters = {"dust": dust_micro, "least": max(dust_micro, 1), "without": list(without)}
    connection.execute(_RESTATE, parameters)


def standings(connection: Connection, without: Collection[str] = ()) -> list[Standing]:
    """Standings of the squads that may be matched, all but those in ``without``, in the order of their ids."""
    rows = connection.execute(
        select(
            qf_standings.c.squad_id,
            qf_standings.c.contributors,
            qf_standings.c.root_sum,
            qf_standings.c.contributed_micro,
            qf_standings.c.matched_micro,
        )
        .join(research_squads, research_squads.c.id == qf_standings.c.squad_id)
        .where(
            research_squads.c.status.in_(MATCHABLE_STATUSES),
            qf_standings.c.squad_id != func.all(cast(list(without), ARRAY(Text))),
        )
        .order_by(qf_standings.c.squad_id)
    )
    return [
        Standing(row.squad_id, row.contributors, int(row.root_sum), row.contributed_micro, row.matched_micro)
        for row in rows
    ]


_CONCERNED = text("""
SELECT squad_id FROM squads.qf_unclaimed
UNION
SELECT standing.squad_id FROM squads.qf_standings AS standing
JOIN squads.research_squads AS squad ON squad.id = standing.squad_id AND squad.status = ANY (:matchable)
ORDER BY squad_id
""").bindparams(matchable=list(MATCHABLE_STATUSES))


def concerned(connection: Connection) -> list[str]:
    """Squads that a round reads something of: contributions that wait, or a standing that may be matched."""
    return list(connection.scalars(_CONCERNED))


def put_aside(connection: Connection, round_id: int, squads: Mapping[str, str]) -> None:
    """Write which squads a round left out, each with its error."""
    if squads:
        rows = [{"round_id": round_id, "squad_id": squad, "error": error} for squad, error in squads.items()]
        connection.execute(insert(qf_put_aside), rows)


def totals(connection: Connection, squad_ids: Iterable[str], least_micro: int) -> dict[str, dict[str, int]]:
    """Contributors' claimed totals of some squads: squad → agent → µT, those of at least ``least_micro``.

    Index: contributor_totals_pkey.
    """
    wanted = list(squad_ids)
    rows = connection.execute(
        select(
            contributor_totals.c.squad_id, contributor_totals.c.agent_id, contributor_totals.c.total_micro
        ).where(
            contributor_totals.c.squad_id == func.any(cast(wanted, ARRAY(Text))),
            contributor_totals.c.total_micro >= max(least_micro, 1),
        )
    )
    found: dict[str, dict[str, int]] = {squad: {} for squad in wanted}
    for squad, agent, total in rows:
        found[squad][agent] = total
    return found


def record_matches(connection: Connection, round_id: int, matches: Sequence[Match], stamp: Stamp) -> None:
    """Write what the round decided, and add what it pays to the standings."""
    if not matches:
        return
    day = connection.scalar(select(qf_rounds.c.effective_on).where(qf_rounds.c.id == round_id))
    connection.execute(
        insert(qf_matches),
        [
            {
                "round_id": round_id,
                "squad_id": match.standing.squad_id,
                "contributors": match.standing.contributors,
                "root_sum": match.standing.root_sum,
                "contributed_micro": match.standing.contributed_micro,
                "weight_micro": match.weight_micro,
                "matched_before_micro": match.standing.matched_micro,
                "due_micro": match.due_micro,
                "cap_micro": match.cap_micro,
                "match_micro": match.match_micro,
                "reason": match.reason,
                "effective_on": day,
                **stamp.columns(),
            }
            for match in matches
        ],
    )
    paid = (
        select(qf_matches.c.squad_id, qf_matches.c.match_micro)
        .where(qf_matches.c.round_id == round_id, qf_matches.c.match_micro > 0)
        .subquery()
    )
    connection.execute(
        update(qf_standings)
        .where(qf_standings.c.squad_id == paid.c.squad_id)
        .values(matched_micro=qf_standings.c.matched_micro + paid.c.match_micro)
    )
