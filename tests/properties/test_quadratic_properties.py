"""What holds for every matching round, whatever its rows."""

import random
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from math import isqrt

from hypothesis import assume, given
from hypothesis import strategies as st

from squads_pipeline.rules.allotment import EXCESSES, SATURATIONS, allot
from squads_pipeline.rules.mechanisms import MECHANISMS
from squads_pipeline.rules.quadratic import Row, match_round
from squads_pipeline.rules.roots import certain_weight, exact_weight, root

AMPLE = 10**24

mixed_amounts = st.one_of(
    st.integers(1, 50),
    st.integers(1, 10**12),
    st.integers(1, 10**30),
    st.builds(lambda factor, base: factor * base**2, st.sampled_from([1, 2, 10]), st.integers(1, 10**6)),
)
rows_of_a_round = st.lists(
    st.tuples(st.sampled_from("stuv"), st.sampled_from("abcdef"), st.integers(0, 10**9)),
    min_size=1,
    max_size=30,
)
mechanisms = st.sampled_from(sorted(MECHANISMS))
saturations = st.sampled_from(SATURATIONS)
excesses = st.sampled_from(EXCESSES)
fractions_or_none = st.none() | st.fractions(0, 1, max_denominator=20)
due_by_squad = st.dictionaries(st.sampled_from("stuvwxyz"), st.integers(0, 200))


def weight_by_decimal(amounts: list[int]) -> int | None:
    """Compute ⌊(Σ√c)²⌋ with 200 digits, or None where those do not tell it from a whole number."""
    with localcontext() as context:
        context.prec = 200
        square = sum((Decimal(amount).sqrt() for amount in amounts), Decimal(0)) ** 2
        nearest = square.to_integral_value()
        if abs(square - nearest) < Decimal(10) ** -100:
            return int(nearest) if is_whole(amounts) else None
        return int(square)


def is_whole(amounts: list[int]) -> bool:
    return all(isqrt(one * other) ** 2 == one * other for one, other in pairwise(amounts))


@given(st.lists(mixed_amounts, min_size=1, max_size=20))
def test_the_weight_is_exact(amounts: list[int]) -> None:
    expected = weight_by_decimal(amounts)
    assume(expected is not None)
    assert exact_weight(amounts) == expected


@given(st.sampled_from([2, 3, 10, 10**6 + 3]), st.lists(st.integers(1, 10**12), min_size=1, max_size=20))
def test_commensurable_roots_have_a_whole_weight(base: int, factors: list[int]) -> None:
    assert exact_weight([base * factor**2 for factor in factors]) == base * sum(factors) ** 2


@given(st.lists(mixed_amounts, max_size=20))
def test_a_certain_weight_is_the_exact_weight(amounts: list[int]) -> None:
    certain = certain_weight(sum(root(amount) for amount in amounts), len(amounts))
    assert certain in {None, exact_weight(amounts)}


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=20, unique=True))
def test_ordinary_sums_are_nearly_always_certain(amounts: list[int]) -> None:
    assume(not is_whole(amounts))
    assert certain_weight(sum(root(amount) for amount in amounts), len(amounts)) is not None


@given(st.lists(mixed_amounts, min_size=1), mixed_amounts)
def test_one_more_contributor_adds_at_least_what_they_give(amounts: list[int], more: int) -> None:
    assert exact_weight([*amounts, more]) >= exact_weight(amounts) + more


@given(rows_of_a_round, mechanisms, st.sampled_from("stuv"))
def test_a_new_contributor_never_lowers_a_weight(rows: list[Row], mechanism: str, squad: str) -> None:
    before = match_round(rows, AMPLE, mechanism=mechanism)
    after = match_round([*rows, (squad, "newcomer", 10**6)], AMPLE, mechanism=mechanism)
    assert all(after[each] >= match for each, match in before.items())


@given(
    rows_of_a_round,
    st.integers(0, 10**12),
    mechanisms,
    saturations,
    excesses,
    fractions_or_none,
    st.randoms(),
)
def test_a_round_keeps_its_limits_and_ignores_order(
    rows: list[Row],
    budget: int,
    mechanism: str,
    saturation: str,
    excess: str,
    fraction: Fraction | None,
    chance: random.Random,
) -> None:
    def run(given_rows: list[Row]) -> dict[str, int]:
        return match_round(
            given_rows,
            budget,
            mechanism=mechanism,
            saturation=saturation,
            excess=excess,
            max_match_fraction=fraction,
        )

    matches = run(rows)
    assert set(matches) == {squad for squad, _, _ in rows}
    assert 0 <= sum(matches.values()) <= budget
    assert fraction is None or all(match <= fraction * budget for match in matches.values())
    assert run(chance.sample(rows, len(rows))) == matches


@given(rows_of_a_round, st.integers(0, 10**12), mechanisms, st.integers(1, 4), st.data())
def test_cutting_a_contribution_into_rows_gains_nothing(
    rows: list[Row], budget: int, mechanism: str, least: int, data: st.DataObject
) -> None:
    squad, contributor, amount = rows[0]
    part = data.draw(st.integers(0, amount))
    cut = [(squad, contributor, part), *rows[1:], (squad, contributor, amount - part)]
    whole = match_round(rows, budget, mechanism=mechanism, min_contributors=least, dust=1000)
    assert match_round(cut, budget, mechanism=mechanism, min_contributors=least, dust=1000) == whole


@given(
    st.lists(rows_of_a_round, min_size=1, max_size=6),
    st.sampled_from(["quadratic", "clr"]),
    st.integers(1, 3),
)
def test_many_rounds_pay_what_one_pays(rounds: list[list[Row]], mechanism: str, least: int) -> None:
    seen: list[Row] = []
    paid: dict[str, int] = {}
    for rows in rounds:
        seen += rows
        matches = match_round(
            seen, AMPLE, mechanism=mechanism, min_contributors=least, dust=1000, already_matched=paid
        )
        paid = {squad: paid.get(squad, 0) + match for squad, match in matches.items()}
    assert paid == match_round(seen, AMPLE, mechanism=mechanism, min_contributors=least, dust=1000)


def filled(due: dict[str, int], budget: int, cap: int | None, *, may_exceed_due: bool) -> dict[str, Fraction]:
    """Fill the slow way: cap whoever is above the cap, share out again, until nobody is."""
    capped: set[str] = set()
    while True:
        free = {squad: amount for squad, amount in due.items() if squad not in capped}
        left = budget - len(capped) * (cap or 0)
        ratio = Fraction(left, sum(free.values()) or 1)
        ratio = ratio if may_exceed_due else min(ratio, Fraction(1))
        above = {squad for squad, amount in free.items() if cap is not None and ratio * amount > cap}
        if not above:
            return {squad: Fraction(cap or 0) if squad in capped else ratio * due[squad] for squad in due}
        capped |= above


@given(due_by_squad, st.integers(0, 400), st.none() | st.integers(0, 100), saturations)
def test_redistribution_is_within_a_unit_of_the_slow_way(
    due: dict[str, int], budget: int, cap: int | None, saturation: str
) -> None:
    cap = None if cap is None else min(cap, budget)
    exact = filled(due, budget, cap, may_exceed_due=saturation == "always_distribute")
    paid = allot(due, budget, cap=cap, saturation=saturation, excess="redistribute")
    assert all(abs(paid[squad] - exact[squad]) < 1 for squad in due)
    assert sum(paid.values()) == sum(exact.values())


@given(due_by_squad, st.integers(0, 400), st.integers(0, 100), saturations)
def test_truncation_never_pays_more_than_redistribution(
    due: dict[str, int], budget: int, cap: int, saturation: str
) -> None:
    truncated = allot(due, budget, cap=cap, saturation=saturation, excess="truncate")
    redistributed = allot(due, budget, cap=cap, saturation=saturation, excess="redistribute")
    uncapped = allot(due, budget, cap=None, saturation=saturation, excess="truncate")
    assert truncated == {squad: min(cap, share) for squad, share in uncapped.items()}
    assert sum(truncated.values()) <= sum(redistributed.values())
