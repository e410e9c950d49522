"""Reading what was written gives the same money."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from squads_pipeline.rules.money import MAX_MICRO, MICRO_PER_TOKEN, format_tokens, parse_tokens, tokens


@given(st.integers(-MAX_MICRO, MAX_MICRO))
def test_writing_and_reading_is_the_identity(micro: int) -> None:
    assert parse_tokens(format_tokens(micro).replace(",", "")) == micro
    assert parse_tokens(str(tokens(micro))) == micro


@given(st.integers(-(10**6), 10**6), st.integers(0, 30))
def test_rounding_is_that_of_exact_fractions(digits: int, places: int) -> None:
    exact = Fraction(digits, 10**places) * MICRO_PER_TOKEN
    assert parse_tokens(f"{digits}e-{places}", rounding="half-even") == round(exact)
