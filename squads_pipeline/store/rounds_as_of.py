"""What a round could know when it decided, from facts: claims, contributions, payments. It writes nothing.

Nothing here trusts the state tables (`contributor_totals`, `qf_standings`), which only know the present.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import Connection, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from squads_pipeline.rules.rounds import Standing
from squads_pipeline.store.rounds import Round
from squads_pipeline.store.schema.squads import MATCHABLE_STATUSES


@dataclass(frozen=True, slots=True)
class AsOf:
    """What a round could know: the squads that it might have matched, and those it claimed from."""

    round: Round
    standings: list[Standing]
    claimed: frozenset[str]


# What each round changed in each squad's sums. Claims before the first round asked for are one lump, in the
# place of the round before it. The same arithmetic as the claim's, from facts instead of state.
_MOVES = text("""
WITH claimed AS (
    SELECT contribution.squad_id, contribution.agent_id,
           greatest(claim.round_id, :first - 1) AS round_id,
           sum(contribution.amount_micro)::bigint AS amount_micro
    FROM squads.qf_claims AS claim
    JOIN squads.squad_grants AS contribution ON contribution.id = claim.contribution_id
    WHERE claim.round_id <= :last
    GROUP BY 1, 2, 3
),
running AS (
    SELECT squad_id, round_id, amount_micro,
           (sum(amount_micro) OVER (PARTITION BY squad_id, agent_id ORDER BY round_id))::bigint AS total_micro
    FROM claimed
),
moved AS (
    SELECT squad_id, round_id,
           CASE WHEN earlier_micro >= :least THEN earlier_micro ELSE 0 END AS before,
           CASE WHEN total_micro >= :least THEN total_micro ELSE 0 END AS after
    FROM (SELECT *, total_micro - amount_micro AS earlier_micro FROM running) AS run
)
SELECT round_id, squad_id, count(*) FILTER (WHERE before = 0 AND after > 0) AS contributors,
       sum(squads.root(after) - squads.root(before)) AS root_sum,
       sum(after - before)::bigint AS contributed_micro
FROM moved
GROUP BY round_id, squad_id
""")

_PAID = text("""
SELECT greatest(newest.round_id, :first - 1) AS round_id, newest.squad_id, sum(newest.match_micro)::bigint
FROM (SELECT DISTINCT ON (round_id, squad_id) round_id, squad_id, match_micro
      FROM squads.qf_matches WHERE round_id <= :last
      ORDER BY round_id, squad_id, revision DESC) AS newest
GROUP BY 1, 2
""")

# A squad's status only moves forward, so it could be matched in a round if it still can be, if it was weighed in
# that round or in a later one, or if the round opened before the squad was disbanded: a round holds the squads
# before it opens, and who disbands one holds it too, so their times are in the order of what happened.
# Indexes: research_squads_status_idx, qf_rounds_pkey; the rest is history, which an audit reads anyhow.
_MATCHABLE = text("""
SELECT squad.id,
       CASE WHEN squad.status = ANY (:matchable) THEN :last
            ELSE greatest(weighed.until_round, ended.until_round) END AS until_round
FROM squads.research_squads AS squad
LEFT JOIN (SELECT squad_id, max(round_id) AS until_round FROM squads.qf_matches
           WHERE round_id >= :first GROUP BY squad_id) AS weighed ON weighed.squad_id = squad.id
LEFT JOIN LATERAL (SELECT max(id) AS until_round FROM squads.qf_rounds
                   WHERE id BETWEEN :first AND :last AND opened_at < squad.disbanded_at) AS ended ON true
WHERE squad.status = ANY (:matchable) OR weighed.until_round IS NOT NULL OR ended.until_round IS NOT NULL
""").bindparams(matchable=list(MATCHABLE_STATUSES))


_PUT_ASIDE = text(
    "SELECT round_id, array_agg(squad_id) FROM squads.qf_put_aside WHERE round_id BETWEEN :first AND :last GROUP BY 1"
)


class _Sums:
    """Running sums of every squad under one dust threshold, moved on round by round."""

    def __init__(self, connection: Connection, first: int, last: int, dust_micro: int) -> None:
        self._moves: dict[int, list[Standing]] = {}
        self.now: dict[str, Standing] = {}
        parameters = {"first": first, "last": last, "least": max(dust_micro, 1)}
        for row in connection.execute(_MOVES, parameters):
            change = Standing(row.squad_id, row.contributors, int(row.root_sum), row.contributed_micro, 0)
            self._moves.setdefault(row.round_id, []).append(change)
        self.advance(first - 1)

    def advance(self, round_id: int) -> frozenset[str]:
        """Take in what a round claimed; returns the squads that it claimed from."""
        changes = self._moves.pop(round_id, [])
        for change in changes:
            self.now[change.squad_id] = _added(self.now.get(change.squad_id), change)
        return frozenset(change.squad_id for change in changes)


def _added(standing: Standing | None, change: Standing) -> Standing:
    if standing is None:
        return change
    return Standing(
        standing.squad_id,
        standing.contributors + change.contributors,
        standing.root_sum + change.root_sum,
        standing.contributed_micro + change.contributed_micro,
        0,
    )


def as_of(
    connection: Connection,
    rounds: Sequence[Round],
    dust_of: Mapping[str, int],
    restated: Mapping[int, Mapping[str, int]] = MappingProxyType({}),
) -> Iterator[AsOf]:
    """What each of some consecutive rounds could know, recomputed from claims, contributions and payments.

    Reads the claims once for each dust threshold and keeps sums by squad, never rows by contributor.

    Args:
        connection: in a snapshot, if anybody writes meanwhile.
        rounds: consecutive, in their order.
        dust_of: policy id → its dust threshold in µT.
        restated: round → squad → µT that later rounds take it to have paid, whatever it stored. Read when the next
            round is asked for, so that a caller may fill it in on the way.
    """
    if not rounds:
        return
    first, last = rounds[0].id, rounds[-1].id
    bounds = {"first": first, "last": last}
    sums = {dust: _Sums(connection, first, last, dust) for dust in {dust_of[one.policy_id] for one in rounds}}
    until = {row[0]: row[1] for row in connection.execute(_MATCHABLE, bounds)}
    aside = {row[0]: frozenset(row[1]) for row in connection.execute(_PUT_ASIDE, bounds)}
    payments: dict[int, list[tuple[str, int]]] = {one.id: [] for one in rounds}
    for round_id, squad, paid in connection.execute(_PAID, bounds):
        payments.setdefault(round_id, []).append((squad, paid))
    matched: dict[str, int] = {}
    for one in rounds:
        for paid_in in [each for each in payments if each < one.id]:
            paid_to = {**dict(payments.pop(paid_in)), **restated.get(paid_in, {})}
            for squad, paid in paid_to.items():
                matched[squad] = matched.get(squad, 0) + paid
        claimed = {dust: each.advance(one.id) for dust, each in sums.items()}[dust_of[one.policy_id]]
        standings = _standings(sums[dust_of[one.policy_id]].now, matched, until, one.id)
        left_out = aside.get(one.id, frozenset())
        yield AsOf(one, [each for each in standings if each.squad_id not in left_out], claimed)


def _standings(
    sums: dict[str, Standing], matched: dict[str, int], until: dict[str, int], round_id: int
) -> list[Standing]:
    open_then = (sums[squad] for squad in sorted(sums) if until.get(squad, 0) >= round_id)
    # Spelt out, as `dataclasses.replace` takes three times as long, and years of rounds have millions.
    return [
        Standing(
            one.squad_id,
            one.contributors,
            one.root_sum,
            one.contributed_micro,
            matched.get(one.squad_id, 0),
        )
        for one in open_then
    ]


_TOTALS = text("""
SELECT contribution.squad_id, contribution.agent_id, sum(contribution.amount_micro)::bigint AS total_micro
FROM squads.squad_grants AS contribution
JOIN squads.qf_claims AS claim ON claim.contribution_id = contribution.id AND claim.round_id <= :round_id
WHERE contribution.squad_id = ANY (:squads)
GROUP BY contribution.squad_id, contribution.agent_id
HAVING sum(contribution.amount_micro) >= :least
""").bindparams(bindparam("squads", type_=ARRAY(Text)))


def totals(
    connection: Connection, round_id: int, squads: Iterable[str], dust_micro: int
) -> dict[str, dict[str, int]]:
    """Contributors' totals of some squads as of a round: squad → agent → µT, those of at least the dust.

    Indexes: squad_grants_squad_id_idx, qf_claims_pkey.
    """
    wanted = list(squads)
    found: dict[str, dict[str, int]] = {squad: {} for squad in wanted}
    if wanted:
        parameters = {"round_id": round_id, "squads": wanted, "least": max(dust_micro, 1)}
        for squad, agent, total in connection.execute(_TOTALS, parameters):
            found[squad][agent] = total
    return found
