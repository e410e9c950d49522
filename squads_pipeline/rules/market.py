"""What a squad offers to whoever might join or fund it: the match that one more token would draw. No SQL."""

from typing import Final

from squads_pipeline.rules.allotment import match_cap
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.quadratic import dues
from squads_pipeline.rules.roots import ROOT_SCALE, root
from squads_pipeline.rules.rounds import BY_THEMSELVES, Standing, round_budget

TOKEN_MICRO: Final = 1_000_000


def expected_match_micro(standing: Standing, matching_pool_micro: int, policy: Policy) -> int | None:
    """What one more token of a new contributor adds to the squad's match in the next round, µT.

    min(due with the token, cap) - min(due now, cap), not below zero; due is ⌊(Σ√c)²⌋ (for ``clr`` less Σc) less
    what was matched, or zero below the policy's number of contributors, and the cap is the policy's part of the
    budget that the matching pool gives now. That rounds scale matches down when the budget is short depends on
    the other squads and is not known. None under ``pairwise``, whose weights sums do not decide.
    """
    if policy.mechanism not in BY_THEMSELVES:
        return None
    budget_micro = round_budget(matching_pool_micro, policy)
    cap_micro = match_cap(budget_micro, policy.max_match_fraction) or 0
    now = min(_due_micro(standing, policy), cap_micro)
    return max(0, min(_due_micro(_with_a_token(standing, policy), policy), cap_micro) - now)


def _with_a_token(standing: Standing, policy: Policy) -> Standing:
    """The standing with a contributor more who gave one token; as it is if that is dust."""
    if policy.dust_micro > TOKEN_MICRO:
        return standing
    return Standing(
        standing.squad_id,
        standing.contributors + 1,
        standing.root_sum + root(TOKEN_MICRO),
        standing.contributed_micro + TOKEN_MICRO,
        standing.matched_micro,
    )


def _due_micro(standing: Standing, policy: Policy) -> int:
    """What a squad is due by its sums, which leave at most a µT open: a forecast may be that far off."""
    weight = -(-((standing.root_sum + standing.contributors) ** 2) // 10 ** (2 * ROOT_SCALE)) - 1
    weight = max(weight, standing.root_sum**2 // 10 ** (2 * ROOT_SCALE))
    if policy.mechanism == "clr":
        weight -= standing.contributed_micro
    squad = standing.squad_id
    due = dues(
        {squad: weight},
        {squad: standing.contributors},
        {squad: standing.matched_micro},
        policy.min_contributors,
    )
    return due[squad]
