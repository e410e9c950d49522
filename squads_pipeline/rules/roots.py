"""The quadratic weight (Σ√c)² as an exact integer: number theory only, no squads and no policy.

Square roots are irrational and a float would make a payment depend on the order of rows. So a root is a
scaled integer with a known error, the sum is an interval, and an answer is given only when the whole interval
agrees.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import isqrt
from typing import Final

ROOT_SCALE: Final = 18
"""Decimal digits kept of a root where sums of roots are stored or computed set-wise."""

_SPARE_DIGITS: Final = 6  # makes an undecided interval a one in a million event, unless the weight is whole


def root(amount: int) -> int:
    """Return ⌊√amount · 10^ROOT_SCALE⌋. Raises ValueError if `amount` is negative."""
    return isqrt(amount * 10 ** (2 * ROOT_SCALE))


def certain_weight(root_sum: int, contributors: int, scale: int = ROOT_SCALE) -> int | None:
    """Return ⌊(Σ√c)²⌋ if the sum of floored roots alone decides it, else None.

    `root_sum` is Σ⌊√c · 10^scale⌋ over `contributors` amounts. Each floor lost less than one, so the real sum
    is at least `root_sum` and below `root_sum + contributors`. None means that a whole number lies inside;
    ask `exact_weight` then. Raises ValueError for negative numbers.
    """
    if root_sum < 0 or contributors < 0:
        raise ValueError("a sum of roots and its count are not negative")
    unit = 10 ** (2 * scale)
    lowest = root_sum**2 // unit
    # The upper end is not reached, hence minus one; with no contributors there is no interval at all.
    highest = ((root_sum + contributors) ** 2 - 1) // unit if contributors else lowest
    return lowest if lowest == highest else None


def exact_weight(amounts: Iterable[int]) -> int:
    """Return ⌊(Σ√c)²⌋ over `amounts`, exactly, for integers of any size; the unit is that of the amounts.

    Amounts of zero add nothing. Raises ValueError if an amount is negative. Buterin, Hitzig and Weyl (2019),
    "A Flexible Design for Funding Public Goods", gives the formula.
    """
    counts = Counter(amounts)
    if min(counts, default=0) < 0:
        raise ValueError("amounts are not negative")
    del counts[0]
    contributors = counts.total()
    scale = _enough_digits(counts)
    weight = certain_weight(_root_sum(counts, scale), contributors, scale)
    if weight is None:
        weight = _whole_weight(counts)
    while weight is None:  # ends: an irrational number is some distance away from every whole number
        scale *= 2
        weight = certain_weight(_root_sum(counts, scale), contributors, scale)
    return weight


def _enough_digits(counts: Counter[int]) -> int:
    """Return a scale at which the interval of the weight, about 2 · Σ√c · n / 10^scale, is far below one."""
    contributors = counts.total()
    width = 2 * contributors**2 * (isqrt(max(counts, default=0)) + 1)
    return max(
        ROOT_SCALE,
        width.bit_length() // 3 + _SPARE_DIGITS,  # a digit has more than three bits
    )


def _root_sum(counts: Mapping[int, int], scale: int) -> int:
    unit = 10 ** (2 * scale)
    return sum(count * isqrt(amount * unit) for amount, count in counts.items())


def _whole_weight(counts: Mapping[int, int]) -> int | None:
    """Return (Σ√c)² if it is a whole number, else None.

    Write each amount as m²·d with d square-free. The square is a whole number plus positive multiples of
    √(d·e) for each two different d and e, which are irrational and cannot cancel; so it is whole if and only
    if all d are one, that is, if each product c·f with a fixed amount f is a perfect square. Then √c = √(c·f)
    / √f.
    """
    fixed = next(iter(counts))
    total = 0
    for amount, count in counts.items():
        product_root = isqrt(amount * fixed)
        if product_root**2 != amount * fixed:
            return None
        total += count * product_root
    if total**2 % fixed:
        raise AssertionError("a commensurable sum of roots squares to a whole number")
    return total**2 // fixed
