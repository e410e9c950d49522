"""Dividing a whole number into whole parts; what the number is, and who gets a part, is decided elsewhere."""

from collections.abc import Sequence


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Divide `total` in proportion to `weights` by largest remainder (Hamilton's method).

    Each part is the floor of its exact share, and what is left goes one unit each to the largest remainders,
    ties to the lowest index. The parts have the order and the unit of the input and sum to `total`. A part
    never differs from its exact share by a whole unit. Time is O(n log n), integers are of any size.

    Raises ValueError for a negative input or for something to divide among no positive weight, and TypeError
    for numbers that are not integers.
    """
    whole = sum(weights)
    if type(whole) is not int or type(total) is not int:  # one float or Fraction makes the sum one
        raise TypeError("apportion divides integers only")
    if total < 0 or min(weights, default=0) < 0:
        raise ValueError("apportion needs a total and weights that are not negative")
    if total == 0:
        return [0] * len(weights)
    if whole == 0:
        raise ValueError(f"nobody to give {total} to: no weight is positive")
    parts = _largest_remainder(total, weights, whole)
    # Raised and not asserted, here and in all rules about money: python -O must not switch it off.
    if len(parts) != len(weights) or sum(parts) != total:
        raise AssertionError(f"{len(weights)} parts of {total} sum to {sum(parts)}")
    return parts


def _largest_remainder(total: int, weights: Sequence[int], whole: int) -> list[int]:
    parts = [total * weight // whole for weight in weights]
    left = total - sum(parts)
    if not 0 <= left < len(weights):
        raise AssertionError(f"{left} units left among {len(weights)} weights")
    if left:
        remainders = [total * weight % whole for weight in weights]
        # A reversed sort is stable too: equal remainders stay in the order of their index.
        by_remainder = sorted(range(len(weights)), key=remainders.__getitem__, reverse=True)
        for index in by_remainder[:left]:
            parts[index] += 1
    return parts
