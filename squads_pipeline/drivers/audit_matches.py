"""Recomputes matching rounds from their frozen inputs and compares. It pays nothing and writes nothing.

Two depths. `audit` takes every input from the facts themselves: contributions, claims and earlier payments,
so it reads history and proves the most. `recheck_latest` takes the stored inputs of one round as they are
and proves that the decision follows from them, at the cost of that round.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from sqlalchemy import Connection

from squads_pipeline.drivers.run import Outcome
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.quadratic import RULE_VERSION
from squads_pipeline.rules.rounds import (
    Match,
    decide,
    mechanism_parameters,
    round_budget,
    weigh_standings,
    weight_from_sums,
)
from squads_pipeline.store import policies, rounds, rounds_as_of, runs
from squads_pipeline.store.invariants import LIMIT, Finding, Findings
from squads_pipeline.store.rounds import Decided, Round


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored value that is not what its inputs give.

    Attributes:
        fact: names the row, such as ``round 7, squad heatmap``.
        field: the column, or ``transfer``.
        stored: what is there.
        recomputed: what should be there.
    """

    fact: str
    field: str
    stored: int | str | None
    recomputed: int | str | None

    def finding(self, invariant: str) -> Finding:
        """The difference as a finding of the invariant that it breaks."""
        return Finding(invariant, f"{self.fact}: {self.field}", str(self.recomputed), str(self.stored))


@dataclass(frozen=True, slots=True)
class Audit:
    """What was recomputed and where it differs.

    Attributes:
        rounds: rounds recomputed.
        matches: stored matches compared.
        skipped: rounds made by another version of the rules, which this code cannot recompute.
        differences: every difference.
    """

    rounds: int
    matches: int
    skipped: int
    differences: tuple[Difference, ...]


def audit_day(connection: Connection, day: date) -> Outcome:
    """Audit a day as a run's outcome: nothing closed, nothing moved, and how many differences there are."""
    found = audit(connection, day, day)
    return Outcome(
        0,
        0,
        {
            "audited_rounds": found.rounds,
            "audited_matches": found.matches,
            "rounds_of_other_rules": found.skipped,
            "differences": len(found.differences),
        },
    )


def audit(connection: Connection, first: date | None, last: date | None) -> Audit:
    """Recompute every round of some days from contributions, claims and earlier payments.

    Args:
        connection: in a snapshot, if rounds may be made meanwhile.
        first: first UTC day; None for the beginning.
        last: last UTC day; None for today.
    """
    found = rounds.between(connection, first, last)
    adopted = _policies(connection, found)
    dust_of = {identity: policy.dust_micro for identity, policy in adopted.items()}
    differences: list[Difference] = []
    matches = skipped = 0
    for as_of in rounds_as_of.as_of(connection, found, dust_of):
        if as_of.round.rule_version != RULE_VERSION:
            skipped += 1
            continue
        policy = adopted[as_of.round.policy_id]
        stored = rounds.decided(connection, as_of.round.id)
        weights = weigh_standings(
            as_of.standings,
            policy.mechanism,
            mechanism_parameters(policy),
            partial(rounds_as_of.totals, connection, as_of.round.id, dust_micro=policy.dust_micro),
        )
        expected = {
            match.standing.squad_id: match
            for match in decide(as_of.standings, weights, as_of.round.budget_micro, policy)
            if match.due_micro > 0 or match.standing.squad_id in as_of.claimed
        }
        matches += len(stored)
        differences += _compare_round(as_of.round, policy)
        differences += _compare_matches(as_of.round, stored, expected)
    differences += [
        Difference(f"transfer {key}", "transfer", amount_micro, None)
        for key, amount_micro in rounds.stray_payments(connection, first, last)
    ]
    return Audit(len(found) - skipped, matches, skipped, tuple(differences))


def recheck_latest(connection: Connection, day: date) -> Audit:
    """Decide a day's last round again from the inputs that it stored; its cost follows that round.

    A weight that the stored sums leave undecided between two neighbouring numbers counts as given, and so
    does any weight of a mechanism that needs more than sums: `audit` recomputes both.
    """
    found = rounds.latest(connection, day)
    if found is None or found.rule_version != RULE_VERSION:
        return Audit(0, 0, int(found is not None), ())
    policy = policies.by_id(connection, found.policy_id)
    stored = rounds.decided(connection, found.id)
    standings = [one.standing for one in stored.values()]
    certain = {one.squad_id: weight_from_sums(one, found.mechanism) for one in standings}
    weights = {
        squad: stored[squad].weight_micro if weight is None else weight for squad, weight in certain.items()
    }
    decisions = decide(standings, weights, found.budget_micro, policy)
    expected = {match.standing.squad_id: match for match in decisions}
    differences = [*_compare_round(found, policy), *_compare_matches(found, stored, expected)]
    return Audit(1, len(stored), 0, tuple(differences))


def _policies(connection: Connection, found: Sequence[Round]) -> dict[str, Policy]:
    return {one: policies.by_id(connection, one) for one in {each.policy_id for each in found}}


def _compare_round(found: Round, policy: Policy) -> Iterator[Difference]:
    fact = f"round {found.id}"
    budget_micro = round_budget(found.pool_before_micro, policy)
    if found.budget_micro != budget_micro:
        yield Difference(fact, "budget_micro", found.budget_micro, budget_micro)
    if found.mechanism != policy.mechanism:
        yield Difference(fact, "mechanism", found.mechanism, policy.mechanism)


def _compare_matches(
    found: Round, stored: Mapping[str, Decided], expected: Mapping[str, Match]
) -> Iterator[Difference]:
    for squad in sorted(stored.keys() | expected.keys()):
        fact = f"round {found.id}, squad {squad}"
        was, is_ = stored.get(squad), expected.get(squad)
        if was is None or is_ is None:
            yield Difference(fact, "row", was.reason if was else None, is_.reason if is_ else None)
            continue
        for field, value in _fields(was).items():
            recomputed = _fields(is_)[field]
            if value != recomputed:
                yield Difference(fact, field, value, recomputed)
        if (was.posted_micro or 0) != is_.match_micro:
            yield Difference(fact, "transfer", was.posted_micro, is_.match_micro or None)


def _fields(decision: Decided | Match) -> dict[str, int | str]:
    """The columns of ``qf_matches`` that a decision fills."""
    return {
        "contributors": decision.standing.contributors,
        "root_sum": decision.standing.root_sum,
        "contributed_micro": decision.standing.contributed_micro,
        "matched_before_micro": decision.standing.matched_micro,
        "weight_micro": decision.weight_micro,
        "due_micro": decision.due_micro,
        "cap_micro": decision.cap_micro,
        "match_micro": decision.match_micro,
        "reason": decision.reason,
    }


def findings_since(connection: Connection, since: date | None) -> Findings:
    """What does not recompute, as findings of I6: of today the last round, of the past all since a day."""
    if since is not None and since >= runs.today(connection):
        found = recheck_latest(connection, since)
    else:
        found = audit(connection, since, None)
    first = tuple(one.finding("I6") for one in found.differences[:LIMIT])
    return Findings(first, len(found.differences))
