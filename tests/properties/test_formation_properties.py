"""Seeds and payments for any numbers: exact, within the funds, in order; ids that differ for other targets."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from squads_pipeline.rules.formation import Target, pay_in_order, seed_micro, squad_id
from squads_pipeline.rules.lifecycle import EDGES, Edge, replay

AMOUNTS = st.integers(0, 10**18)
TARGETS = st.builds(
    Target, st.sampled_from(["gap", "analysis"]), st.text(min_size=1), st.just(""), st.just(0)
)


@given(st.integers(0, 1_000_000), AMOUNTS)
def test_a_seed_is_the_floor_of_the_exact_product(importance_ppm: int, rate_micro: int) -> None:
    exact = Fraction(importance_ppm, 1_000_000) * rate_micro
    assert 0 <= exact - seed_micro(importance_ppm, rate_micro) < 1


@given(st.lists(AMOUNTS, max_size=20), AMOUNTS)
def test_payments_use_the_funds_up_and_no_more(wanted: list[int], funds: int) -> None:
    paid = pay_in_order(wanted, funds)
    assert sum(paid) == min(sum(wanted), funds)
    short = [index for index, (wish, got) in enumerate(zip(wanted, paid, strict=True)) if got < wish]
    assert not any(paid[index] for index in range(short[0] + 1, len(paid))) if short else True


@given(TARGETS, TARGETS, st.integers(1, 99), st.integers(1, 99))
def test_ids_are_equal_only_for_the_same_target_and_number(
    one: Target, other: Target, nth: int, mth: int
) -> None:
    same = (one, nth) == (other, mth)
    assert (squad_id(one, nth) == squad_id(other, mth)) is same


@given(st.lists(st.sampled_from(EDGES), max_size=6))
def test_a_replay_ends_where_the_last_edge_leads_or_is_refused(edges: list[Edge]) -> None:
    try:
        status = replay(edges)
    except ValueError:
        return
    assert status == (edges[-1].to_status if edges else None)
