"""The market, coverage and fairness on small frames, with exact numbers."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from squads_pipeline.marts.fairness import fairness, gini
from squads_pipeline.marts.gap_coverage import coverage
from squads_pipeline.marts.squad_market import COLUMN_TYPES, market
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.roots import root

TOKEN = 1_000_000
DAY = date(2026, 2, 3)
NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
WIDE = pd.ArrowDtype(pa.decimal256(60, 0))


def squad(name: str, *totals: int, matched: int = 0, **facts: Any) -> dict[str, Any]:
    """A squad whose contributors gave so many tokens each."""
    return {
        "squad_id": name,
        "name": name.upper(),
        "status": "active",
        "target_artifact_type": "gap",
        "target_artifact_id": f"g-{name}",
        "importance_ppm": 950_000,
        "pool_micro": sum(totals) * TOKEN,
        "contributors": len(totals),
        "root_sum": sum(root(total * TOKEN) for total in totals),
        "contributed_micro": sum(totals) * TOKEN,
        "matched_micro": matched * TOKEN,
        "members": 0,
        "ends_at": NOON.replace(hour=13),
        **facts,
    }


def shown(*squads: dict[str, Any], pool: int = 10_000, **parameters: Any) -> list[dict[str, Any]]:
    policy = Policy(**{"max_match_fraction": Fraction(1), **parameters})
    stored = pd.DataFrame(squads).astype({"root_sum": WIDE})
    made = market(stored, effective_on=DAY, as_of=NOON, matching_pool_micro=pool * TOKEN, policy=policy)
    assert list(made.columns) == list(COLUMN_TYPES)
    return made.to_dict("records")  # type: ignore[return-value]


def test_a_token_more_is_worth_what_it_adds_to_the_weight() -> None:
    # (√16 + √9)² = 49 and (√16 + √9 + √1)² = 64; (√1 + √1)² = 4 and (√1 + √1 + √1)² = 9.
    found = shown(squad("small", 1, 1), squad("large", 16, 9))
    assert [(one["squad_id"], one["expected_match_micro"]) for one in found] == [
        ("large", 15 * TOKEN),
        ("small", 5 * TOKEN),
    ]


# Each fact flips the answer of 15 tokens.
EXPECTED: list[tuple[dict[str, Any], dict[str, Any], int | None]] = [
    ({}, {}, 15 * TOKEN),
    ({"matched": 49}, {}, 15 * TOKEN),
    ({"matched": 60}, {}, 4 * TOKEN),  # what it was matched too much is taken first
    ({}, {"pool": 208}, 3 * TOKEN),  # a quarter of it is the budget and the cap: 52
    ({}, {"pool": 100}, 0),
    ({}, {"dust_micro": 2 * TOKEN}, 0),
    ({}, {"mechanism": "clr"}, 14 * TOKEN),
    ({}, {"mechanism": "pairwise"}, None),
    ({}, {"min_contributors": 3}, 64 * TOKEN),  # the third contributor lets the squad be matched at all
    ({}, {"min_contributors": 4}, 0),
]


@pytest.mark.parametrize(("facts", "parameters", "expected"), EXPECTED)
def test_what_bounds_the_expected_match(
    facts: dict[str, Any], parameters: dict[str, Any], expected: int | None
) -> None:
    [one] = shown(squad("s", 16, 9, **facts), **parameters)
    found = one["expected_match_micro"]
    assert (None if pd.isna(found) else found) == expected


def test_places_time_and_multiplier() -> None:
    lonely = squad("b", importance_ppm=None, ends_at=None, members=9)
    late = squad("c", members=1, ends_at=NOON.replace(hour=11))
    first, second, third = shown(squad("a", members=3), lonely, late, squad_multiplier=Fraction(5, 3))
    assert (first["places_left"], first["seconds_left"], first["importance"]) == (5, 3600, Decimal("0.95"))
    assert first["dividend_multiplier"] == Decimal("1.666667")
    assert (second["places_left"], pd.isna(second["seconds_left"]), pd.isna(second["importance"])) == (
        0,
        True,
        True,
    )
    assert third["seconds_left"] == 0


def known(value: Any) -> Any:
    return None if pd.isna(value) else value


def test_coverage_by_type_and_band() -> None:
    rows = [
        ("gap", 1_000_000, 7, 50),
        ("gap", 750_000, None, 10),
        ("gap", 900_000, None, 11),
        ("gap", 499_999, None, 99),
        ("gap", 600_000, 0, 99),
        ("analysis", 0, 5, 1),
    ]
    targets = pd.DataFrame(rows, columns=["artifact_type", "importance_ppm", "pool_micro", "waits_seconds"])
    made = coverage(targets, effective_on=DAY, least_ppm=500_000, types=("gap", "analysis"))
    found: dict[Any, Any] = {
        (one["artifact_type"], one["importance_from_ppm"]): [
            known(one[name]) for name in list(made.columns)[3:]
        ]
        for one in made.to_dict("records")
    }
    assert len(found) == 8
    assert found["gap", 750_000] == [3, 3, 1, 2, Decimal("10.5"), 7]
    assert found["gap", 500_000] == [1, 1, 1, 0, None, 0]
    assert found["gap", 250_000] == [1, 0, 0, 0, None, 0]
    assert found["analysis", 0] == [1, 0, 1, 0, None, 5]


def payments(*amounts: int) -> pd.DataFrame:
    rows = [(DAY, "payout", f"a{n}", amount) for n, amount in enumerate(amounts)]
    return pd.DataFrame(rows, columns=["effective_on", "kind", "receiver", "amount_micro"])


def test_fairness_of_a_day() -> None:
    made = fairness(payments(1, 2, 3, 4), [DAY]).set_index("kind")
    assert made.loc["payout", "gini"] == Decimal("0.25")
    assert (made.loc["payout", "receivers"], made.loc["payout", "total_micro"]) == (4, 10)
    assert (made.loc["payout", "median_micro"], made.loc["payout", "top_10_share"]) == (2, 1)
    assert made.loc["match", "receivers"] == 0
    assert known(made.loc["match", "gini"]) is None


def test_ten_of_twenty_have_their_part() -> None:
    made = fairness(payments(*[1] * 10, *[2] * 10), [DAY]).set_index("kind")
    assert made.loc["payout", "top_10_share"] == Decimal("0.666666667")


@given(st.lists(st.integers(1, 10**18), min_size=1, max_size=20))
def test_gini_is_half_the_relative_mean_difference(amounts: list[int]) -> None:
    differences = sum(abs(one - other) for one in amounts for other in amounts)
    assert gini(amounts) == Fraction(differences, 2 * len(amounts) * sum(amounts))


@pytest.mark.parametrize("amounts", [[], [1, 0], [-1]])
def test_gini_of_nothing_is_refused(amounts: list[int]) -> None:
    with pytest.raises(ValueError, match="above zero"):
        gini(amounts)
