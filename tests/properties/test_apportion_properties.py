"""Largest remainder against an oracle in exact fractions."""

from fractions import Fraction
from math import floor

from hypothesis import assume, given
from hypothesis import strategies as st

from squads_pipeline.rules.apportion import apportion

weights_of_parts = st.lists(st.integers(0, 20) | st.integers(0, 10**40), min_size=1, max_size=30)


def apportion_by_fractions(total: int, weights: list[int]) -> list[int]:
    shares = [Fraction(total * weight, sum(weights)) for weight in weights]
    parts = [floor(share) for share in shares]
    while sum(parts) < total:
        behind = [share - part for share, part in zip(shares, parts, strict=True)]
        parts[behind.index(max(behind))] += 1
    return parts


@given(st.integers(0, 50) | st.integers(0, 10**40), weights_of_parts)
def test_apportion_agrees_with_exact_fractions(total: int, weights: list[int]) -> None:
    assume(any(weights))
    assert apportion(total, weights) == apportion_by_fractions(total, weights)
