"""The arithmetic of DESIGN.md in plain Python, on purpose not that of the rules: parts, weights, a round's budget."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import isqrt

_SCALE = 10**30


def largest_remainder(total: int, weights: Mapping[str, int | Fraction]) -> dict[str, int]:
    """Hamilton's method: floors, then one unit each by decreasing remainder, ties by the lower name."""
    whole = sum(weights.values())
    exact = {name: Fraction(total) * weight / whole for name, weight in weights.items()}
    parts = {name: int(share) for name, share in exact.items()}
    rest = sorted(exact, key=lambda name: (parts[name] - exact[name], name))
    for name in rest[: total - sum(parts.values())]:
        parts[name] += 1
    return parts


def weight(totals: Iterable[int]) -> int:
    """⌊(Σ√c)²⌋, by roots to thirty decimals; where those leave a doubt the square is a whole number."""
    roots = [isqrt(total * _SCALE**2) for total in totals]
    least, most = sum(roots), sum(roots) + len(roots)
    below, above = least**2 // _SCALE**2, most**2 // _SCALE**2
    return above if below != above else below


def allot(due: Mapping[str, int], budget: int, cap: int) -> dict[str, int]:
    """What each squad gets of a budget: in proportion to its due, the excess over the cap to the others, repeated."""
    capped: set[str] = set()
    while True:
        rest = {squad: micro for squad, micro in due.items() if squad not in capped}
        spend = min(budget - cap * len(capped), sum(rest.values()))
        over = {squad for squad, micro in rest.items() if Fraction(spend * micro, sum(rest.values())) >= cap}
        if not over:
            return dict.fromkeys(capped, cap) | (largest_remainder(spend, rest) if rest else {})
        capped |= over
