"""A matching round over squads' standings: who is due what, who gets what, and why. No SQL, no money moved.

`quadratic.match_round` decides from rows; this module enters the same line of functions further right, from
sums that are kept up to date, so that a round need not read a squad's history.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from squads_pipeline.rules.allotment import allot, match_cap
from squads_pipeline.rules.mechanisms import MechanismParameters, Totals, weigh
from squads_pipeline.rules.money import format_tokens
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.quadratic import dues
from squads_pipeline.rules.roots import certain_weight

BY_THEMSELVES: Final = frozenset({"quadratic", "clr"})
"""Mechanisms that weigh each squad by its own contributors alone, whatever these give to others."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a squad's contributors weigh so far.

    Attributes:
        squad_id: the squad.
        contributors: those whose total is at least the dust threshold.
        root_sum: sum of their roots, √µT in units of 10⁻¹⁸.
        contributed_micro: sum of their totals, µT.
        matched_micro: matches so far, µT.
    """

    squad_id: str
    contributors: int
    root_sum: int
    contributed_micro: int
    matched_micro: int


@dataclass(frozen=True, slots=True)
class Match:
    """What a round decided for one squad; amounts in µT.

    Attributes:
        standing: what the decision rests on.
        weight_micro: weight under the round's mechanism.
        due_micro: weight less what was matched before, not below zero.
        cap_micro: the most that the squad could get.
        match_micro: what it gets.
        reason: why, for a person.
    """

    standing: Standing
    weight_micro: int
    due_micro: int
    cap_micro: int
    match_micro: int
    reason: str


def weight_from_sums(standing: Standing, mechanism: str) -> int | None:
    """A squad's weight in µT if its sums decide it, else None: then the contributors' totals must be read.

    `pairwise` depends on who gave to what else, which sums do not hold.
    """
    if mechanism not in BY_THEMSELVES:
        return None
    weight = certain_weight(standing.root_sum, standing.contributors)
    if weight is None or mechanism == "quadratic":
        return weight
    return weight - standing.contributed_micro


def weigh_standings(
    standings: Sequence[Standing],
    mechanism: str,
    parameters: MechanismParameters,
    totals_of: Callable[[list[str]], Totals],
) -> dict[str, int]:
    """Weigh by the sums, and by contributors' totals only the squads that their sums leave undecided.

    Args:
        standings: the squads to weigh.
        mechanism: its name.
        parameters: the policy's numbers for it.
        totals_of: gives the totals of some squads, less dust; called at most once.

    Returns:
        squad → weight in µT.
    """
    weights = {one.squad_id: weight_from_sums(one, mechanism) for one in standings}
    undecided = [squad for squad, weight in weights.items() if weight is None]
    exact = weigh(totals_of(undecided), mechanism, parameters) if undecided else {}
    return {squad: exact[squad] if weight is None else weight for squad, weight in weights.items()}


def round_budget(pool_micro: int, policy: Policy) -> int:
    """The most that a round may pay, in µT: the policy's fraction of the matching pool, rounded down."""
    fraction = policy.round_budget_fraction
    return pool_micro * fraction.numerator // fraction.denominator


def mechanism_parameters(policy: Policy) -> MechanismParameters:
    """The policy's numbers for the mechanisms."""
    return MechanismParameters(pairwise_bound_micro=policy.pairwise_bound_micro)


def decide(
    standings: Sequence[Standing], weights: Mapping[str, int], budget_micro: int, policy: Policy
) -> list[Match]:
    """Decide a round: one `Match` for each standing, in their order.

    Args:
        standings: the squads that may be matched.
        weights: squad → weight in µT under the policy's mechanism, for every standing.
        budget_micro: the most that the round may pay.
        policy: bounds and manners.
    """
    due = dues(
        weights,
        {standing.squad_id: standing.contributors for standing in standings},
        {standing.squad_id: standing.matched_micro for standing in standings},
        policy.min_contributors,
    )
    cap = match_cap(budget_micro, policy.max_match_fraction)
    cap_micro = budget_micro if cap is None else cap
    paid = allot(due, budget_micro, cap=cap_micro, saturation=policy.saturation, excess=policy.excess)
    return [
        Match(
            standing,
            weights[standing.squad_id],
            due[standing.squad_id],
            cap_micro,
            paid[standing.squad_id],
            _reason(standing, due[standing.squad_id], cap_micro, paid[standing.squad_id], policy),
        )
        for standing in standings
    ]


def _reason(standing: Standing, due_micro: int, cap_micro: int, match_micro: int, policy: Policy) -> str:
    if standing.contributors < policy.min_contributors:
        return f"{standing.contributors} of the {policy.min_contributors} contributors that a match needs"
    if due_micro == 0:
        return "matched in full by earlier rounds"
    if match_micro == due_micro:
        return "paid in full"
    if match_micro == cap_micro:
        return f"capped at {policy.max_match_fraction} of the round's budget"
    if match_micro > due_micro:
        return "more than due: the policy spends the whole budget"
    return f"scaled to the round's budget; {format_tokens(due_micro - match_micro)} tokens stay due"
