"""Dividing a round's budget among squads that are due money; how much is due is decided elsewhere."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from squads_pipeline.rules.apportion import apportion

SATURATIONS: Final = ("scale_down", "always_distribute")
"""`scale_down`: nobody gets more than is due. `always_distribute`: the whole budget goes out."""

EXCESSES: Final = ("redistribute", "truncate")
"""What a cap cuts off: shared among the uncapped, or left in the matching pool."""


def match_cap(budget: int, max_match_fraction: Fraction | None) -> int | None:
    """Return the most that one squad may get of `budget`, in µT, rounded down; None without a limit.

    Raises TypeError unless the fraction is exact, and ValueError if it is outside 0 to 1.
    """
    if max_match_fraction is None:
        return None
    if isinstance(max_match_fraction, bool) or not isinstance(max_match_fraction, (Fraction, int)):
        raise TypeError(f"max_match_fraction is a Fraction, not {max_match_fraction!r}")
    if not 0 <= max_match_fraction <= 1:
        raise ValueError(f"max_match_fraction must be from 0 to 1, not {max_match_fraction}")
    return budget * max_match_fraction.numerator // max_match_fraction.denominator


def allot(
    due: Mapping[str, int], budget: int, *, cap: int | None, saturation: str, excess: str
) -> dict[str, int]:
    """Divide `budget` in proportion to what is `due`; all numbers in µT, nobody above `cap`.

    One ratio applies to every squad below the cap. Under `scale_down` it is at most one. With `redistribute`
    it rises until the budget is spent or all are paid or capped; with `truncate` a capped squad's excess
    stays in the budget. Rounding is by largest remainder, ties to the lower squad id, and reaches beyond
    neither cap nor due. The result has an entry for each squad in `due`, sorted by id. Time is O(n log n).

    Raises ValueError for negative numbers and unknown names.
    """
    _check(due, budget, cap, saturation, excess)
    owed = {squad: due[squad] for squad in sorted(due) if due[squad]}
    limit = budget if cap is None else min(cap, budget)
    may_exceed_due = saturation == "always_distribute"
    if excess == "redistribute":
        paid = _redistributed(owed, budget, limit, may_exceed_due)
        ceiling = sum(limit if may_exceed_due else min(limit, amount) for amount in owed.values())
        _conserved(sum(paid.values()) == min(budget, ceiling), "money was lost or made by redistribution")
    else:
        shares = _proportional(owed, budget, may_exceed_due)
        paid = {squad: min(limit, share) for squad, share in shares.items()}
    _conserved(sum(paid.values()) <= budget, "the matches exceed the budget")
    _conserved(max(paid.values(), default=0) <= limit, "a match exceeds the cap")
    _conserved(may_exceed_due or all(paid[squad] <= owed[squad] for squad in paid), "a match exceeds the due")
    return {squad: paid.get(squad, 0) for squad in sorted(due)}


def _redistributed(owed: Mapping[str, int], budget: int, limit: int, may_exceed_due: bool) -> dict[str, int]:
    """Fill by one sweep from the largest due: a squad is capped if the ratio of those left lifts it there.

    Capping one squad raises the ratio for the rest, so a squad capped once stays so, and the first squad that
    is not capped ends the sweep: all after it are due less.
    """
    capped: dict[str, int] = {}
    left, unpaid = budget, sum(owed.values())
    for squad in sorted(owed, key=owed.__getitem__, reverse=True):
        spend = left if may_exceed_due else min(left, unpaid)
        if spend * owed[squad] < limit * unpaid:
            break
        capped[squad] = limit
        left -= limit
        unpaid -= owed[squad]
    uncapped = {squad: amount for squad, amount in owed.items() if squad not in capped}
    return capped | _proportional(uncapped, left, may_exceed_due)


def _proportional(owed: Mapping[str, int], budget: int, may_exceed_due: bool) -> dict[str, int]:
    """Divide `budget`, or what is owed if that is less and the limit, in proportion to what is owed."""
    if not owed:
        return {}
    spend = budget if may_exceed_due else min(budget, sum(owed.values()))
    return dict(zip(owed, apportion(spend, list(owed.values())), strict=True))


def _check(due: Mapping[str, int], budget: int, cap: int | None, saturation: str, excess: str) -> None:
    if saturation not in SATURATIONS:
        raise ValueError(f"unknown saturation {saturation!r}; choose one of {', '.join(SATURATIONS)}")
    if excess not in EXCESSES:
        raise ValueError(f"unknown excess {excess!r}; choose one of {', '.join(EXCESSES)}")
    for name, amount in (("budget", budget), ("cap", cap or 0), ("due", min(due.values(), default=0))):
        if amount < 0:
            raise ValueError(f"{name} must not be negative, not {amount}")


def _conserved(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)
