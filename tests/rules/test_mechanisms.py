"""What each mechanism weighs, on numbers small enough to check by hand."""

import pytest

from squads_pipeline.rules.mechanisms import (
    DEFAULT_PAIRWISE_BOUND_MICRO,
    MECHANISMS,
    MechanismParameters,
    pairwise,
    weigh,
)

TOKEN = 1_000_000
STANDARD = MechanismParameters()


def test_the_registry_names_every_mechanism() -> None:
    assert set(MECHANISMS) == {"quadratic", "clr", "pairwise"}


@pytest.mark.parametrize("mechanism", sorted(MECHANISMS))
def test_every_squad_has_a_weight_even_without_contributors(mechanism: str) -> None:
    assert weigh({"s": {}}, mechanism, STANDARD) == {"s": 0}


@pytest.mark.parametrize(
    ("mechanism", "weight"),
    [
        ("quadratic", 36),  # (2 + 4)²
        ("clr", 16),  # less 20
        ("pairwise", 15),  # 2·8·M / (M + 8), just below 16
    ],
)
def test_one_squad_two_contributors(mechanism: str, weight: int) -> None:
    assert weigh({"s": {"a": 4, "b": 16}}, mechanism, STANDARD) == {"s": weight}


def test_a_lone_contributor_has_no_pair_and_no_subsidy() -> None:
    assert weigh({"s": {"a": TOKEN}}, "quadratic", STANDARD) == {"s": TOKEN}
    assert weigh({"s": {"a": TOKEN}}, "clr", STANDARD) == {"s": 0}
    assert weigh({"s": {"a": TOKEN}}, "pairwise", STANDARD) == {"s": 0}


def test_a_pair_whose_overlap_is_the_bound_counts_half() -> None:
    bound = DEFAULT_PAIRWISE_BOUND_MICRO
    assert pairwise({"s": {"a": bound, "b": bound}}, STANDARD) == {"s": bound}  # half of 2·bound


def test_overlap_counts_across_squads() -> None:
    parameters = MechanismParameters(pairwise_bound_micro=100)
    apart = pairwise({"s": {"a": 100, "b": 100}, "t": {"c": 100, "d": 100}}, parameters)
    together = pairwise({"s": {"a": 100, "b": 100}, "t": {"b": 100, "a": 100}}, parameters)
    assert apart == {"s": 100, "t": 100}  # 200 · 100/(100+100)
    assert together == {"s": 66, "t": 66}  # 200 · 100/(100+200)


def test_a_bound_without_limit_gives_clr() -> None:
    totals = {"s": {"a": 7 * TOKEN, "b": 3 * TOKEN, "c": 11}, "t": {"a": TOKEN, "c": 2 * TOKEN}}
    limitless = pairwise(totals, MechanismParameters(pairwise_bound_micro=10**40))
    assert limitless == weigh(totals, "clr", STANDARD)


def test_a_ring_gains_at_most_twice_the_bound_per_pair() -> None:
    totals = {f"s{index}": {"a": 10**12, "b": 10**12} for index in range(50)}
    assert sum(pairwise(totals, STANDARD).values()) < 2 * DEFAULT_PAIRWISE_BOUND_MICRO


def test_an_unknown_name_and_a_bad_bound_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown mechanism 'linear'; choose one of quadratic"):
        weigh({}, "linear", STANDARD)
    with pytest.raises(ValueError, match="at least 1"):
        MechanismParameters(pairwise_bound_micro=0)
    with pytest.raises(TypeError, match="int"):
        MechanismParameters(pairwise_bound_micro=True)
