"""A matching round, as the charter tells it: each fact alone changes the answer."""

from fractions import Fraction
from typing import Any

import pytest

from squads_pipeline.rules.quadratic import Row, contributor_totals, dues, match_round, weighing

TOKEN = 1_000_000
AMPLE = 10**15
TWO = [("s", "a", 4 * TOKEN), ("s", "b", 9 * TOKEN)]  # (2 + 3)² = 25 tokens


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({}, 25),
        ({"mechanism": "clr"}, 12),
        ({"dust": 4 * TOKEN}, 25),  # just reached
        ({"dust": 4 * TOKEN + 1}, 9),  # the smaller one weighs nothing
        ({"dust": 10 * TOKEN}, 0),
        ({"min_contributors": 2}, 25),
        ({"min_contributors": 3}, 0),
        ({"min_contributors": 2, "dust": 5 * TOKEN}, 0),  # dust is no contributor
        ({"min_contributors": 2, "exclude": frozenset({"a"})}, 0),
        ({"exclude": frozenset({"a"})}, 9),
        ({"exclude": frozenset({"c"})}, 25),
        ({"already_matched": {"s": 5 * TOKEN}}, 20),
        ({"already_matched": {"s": 26 * TOKEN}}, 0),  # never below zero
        ({"already_matched": {"t": 5 * TOKEN}}, 25),
        ({"budget": 20 * TOKEN}, 20),
        ({"budget": 0}, 0),
        ({"max_match_fraction": Fraction(1, 2), "budget": 40 * TOKEN}, 20),
        ({"max_match_fraction": Fraction(0)}, 0),
        ({"saturation": "always_distribute", "budget": 1000 * TOKEN}, 1000),
    ],
)
def test_each_fact_alone(changed: dict[str, Any], match: int) -> None:
    assert match_round(TWO, **({"budget": AMPLE} | changed)) == {"s": match * TOKEN}


def test_a_hundred_of_ten_beat_one_of_a_thousand() -> None:
    rows = [("many", f"a{index}", 10 * TOKEN) for index in range(100)] + [("one", "whale", 1000 * TOKEN)]
    assert match_round(rows, AMPLE) == {"many": 100_000 * TOKEN, "one": 1_000 * TOKEN}
    assert match_round(rows, AMPLE, min_contributors=2) == {"many": 100_000 * TOKEN, "one": 0}


def test_the_excess_of_a_capped_squad_goes_to_the_others_or_stays() -> None:
    rows = [*TWO, ("t", "c", TOKEN)]  # due 25 and 1
    half: dict[str, Any] = {"max_match_fraction": Fraction(1, 2)}
    assert match_round(rows, 4 * TOKEN, **half) == {"s": 2 * TOKEN, "t": TOKEN}
    assert match_round(rows, 4 * TOKEN, excess="truncate", **half) == {"s": 2 * TOKEN, "t": 153_846}  # 4/26


def test_every_squad_with_a_row_has_an_entry() -> None:
    rows: list[Row] = [("z", "pool", 5), ("y", "a", 0), ("x", "a", 5)]
    assert match_round(rows, AMPLE, exclude=frozenset({"pool"})) == {"x": 5, "y": 0, "z": 0}
    assert match_round([], AMPLE) == {}


def test_a_contribution_of_zero_makes_nobody_a_contributor() -> None:
    assert match_round([("s", "a", 9), ("s", "b", 0)], AMPLE, min_contributors=2) == {"s": 0}


def test_the_pairwise_bound_reaches_its_mechanism() -> None:
    rows = [("s", "a", 100), ("s", "b", 100)]
    assert match_round(rows, AMPLE, mechanism="pairwise", pairwise_bound=100) == {"s": 100}
    assert match_round(rows, AMPLE, mechanism="pairwise", pairwise_bound=300) == {"s": 150}


def test_the_round_is_its_parts() -> None:
    rows = [("s", "a", 1), ("s", "a", 3), ("s", "b", 9), ("t", "b", 2)]
    totals = contributor_totals(rows)
    assert totals == {"s": {"a": 4, "b": 9}, "t": {"b": 2}}
    assert weighing(totals, dust=3, exclude=frozenset({"b"})) == {"s": {"a": 4}, "t": {}}
    assert dues({"s": 25, "t": 2}, {"s": 2, "t": 1}, {"s": 7}, 2) == {"s": 18, "t": 0}


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"contributions": [("s", "a", -1)]}, ValueError, "'a' to 's' must not be negative"),
        ({"contributions": [("s", "a", 1.0)]}, TypeError, "must be an int"),
        ({"contributions": [("s", "a", True)]}, TypeError, "must be an int"),
        ({"contributions": [("s", "a", "1")]}, TypeError, "must be an int"),
        ({"budget": -1}, ValueError, "budget must not be negative"),
        ({"budget": 1.5}, TypeError, "budget must be an int"),
        ({"budget": True}, TypeError, "budget must be an int"),
        ({"dust": -1}, ValueError, "dust"),
        ({"dust": 0.5}, TypeError, "dust"),
        ({"min_contributors": -1}, ValueError, "min_contributors"),
        ({"already_matched": {"s": -1}}, ValueError, "'s' was matched"),
        ({"already_matched": {"s": 1.0}}, TypeError, "'s' was matched"),
        ({"mechanism": "linear"}, ValueError, "unknown mechanism"),
        ({"saturation": "maybe"}, ValueError, "unknown saturation"),
        ({"excess": "burn"}, ValueError, "unknown excess"),
        ({"max_match_fraction": Fraction(-1, 4)}, ValueError, "from 0 to 1"),
        ({"max_match_fraction": Fraction(5, 4)}, ValueError, "from 0 to 1"),
        ({"max_match_fraction": 0.25}, TypeError, "is a Fraction"),
        ({"max_match_fraction": True}, TypeError, "is a Fraction"),
        ({"pairwise_bound": 0}, ValueError, "pairwise_bound"),
        ({"pairwise_bound": 1.0}, TypeError, "pairwise_bound"),
    ],
)
def test_bad_input_is_refused(changed: dict[str, Any], error: type[Exception], message: str) -> None:
    good: dict[str, Any] = {"contributions": TWO, "budget": AMPLE}
    with pytest.raises(error, match=message):
        match_round(**(good | changed))
