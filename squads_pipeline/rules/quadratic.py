"""One matching round as a pure decision: contributions in, matches out; no ledger, no clock, no SQL.

    rows → contributor_totals → weighing → weigh → dues → allot → matches

`match_round` is that line and nothing more; a driver that holds totals in tables enters it further right.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

from squads_pipeline.rules.allotment import allot, match_cap
from squads_pipeline.rules.mechanisms import (
    DEFAULT_PAIRWISE_BOUND_MICRO,
    MechanismParameters,
    Totals,
    weigh,
)

RULE_VERSION: Final = "1"
"""Stamped on every match; raise it when the same inputs would be paid differently."""

Row = tuple[str, str, int]
"""(squad, contributor, amount in µT)"""


def match_round(
    contributions: Iterable[Row],
    budget: int,
    *,
    mechanism: str = "quadratic",
    saturation: str = "scale_down",
    max_match_fraction: Fraction | None = None,
    excess: str = "redistribute",
    dust: int = 0,
    min_contributors: int = 1,
    exclude: frozenset[str] = frozenset(),
    already_matched: Mapping[str, int] | None = None,
    pairwise_bound: int = DEFAULT_PAIRWISE_BOUND_MICRO,
) -> dict[str, int]:
    """Return each squad's match in µT, an entry for every squad that has a row, sorted by id.

    `contributions` are all rows of the squads' lives and `already_matched` what earlier rounds paid on them,
    so that cutting the same rows into many rounds pays the same as one. All amounts are integers in µT; the
    order of rows, and how a contributor cuts a contribution into rows, change nothing. Raises ValueError for
    negative amounts, unknown names and a fraction outside 0 to 1, TypeError for amounts that are not plain
    integers.
    """
    for name, amount in (("budget", budget), ("dust", dust), ("min_contributors", min_contributors)):
        require_amount(name, amount)
    cap = match_cap(budget, max_match_fraction)
    totals = weighing(contributor_totals(contributions), dust=dust, exclude=exclude)
    weights = weigh(totals, mechanism, MechanismParameters(pairwise_bound_micro=pairwise_bound))
    contributors = {squad: len(given) for squad, given in totals.items()}
    due = dues(weights, contributors, already_matched or {}, min_contributors)
    return allot(due, budget, cap=cap, saturation=saturation, excess=excess)


def contributor_totals(contributions: Iterable[Row]) -> dict[str, dict[str, int]]:
    """Sum rows into squad → contributor → total in µT. Raises ValueError or TypeError for a bad amount."""
    totals: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for squad, contributor, amount in contributions:
        if type(amount) is not int or amount < 0:  # the call is too slow for millions of good rows
            require_amount(f"the amount of {contributor!r} to {squad!r}", amount)
        totals[squad][contributor] += amount
    return {squad: dict(given) for squad, given in totals.items()}


def weighing(totals: Totals, *, dust: int, exclude: frozenset[str]) -> dict[str, dict[str, int]]:
    """Keep the totals that weigh: of at least `dust` µT, above zero, and not of an excluded contributor.

    Every squad stays, if need be with nobody left in it.
    """
    least = max(dust, 1)
    return {
        squad: {who: total for who, total in given.items() if total >= least and who not in exclude}
        for squad, given in totals.items()
    }


def dues(
    weights: Mapping[str, int],
    contributors: Mapping[str, int],
    already_matched: Mapping[str, int],
    min_contributors: int,
) -> dict[str, int]:
    """Return what each squad is still due in µT: its weight less what it was matched, never below zero.

    A squad with fewer than `min_contributors` weighing contributors is due nothing: alone, nobody may double
    their own money. Raises ValueError or TypeError for a bad amount in `already_matched`.
    """
    for squad, matched in already_matched.items():
        if type(matched) is not int or matched < 0:
            require_amount(f"what {squad!r} was matched", matched)
    return {
        squad: max(0, weight - already_matched.get(squad, 0))
        if contributors.get(squad, 0) >= min_contributors
        else 0
        for squad, weight in weights.items()
    }


def require_amount(name: str, amount: object) -> None:
    """Raise TypeError unless `amount` is a plain int (bool is not), ValueError if it is negative."""
    if type(amount) is not int:
        raise TypeError(f"{name} must be an int, not {amount!r}")
    if amount < 0:
        raise ValueError(f"{name} must not be negative, not {amount}")
