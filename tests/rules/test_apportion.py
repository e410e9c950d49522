"""Largest remainder, case by case."""

from fractions import Fraction
from typing import Any

import pytest

from squads_pipeline.rules.apportion import apportion


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (0, [], []),
        (0, [0, 0], [0, 0]),
        (0, [3, 5], [0, 0]),
        (10, [1], [10]),
        (10, [1, 1], [5, 5]),
        (10, [1, 1, 1], [4, 3, 3]),  # a tie goes to the lowest index
        (11, [1, 1, 1], [4, 4, 3]),
        (10, [0, 1, 1, 1], [0, 4, 3, 3]),  # no weight, no unit
        (100, [47, 16, 15, 12, 7, 3], [47, 16, 15, 12, 7, 3]),
        (10, [47, 16, 15, 12, 7, 3], [5, 2, 1, 1, 1, 0]),  # 4.7 1.6 1.5 1.2 0.7 0.3
        (1, [1, 2], [0, 1]),
        (10**40 + 1, [10**60, 10**60], [10**40 // 2 + 1, 10**40 // 2]),
    ],
)
def test_apportion(total: int, weights: list[int], parts: list[int]) -> None:
    assert apportion(total, weights) == parts


@pytest.mark.parametrize(
    ("total", "weights", "error"),
    [
        (-1, [1], ValueError),
        (1, [2, -1], ValueError),
        (0, [-1], ValueError),
        (1, [], ValueError),
        (1, [0, 0], ValueError),
        (1.0, [1], TypeError),
        (True, [1], TypeError),
        (1, [1.0, 1], TypeError),
        (1, [Fraction(1, 2)], TypeError),
    ],
)
def test_bad_input_is_refused(total: Any, weights: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        apportion(total, weights)


def test_a_million_weights() -> None:
    weights = [(index * 7919) % 1_000_003 for index in range(1_000_000)]
    assert sum(apportion(10**18 + 7, weights)) == 10**18 + 7
