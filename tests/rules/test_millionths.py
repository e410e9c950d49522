"""Millionths: read exactly or not at all, rounded half up, written with all places."""

import pytest

from squads_pipeline.rules.millionths import format_ppm, parse_ppm, rounded_ppm


@pytest.mark.parametrize(
    ("text", "ppm"), [("0.95", 950_000), ("1", 1_000_000), ("0", 0), ("0.333333", 333_333), ("1e-6", 1)]
)
def test_importance_is_read_exactly(text: str, ppm: int) -> None:
    assert parse_ppm(text, "importance") == ppm


@pytest.mark.parametrize("text", ["0.3333333", "1.000001", "-0.1", "high", "", "nan", "1e9"])
def test_what_is_no_importance_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        parse_ppm(text, "importance")


@pytest.mark.parametrize(
    ("text", "ppm"), [("0.8", 800_000), ("1", 1_000_000), ("0", 0), ("0.000001", 1), ("1e-6", 1)]
)
def test_a_confidence_is_read_exactly(text: str, ppm: int) -> None:
    assert parse_ppm(text, "confidence") == ppm


@pytest.mark.parametrize("text", ["1.000001", "-0.1", "0.1234567", "much", "nan", ""])
def test_what_is_no_confidence_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no confidence"):
        parse_ppm(text, "confidence")


def test_rates_are_rounded_half_up() -> None:
    assert [rounded_ppm(1, 3), rounded_ppm(2, 3), rounded_ppm(1, 2_000_000), rounded_ppm(0, 9)] == [
        333_333,
        666_667,
        1,
        0,
    ]


def test_all_places_are_written() -> None:
    assert [format_ppm(1_000_000), format_ppm(20_000), format_ppm(0), format_ppm(-1_000_005)] == [
        "1.000000",
        "0.020000",
        "0.000000",
        "-1.000005",
    ]
