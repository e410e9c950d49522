"""Weights by pairs are, to the last digit, what their definition says pair by pair."""

from itertools import combinations
from math import isqrt

from hypothesis import given
from hypothesis import strategies as st

from squads_pipeline.rules.mechanisms import MechanismParameters, Totals, pairwise
from squads_pipeline.rules.roots import ROOT_SCALE

UNIT = 10**ROOT_SCALE

amounts = st.integers(1, 20) | st.sampled_from([1, 5, 10, 25]).map(lambda tokens: tokens * 10**6)
rounds = st.dictionaries(
    st.sampled_from("stuvwxyz"), st.dictionaries(st.sampled_from("abcdefgh"), amounts, max_size=8), max_size=8
)


def by_definition(totals: Totals, bound_micro: int) -> dict[str, int]:
    bound = bound_micro * UNIT
    roots = {
        (squad, *pair): isqrt(given[pair[0]] * given[pair[1]] * UNIT**2)
        for squad, given in totals.items()
        for pair in combinations(sorted(given), 2)
    }
    weights = dict.fromkeys(totals, 0)
    for (squad, one, other), size in roots.items():
        overlap = sum(roots.get((each, one, other), 0) for each in totals)
        weights[squad] += 2 * size * bound // (bound + overlap)
    return {squad: weight // UNIT for squad, weight in weights.items()}


@given(rounds, st.integers(1, 10**9))
def test_a_weight_is_the_sum_over_pairs(totals: dict[str, dict[str, int]], bound_micro: int) -> None:
    parameters = MechanismParameters(pairwise_bound_micro=bound_micro)
    assert pairwise(totals, parameters) == by_definition(totals, bound_micro)


def test_a_weight_is_the_sum_over_pairs_where_all_amounts_differ() -> None:
    """Nothing is remembered then."""
    totals = {
        f"s{squad}": {f"a{squad * place % 41}": 10**6 + 7919 * (20 * squad + place) for place in range(1, 21)}
        for squad in range(1, 21)
    }
    parameters = MechanismParameters()
    assert pairwise(totals, parameters) == by_definition(totals, parameters.pairwise_bound_micro)
