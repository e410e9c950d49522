"""What past rounds should have decided, from their frozen inputs. It compares nothing: that is `audit_matches`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.rounds import (
    BY_THEMSELVES,
    Match,
    Standing,
    decide,
    mechanism_parameters,
    weigh_standings,
)
from squads_pipeline.store import policies, rounds, rounds_as_of
from squads_pipeline.store.rounds import Decided, Round
from squads_pipeline.store.rounds_as_of import AsOf


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A round by the rules of today, from its frozen inputs and under its own policy, beside what it stored.

    Attributes:
        round: the round.
        policy: the policy that it names.
        stored: squad → the newest revision of what it decided.
        decisions: squad → what should have been decided, for every squad that it could have matched.
        weighed: squads of which there should be a match: due something, or claimed from.
    """

    round: Round
    policy: Policy
    stored: Mapping[str, Decided]
    decisions: Mapping[str, Match]
    weighed: frozenset[str]

    def expected(self, squad: str) -> Match | None:
        """What there should be of a squad; what a restatement made of nothing is nothing that differs."""
        if squad in self.weighed:
            return self.decisions[squad]
        stored = self.stored.get(squad)
        return self.instead(squad) if stored is not None and stored.revision > 0 else None

    def instead(self, squad: str) -> Match:
        """What should stand for a squad, also for one that should not be there at all."""
        if squad in self.decisions:
            return self.decisions[squad]
        nothing = Standing(squad, 0, 0, 0, 0)
        return Match(nothing, 0, 0, 0, 0, "not among the squads that the round could match")


class _Weights:
    """Squads' weights, one round after the other.

    Contributors' totals only grow. So where a mechanism weighs each squad by itself, one whose sums are what they were
    in the round before has the weight that it had, and most squads of most rounds are like that.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, tuple[object, int]] = {}

    def of(self, as_of: AsOf, policy: Policy) -> dict[str, int]:
        """The weights of a round's squads in µT; call it for each of consecutive rounds."""
        sums = {one.squad_id: self._sums(one, policy.mechanism) for one in as_of.standings}
        known = {squad: before[1] for squad, before in self._known.items() if sums.get(squad) == before[0]}
        if policy.mechanism not in BY_THEMSELVES:
            known = {}
        anew = weigh_standings(
            [one for one in as_of.standings if one.squad_id not in known],
            policy.mechanism,
            mechanism_parameters(policy),
            partial(rounds_as_of.totals, self._connection, as_of.round.id, dust_micro=policy.dust_micro),
        )
        self._known.update({squad: (sums[squad], weight) for squad, weight in anew.items()})
        return known | anew

    @staticmethod
    def _sums(one: Standing, mechanism: str) -> object:
        return mechanism, one.contributors, one.root_sum, one.contributed_micro


def recompute(
    connection: Connection, found: Sequence[Round], restated: Mapping[int, Mapping[str, int]]
) -> Iterator[Recomputed]:
    """Recompute some consecutive rounds, one after the other.

    Args:
        connection: in a snapshot, or under the matching pool's lock.
        found: the rounds, in their order.
        restated: round → squad → µT, what later rounds take an earlier one to have paid instead of what it stored; the
            caller may fill it in between two rounds.
    """
    adopted = policies.by_ids(connection, (one.policy_id for one in found))
    dust_of = {identity: policy.dust_micro for identity, policy in adopted.items()}
    stored = rounds.decided_by(connection, [one.id for one in found])
    weights = _Weights(connection)
    for as_of in rounds_as_of.as_of(connection, found, dust_of, restated):
        policy = adopted[as_of.round.policy_id]
        decided = decide(as_of.standings, weights.of(as_of, policy), as_of.round.budget_micro, policy)
        decisions = {match.standing.squad_id: match for match in decided}
        weighed = {squad for squad, match in decisions.items() if match.due_micro > 0} | as_of.claimed
        yield Recomputed(
            as_of.round,
            policy,
            stored.get(as_of.round.id, {}),
            decisions,
            frozenset(weighed & decisions.keys()),
        )
