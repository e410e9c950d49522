"""The exact weight, case by case; random cases against an oracle are among the properties."""

import random
from decimal import Decimal, localcontext
from math import isqrt

import pytest

from squads_pipeline.rules.roots import ROOT_SCALE, certain_weight, exact_weight, root

TOKEN = 1_000_000


def weight_by_decimal(amounts: list[int], digits: int) -> int:
    """Compute the weight another way; right unless it is within 10^-(digits/2) of a whole number."""
    with localcontext() as context:
        context.prec = digits
        return int(sum((Decimal(amount).sqrt() for amount in amounts), Decimal(0)) ** 2)


@pytest.mark.parametrize(
    ("amounts", "weight"),
    [
        ([], 0),
        ([0], 0),
        ([0, 0, 5], 5),
        ([5], 5),
        ([TOKEN], TOKEN),
        ([1, 4, 9], 36),  # perfect squares
        ([2, 2], 8),  # irrational roots, whole weight
        ([2, 8, 18], 72),  # √2 + 2√2 + 3√2 = 6√2
        ([2, 3], 9),  # 9.898…
        ([2, 2, 3], 20),  # 20.79…: whole until the last
        (
            [10 * TOKEN] * 100,
            100_000 * TOKEN,
        ),  # hundred times ten tokens weigh 100,000 tokens, not one µT less
        ([10**30] * 3, 9 * 10**30),
        ([10**30, 10**30 - 1], 4 * 10**30 - 3),  # 2.5·10⁻³¹ below 4·10³⁰-2
        ([7 * 10**29] * 1_000_000, 7 * 10**41),
    ],
)
def test_exact_weight(amounts: list[int], weight: int) -> None:
    assert exact_weight(amounts) == weight


def test_a_weight_close_below_a_whole_number_is_not_rounded_up() -> None:
    # √(n²-1) + √(n²+1) is 2n less about 1/(4n³), so the weight is 4n² less about n⁻².
    n = 10**40
    assert exact_weight([n * n - 1, n * n + 1]) == 4 * n * n - 1
    # A perfect square below it: the same sum with whole roots is whole.
    assert exact_weight([n * n, n * n]) == 4 * n * n


def test_certain_weight_answers_only_what_its_sums_decide() -> None:
    assert certain_weight(0, 0) == 0
    assert certain_weight(root(2) + root(3), 2) == 9
    assert certain_weight(root(1) + root(4), 2) == 9  # exact roots sit at the lower end, which belongs to it
    assert certain_weight(root(2) * 2, 2) is None  # 8 lies inside
    assert certain_weight(root(10**30) * 10**6, 10**6) is None  # wider than one


def test_the_upper_end_does_not_belong_to_the_interval() -> None:
    # At one digit: a sum of two roots from 2.9 to below 3.1, whose square may be 8 or 9 when floored.
    assert certain_weight(29, 2, scale=1) is None
    # One root from 2.9 to below 3.0 would reach 9 only at the excluded end.
    assert certain_weight(29, 1, scale=1) == 8


def test_negative_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        root(-1)
    with pytest.raises(ValueError, match="negative"):
        exact_weight([4, -1])
    for root_sum, contributors in ((-1, 1), (1, -1)):
        with pytest.raises(ValueError, match="negative"):
            certain_weight(root_sum, contributors)


def test_root_is_floored_at_its_scale() -> None:
    assert root(4) == 2 * 10**ROOT_SCALE
    assert root(2) == isqrt(2 * 10**36) == 1_414213562373095048


def test_a_million_contributors_of_mixed_amounts() -> None:
    chance = random.Random(20)  # noqa: S311
    amounts = [chance.randint(1, 10 ** chance.randint(1, 30)) for _ in range(1_000_000)]
    weight = exact_weight(amounts)
    # An independent bracket: scaled roots in base two, wide enough that both ends agree.
    low = sum(isqrt(amount << 400) for amount in amounts)
    assert low**2 >> 400 == (low + len(amounts)) ** 2 >> 400 == weight
    assert weight_by_decimal(amounts[:1000], 120) == exact_weight(amounts[:1000])
