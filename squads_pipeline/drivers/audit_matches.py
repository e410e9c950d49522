"""Recomputes matching rounds from their frozen inputs and compares. It pays nothing and writes nothing.

Two depths. `audit` takes every input from the facts themselves: contributions, claims and earlier payments,
so it reads history and proves the most. `recheck_latest` takes the stored inputs of one round as they are
and proves that the decision follows from them, at the cost of that round.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Final

from sqlalchemy import Connection

from squads_pipeline.drivers import auditing
from squads_pipeline.drivers.auditing import Difference
from squads_pipeline.drivers.recompute_rounds import Recomputed, recompute
from squads_pipeline.drivers.run import Outcome
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.quadratic import RULE_VERSION
from squads_pipeline.rules.rounds import Match, decide, round_budget, weight_from_sums
from squads_pipeline.store import policies, rounds, runs
from squads_pipeline.store.invariants import Findings
from squads_pipeline.store.rounds import Decided, Round

_FIELDS: Final = (
    "contributors",
    "root_sum",
    "contributed_micro",
    "matched_before_micro",
    "weight_micro",
    "due_micro",
    "cap_micro",
    "match_micro",
    "reason",
)
"""The columns of ``qf_matches`` that a decision fills."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What was recomputed and where it differs.

    Attributes:
        rounds: rounds recomputed.
        matches: stored matches compared.
        skipped: rounds made by another version of the rules; of them only restated matches are compared.
        differences: every difference.
    """

    rounds: int
    matches: int
    skipped: int
    differences: tuple[Difference, ...]


def audit_day(connection: Connection, day: date) -> Outcome:
    """Audit a day as a run's outcome: nothing closed, nothing moved, and how many differences there are."""
    return audit_range(connection, day, day).get(day) or _outcome(Audit(0, 0, 0, ()))


def audit_range(connection: Connection, first: date, last: date) -> dict[date, Outcome]:
    """Audit the days from the first to the last, reading history once; days without rounds are left out."""
    return {day: _outcome(found) for day, found in _audit_by_day(connection, first, last).items()}


def _outcome(found: Audit) -> Outcome:
    facts: dict[str, int | str] = {
        "audited_rounds": found.rounds,
        "audited_matches": found.matches,
        "rounds_of_other_rules": found.skipped,
        "differences": len(found.differences),
    }
    return Outcome(0, 0, facts)


def audit(connection: Connection, first: date | None, last: date | None) -> Audit:
    """Recompute every round of some days from contributions, claims and earlier payments.

    Args:
        connection: in a snapshot, if rounds may be made meanwhile.
        first: first UTC day; None for the beginning.
        last: last UTC day; None for today.
    """
    return reduce(_added, _audit_by_day(connection, first, last).values(), Audit(0, 0, 0, ()))


def _audit_by_day(connection: Connection, first: date | None, last: date | None) -> dict[date, Audit]:
    days: dict[date, Audit] = {}
    found = rounds.between(connection, first, last)
    for one in recompute(connection, found, {}):
        days[one.round.effective_on] = _added(days.get(one.round.effective_on), _audited(one))
    for day, key, amount_micro in rounds.stray_payments(connection, first, last):
        stray = Difference(f"transfer {key}", "transfer", amount_micro, None)
        days[day] = _added(days.get(day), Audit(0, 0, 0, (stray,)))
    return days


def _added(first: Audit | None, second: Audit) -> Audit:
    if first is None:
        return second
    return Audit(
        first.rounds + second.rounds,
        first.matches + second.matches,
        first.skipped + second.skipped,
        first.differences + second.differences,
    )


def _audited(one: Recomputed) -> Audit:
    ours = one.round.rule_version == RULE_VERSION
    stored = {squad: match for squad, match in one.stored.items() if match.rule_version == RULE_VERSION}
    squads = stored.keys() | (one.weighed if ours else frozenset())
    expected = {squad: match for squad in squads if (match := one.expected(squad)) is not None}
    differences = list(_compare_matches(one.round, stored, expected))
    if ours:
        differences = [*_compare_round(one.round, one.policy), *differences]
    return Audit(int(ours), len(stored), int(not ours), tuple(differences))


def differs(found: Recomputed, squad: str) -> bool:
    """Whether what a round stored of a squad, or was posted for it, is not what should have been."""
    expected = found.expected(squad)
    return any(
        _compare_matches(
            found.round,
            {squad: found.stored[squad]} if squad in found.stored else {},
            {} if expected is None else {squad: expected},
        )
    )


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
        yield from (
            Difference(fact, field, value, recomputed)
            for field, value, recomputed in zip(_FIELDS, _values(was), _values(is_), strict=True)
            if value != recomputed
        )
        if was.accounted_micro != is_.match_micro:
            yield Difference(fact, "transfer", was.accounted_micro or None, is_.match_micro or None)


def _values(decision: Match) -> tuple[int | str, ...]:
    """What a decision fills the columns of `_FIELDS` with."""
    standing = decision.standing
    return (
        standing.contributors,
        standing.root_sum,
        standing.contributed_micro,
        standing.matched_micro,
        decision.weight_micro,
        decision.due_micro,
        decision.cap_micro,
        decision.match_micro,
        decision.reason,
    )


def findings_between(connection: Connection, first: date | None, last: date | None = None) -> Findings:
    """What does not recompute, as findings of I6: of today the last round, of past days all."""
    if first is not None and first >= runs.today(connection):
        found = recheck_latest(connection, first)
    else:
        found = audit(connection, first, last)
    return auditing.findings("I6", found.differences, found.matches)
