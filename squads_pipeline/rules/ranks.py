"""Ranks and their correlation, exact: integers throughout, rounded once at the end. What is ranked is not known."""

from collections.abc import Sequence
from math import isqrt

from squads_pipeline.rules.millionths import WHOLE_PPM


def doubled_ranks(values: Sequence[int]) -> list[int]:
    """Twice the rank of each value, the largest first: ties share the mean of their places, which may be a half."""
    order = sorted(range(len(values)), key=values.__getitem__, reverse=True)
    ranks = [0] * len(values)
    first = 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and values[order[last + 1]] == values[order[first]]:
            last += 1
        for index in order[first : last + 1]:
            ranks[index] = (first + 1) + (last + 1)
        first = last + 1
    return ranks


def rank_correlation_ppm(one: Sequence[int], other: Sequence[int]) -> int | None:
    """Spearman's rank correlation with average ranks for ties: Pearson's of the ranks, in millionths.

    Rounded to the nearest millionth, halves away from zero. None where it is undefined: with fewer than two
    values, or where all of one side are equal.

    Raises:
        ValueError: the sides differ in length.
    """
    if len(one) != len(other):
        raise ValueError("a correlation is between values that come in pairs")
    x, y = _deviations(doubled_ranks(one)), _deviations(doubled_ranks(other))
    spread = sum(a * a for a in x) * sum(b * b for b in y)
    if spread == 0:
        return None
    together = sum(a * b for a, b in zip(x, y, strict=True))
    # ⌊2q⌋ for q = 10⁶·|together|/√spread; then ⌊q + ½⌋ = ⌊(⌊2q⌋ + 1)/2⌋.
    doubled = isqrt(4 * WHOLE_PPM**2 * together**2 // spread)
    ppm = (doubled + 1) // 2
    return ppm if together >= 0 else -ppm


def _deviations(ranks: Sequence[int]) -> list[int]:
    """Deviations from the mean, times the number of values, so that they are whole."""
    total = sum(ranks)
    return [len(ranks) * rank - total for rank in ranks]
