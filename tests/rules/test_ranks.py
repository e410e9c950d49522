"""Ranks and their correlation, by hand."""

import pytest

from squads_pipeline.rules.ranks import doubled_ranks, rank_correlation_ppm


@pytest.mark.parametrize(
    ("values", "doubled"),
    [([], []), ([7], [2]), ([30, 10, 20], [2, 6, 4]), ([5, 9, 5], [5, 2, 5]), ([1, 1, 1], [4, 4, 4])],
)
def test_ties_share_the_mean_of_their_places(values: list[int], doubled: list[int]) -> None:
    assert doubled_ranks(values) == doubled


@pytest.mark.parametrize(
    ("one", "other", "ppm"),
    [
        ([1, 2, 3], [10, 20, 30], 1_000_000),
        ([1, 2, 3], [30, 20, 10], -1_000_000),
        # 1 - 6·(0 + 1 + 1 + 1 + 1)/(5·24)
        ([50, 40, 30, 20, 10], [9, 7, 8, 1, 3], 800_000),
        # Ranks 1 2 3 against 1½ 1½ 3: 3/2 over √(2·3/2), which is √3/2.
        ([3, 2, 1], [5, 5, 4], 866_025),
        ([3, 2, 1], [4, 5, 5], -866_025),
        ([10**30, 1], [2, 1], 1_000_000),
    ],
)
def test_correlations_by_hand(one: list[int], other: list[int], ppm: int) -> None:
    assert rank_correlation_ppm(one, other) == ppm


@pytest.mark.parametrize(("one", "other"), [([], []), ([1], [2]), ([1, 1], [1, 2]), ([1, 2], [3, 3])])
def test_undefined_is_said(one: list[int], other: list[int]) -> None:
    assert rank_correlation_ppm(one, other) is None


def test_values_come_in_pairs() -> None:
    with pytest.raises(ValueError, match="pairs"):
        rank_correlation_ppm([1], [])
