"""Dividing a budget, case by case."""

from fractions import Fraction
from typing import Any

import pytest

from squads_pipeline.rules.allotment import allot, match_cap

DOWN, ALWAYS = "scale_down", "always_distribute"
REDISTRIBUTE, TRUNCATE = "redistribute", "truncate"


@pytest.mark.parametrize(
    ("due", "budget", "cap", "saturation", "excess", "paid"),
    [
        # The budget suffices: what is due is paid, or all of it goes out.
        ([30, 10], 100, None, DOWN, REDISTRIBUTE, [30, 10]),
        ([30, 10], 100, None, DOWN, TRUNCATE, [30, 10]),
        ([30, 10], 100, None, ALWAYS, REDISTRIBUTE, [75, 25]),
        ([30, 10], 100, None, ALWAYS, TRUNCATE, [75, 25]),
        # The budget binds: one ratio for all, and both ways of saturation agree.
        ([30, 10], 20, None, DOWN, REDISTRIBUTE, [15, 5]),
        ([30, 10], 20, None, ALWAYS, REDISTRIBUTE, [15, 5]),
        # The cap binds and the budget does not.
        ([30, 10], 100, 25, DOWN, REDISTRIBUTE, [25, 10]),
        ([30, 10], 100, 60, ALWAYS, REDISTRIBUTE, [60, 40]),
        ([30, 10], 100, 60, ALWAYS, TRUNCATE, [60, 25]),
        ([30, 10], 100, 40, ALWAYS, REDISTRIBUTE, [40, 40]),
        # Both bind: what the cap frees goes to the others, but nobody above what is due.
        ([80, 10, 10], 50, 20, DOWN, REDISTRIBUTE, [20, 10, 10]),
        ([80, 10, 10], 50, 20, DOWN, TRUNCATE, [20, 5, 5]),
        ([80, 10, 10], 50, 20, ALWAYS, REDISTRIBUTE, [20, 15, 15]),
        # Repeated: capping the first lifts the second to the cap, and the third gets the rest.
        ([100, 50, 20], 100, 45, DOWN, REDISTRIBUTE, [45, 39, 16]),
        ([100, 60, 20], 100, 42, DOWN, REDISTRIBUTE, [42, 42, 16]),
        # Rounding: ties to the lower id, never beyond the cap or what is due.
        ([1, 1, 1], 2, None, DOWN, REDISTRIBUTE, [1, 1, 0]),
        ([5, 5, 5], 10, 4, DOWN, REDISTRIBUTE, [4, 3, 3]),
        ([5, 5, 5], 10, 3, DOWN, REDISTRIBUTE, [3, 3, 3]),
        # Nothing to give, or nobody to give it to.
        ([30, 10], 0, None, DOWN, REDISTRIBUTE, [0, 0]),
        ([30, 10], 100, 0, ALWAYS, REDISTRIBUTE, [0, 0]),
        ([0, 0], 100, None, ALWAYS, REDISTRIBUTE, [0, 0]),
        ([0, 7], 100, None, ALWAYS, REDISTRIBUTE, [0, 100]),
        ([], 100, 10, DOWN, REDISTRIBUTE, []),
    ],
)
def test_allot(
    due: list[int], budget: int, cap: int | None, saturation: str, excess: str, paid: list[int]
) -> None:
    squads = [f"s{index}" for index in range(len(due))]
    result = allot(dict(zip(squads, due, strict=True)), budget, cap=cap, saturation=saturation, excess=excess)
    assert result == dict(zip(squads, paid, strict=True))


def test_the_order_of_squads_changes_nothing() -> None:
    kwargs: dict[str, Any] = {"cap": 2, "saturation": DOWN, "excess": REDISTRIBUTE}
    forwards = allot({"a": 3, "b": 3, "c": 3}, 5, **kwargs)
    assert forwards == allot({"c": 3, "b": 3, "a": 3}, 5, **kwargs) == {"a": 2, "b": 2, "c": 1}
    assert list(forwards) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("budget", "fraction", "cap"),
    [
        (100, None, None),
        (100, Fraction(1, 4), 25),
        (103, Fraction(1, 4), 25),  # rounded down
        (100, Fraction(0), 0),
        (100, Fraction(1), 100),
        (3 * 10**30, Fraction(1, 3), 10**30),
    ],
)
def test_match_cap(budget: int, fraction: Fraction | None, cap: int | None) -> None:
    assert match_cap(budget, fraction) == cap


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"budget": -1}, "budget must not be negative"),
        ({"cap": -1}, "cap must not be negative"),
        ({"due": {"a": 1, "b": -1}}, "due must not be negative"),
        ({"saturation": "sometimes"}, "unknown saturation 'sometimes'; choose one of scale_down"),
        ({"excess": "burn"}, "unknown excess 'burn'; choose one of redistribute"),
    ],
)
def test_bad_input_is_refused(changed: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {
        "due": {"a": 1},
        "budget": 1,
        "cap": None,
        "saturation": DOWN,
        "excess": REDISTRIBUTE,
    }
    allot(**good)
    with pytest.raises(ValueError, match=message):
        allot(**(good | changed))


def test_a_hundred_thousand_squads_are_one_sweep() -> None:
    due = {f"s{index:06d}": index for index in range(100_000)}
    paid = allot(due, 10**9, cap=10**4 + 1, saturation=ALWAYS, excess=REDISTRIBUTE)
    assert sum(paid.values()) == 10**9
    assert max(paid.values()) == 10**4 + 1
