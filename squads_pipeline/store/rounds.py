"""Matching rounds as they were: what a round knew, decided and posted, read from facts. It writes nothing.

Nothing here trusts the state tables (`contributor_totals`, `qf_standings`), which only know the present.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection, Text, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from squads_pipeline.rules.rounds import Standing
from squads_pipeline.store.schema import qf_rounds


@dataclass(frozen=True, slots=True)
class Round:
    """A round's row; amounts in µT."""

    id: int
    effective_on: date
    mechanism: str
    pool_before_micro: int
    budget_micro: int
    policy_id: str
    rule_version: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What a round stored for one squad, newest revision, and the transfer that paid it; amounts in µT.

    Attributes:
        standing: the inputs as stored.
        weight_micro, due_micro, cap_micro, match_micro, reason: the decision as stored.
        posted_micro: amount of the transfer from the matching pool to the squad's pool under the match's key;
            None if there is no such transfer.
    """

    standing: Standing
    weight_micro: int
    due_micro: int
    cap_micro: int
    match_micro: int
    reason: str
    posted_micro: int | None


@dataclass(frozen=True, slots=True)
class AsOf:
    """What a round could know: every squad that it might have matched, and which had contributions claimed."""

    round: Round
    standings: list[Standing]
    claimed: frozenset[str]


def between(connection: Connection, first: date | None, last: date | None) -> list[Round]:
    """The rounds of some days in their order; None leaves that end open. Index: qf_rounds_effective_on_idx."""
    query = select(*(qf_rounds.c[name] for name in Round.__slots__)).order_by(qf_rounds.c.id)
    if first is not None:
        query = query.where(qf_rounds.c.effective_on >= first)
    if last is not None:
        query = query.where(qf_rounds.c.effective_on <= last)
    return [Round(*row) for row in connection.execute(query)]


def latest(connection: Connection, day: date) -> Round | None:
    """The last round of a day, or None."""
    row = connection.execute(
        select(*(qf_rounds.c[name] for name in Round.__slots__))
        .where(qf_rounds.c.effective_on == day)
        .order_by(qf_rounds.c.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Round(*row)


_DECIDED = text("""
SELECT DISTINCT ON (match.squad_id) match.*, paid.amount_micro AS posted_micro
FROM squads.qf_matches AS match
LEFT JOIN squads.accounts AS pool ON pool.kind = 'squad' AND pool.owner_id = match.squad_id
LEFT JOIN squads.accounts AS payer ON payer.name = 'matching_pool'
LEFT JOIN squads.transfers AS paid
    ON paid.idempotency_key = format('match:%s:%s:%s', match.round_id, match.squad_id, match.revision)
   AND paid.kind = 'match' AND paid.from_account_id = payer.id AND paid.to_account_id = pool.id
   AND paid.effective_on = match.effective_on
WHERE match.round_id = :round_id
ORDER BY match.squad_id, match.revision DESC
""")


def decided(connection: Connection, round_id: int) -> dict[str, Decided]:
    """What a round stored, by squad. Indexes: qf_matches_pkey, transfers_idempotency_key_key."""
    return {
        row.squad_id: Decided(
            Standing(
                row.squad_id,
                row.contributors,
                int(row.root_sum),
                row.contributed_micro,
                row.matched_before_micro,
            ),
            int(row.weight_micro),
            int(row.due_micro),
            row.cap_micro,
            row.match_micro,
            row.reason,
            row.posted_micro,
        )
        for row in connection.execute(_DECIDED, {"round_id": round_id})
    }


_STRAYS = text("""
SELECT paid.idempotency_key, paid.amount_micro
FROM squads.transfers AS paid
WHERE paid.kind = 'match'
  AND paid.effective_on BETWEEN coalesce(:first, '-infinity'::date) AND coalesce(:last, 'infinity'::date)
  AND NOT EXISTS (SELECT FROM squads.qf_matches AS match
                  WHERE match.match_micro > 0
                    AND paid.idempotency_key = format('match:%s:%s:%s', match.round_id, match.squad_id, match.revision))
ORDER BY paid.id
""")


def stray_payments(connection: Connection, first: date | None, last: date | None) -> list[tuple[str, int]]:
    """Key and µT of each match transfer of some days that no match stands behind. Index: the days' BRIN."""
    return [(key, amount) for key, amount in connection.execute(_STRAYS, {"first": first, "last": last})]


# What each round changed in each squad's sums. Claims before the first round asked for are one lump, in the
# place of the round before it. The same arithmetic as the claim's, from facts instead of state.
_MOVES = text("""
WITH claimed AS (
    SELECT contribution.squad_id, contribution.agent_id,
           greatest(claim.round_id, :first - 1) AS round_id, sum(contribution.amount_micro)::bigint AS amount_micro
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
           CASE WHEN total_micro - amount_micro >= :least THEN total_micro - amount_micro ELSE 0 END AS before,
           CASE WHEN total_micro >= :least THEN total_micro ELSE 0 END AS after
    FROM running
)
SELECT round_id, squad_id, count(*) FILTER (WHERE before = 0 AND after > 0) AS contributors,
       sum(squads.root(after) - squads.root(before)) AS root_sum, sum(after - before)::bigint AS contributed_micro
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

# A squad's status only moves forward, so it could be matched in a round if it still can be, or if it was
# weighed in that round or in a later one.
_MATCHABLE = text("""
SELECT squad.id, CASE WHEN squad.status IN ('recruiting', 'active') THEN :last
                      ELSE (SELECT max(round_id) FROM squads.qf_matches AS match
                            WHERE match.squad_id = squad.id AND match.round_id >= :first) END AS until_round
FROM squads.research_squads AS squad
""")


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


def as_of(connection: Connection, rounds: Sequence[Round], dust_of: dict[str, int]) -> Iterator[AsOf]:
    """What each of some consecutive rounds could know, recomputed from claims, contributions and payments.

    Reads the claims once for each dust threshold and keeps sums by squad, never rows by contributor.

    Args:
        connection: in a snapshot, if anybody writes meanwhile.
        rounds: consecutive, in their order.
        dust_of: policy id → its dust threshold in µT.
    """
    if not rounds:
        return
    first, last = rounds[0].id, rounds[-1].id
    bounds = {"first": first, "last": last}
    sums = {dust: _Sums(connection, first, last, dust) for dust in {dust_of[one.policy_id] for one in rounds}}
    until = {squad: until for squad, until in connection.execute(_MATCHABLE, bounds) if until is not None}
    payments: dict[int, list[tuple[str, int]]] = {}
    for round_id, squad, paid in connection.execute(_PAID, bounds):
        payments.setdefault(round_id, []).append((squad, paid))
    matched: dict[str, int] = {}
    for one in rounds:
        for paid_in in [each for each in payments if each < one.id]:
            for squad, paid in payments.pop(paid_in):
                matched[squad] = matched.get(squad, 0) + paid
        claimed = {dust: each.advance(one.id) for dust, each in sums.items()}[dust_of[one.policy_id]]
        yield AsOf(one, _standings(sums[dust_of[one.policy_id]].now, matched, until, one.id), claimed)


def _standings(
    sums: dict[str, Standing], matched: dict[str, int], until: dict[str, int], round_id: int
) -> list[Standing]:
    return [
        replace(sums[squad], matched_micro=matched.get(squad, 0))
        for squad in sorted(sums)
        if until.get(squad, 0) >= round_id
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
