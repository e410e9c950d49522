"""Reading and writing tokens, case by case."""

from decimal import Decimal, localcontext

import pytest

from squads_pipeline.rules.money import MAX_MICRO, AmountError, Rounding, format_tokens, parse_tokens, tokens


@pytest.mark.parametrize(
    ("text", "micro"),
    [
        ("1", 1_000_000),
        ("12.5", 12_500_000),
        ("0.000001", 1),
        (".5", 500_000),
        ("+3", 3_000_000),
        (" 3 ", 3_000_000),
        ("1e3", 1_000_000_000),
        ("1.0000000", 1_000_000),  # trailing zeros are not decimals
        ("0", 0),
        ("-0", 0),
        ("0e999999999", 0),
        ("-2.5", -2_500_000),
        ("9223372036854.775807", MAX_MICRO),
        ("-9223372036854.775807", -MAX_MICRO),
    ],
)
@pytest.mark.parametrize("rounding", ["refuse", "half-even"])
def test_exact_amounts_do_not_depend_on_rounding(text: str, micro: int, rounding: Rounding) -> None:
    assert parse_tokens(text, rounding=rounding) == micro


@pytest.mark.parametrize(
    ("text", "micro"),
    [
        ("0.0000005", 0),
        ("0.0000015", 2),
        ("0.0000025", 2),
        ("0.00000250000000000000000000000000000000001", 3),  # a 28 digit context would call this a half
        ("-0.0000015", -2),
        ("1e-999999999", 0),
    ],
)
def test_half_even_rounds_once_and_only_when_asked(text: str, micro: int) -> None:
    assert parse_tokens(text, rounding="half-even") == micro
    with pytest.raises(AmountError, match=r"more than six decimals; .*--round half-even"):
        parse_tokens(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a number"),
        ("ten", "not a number"),
        ("1,000", "not a number"),
        ("1_000", "not a number"),
        ("\u0661", "not a number"),
        ("nan", "not a finite number"),
        ("sNaN", "not a finite number"),
        ("-inf", "not a finite number"),
        ("9223372036854.775808", "too large"),
        ("-9223372036854.775808", "too large"),
        ("9" * 100_000, "too large"),
    ],
)
def test_what_is_no_amount_is_refused_with_reason_and_remedy(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        parse_tokens(text, rounding="half-even")
    assert isinstance(caught.value, AmountError)
    assert str(caught.value) == f"{caught.value.reason}; {caught.value.remedy}"
    assert len(str(caught.value)) < 250


def test_an_absurd_exponent_costs_nothing() -> None:
    # Written out it would fill the memory; the test run would not end.
    with pytest.raises(AmountError, match="too large"):
        parse_tokens("1e999999999")


def test_the_ambient_context_changes_nothing() -> None:
    with localcontext() as context:
        context.prec = 3
        assert parse_tokens("1234567.123456") == 1_234_567_123_456
        assert tokens(MAX_MICRO) == Decimal("9223372036854.775807")


@pytest.mark.parametrize(
    ("micro", "text"),
    [
        (0, "0"),
        (1, "0.000001"),
        (-1, "-0.000001"),
        (1_000_000, "1"),
        (1_234_500_000, "1,234.5"),
        (100_000_000_000, "100,000"),
        (-1_234_500_000, "-1,234.5"),
        (MAX_MICRO, "9,223,372,036,854.775807"),
    ],
)
def test_format_tokens(micro: int, text: str) -> None:
    assert format_tokens(micro) == text
    assert tokens(micro) == Decimal(text.replace(",", ""))
