"""However a cycle's work is cut into tries, a pledge funds no more squads than it may, and pays the same."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from squads_pipeline.rules.pledges import Payment, Wallet, payments
from squads_pipeline.rules.policy import Policy

SQUADS = st.lists(st.sampled_from("stuvwxyz"), unique=True)
POLICIES = st.builds(
    Policy,
    pledge_max_squads=st.integers(1, 5),
    pledge_min_balance_micro=st.sampled_from([0, 50_000_000, 100_000_000]),
    pledge_min_contribution_micro=st.sampled_from([1_000_000, 7_000_000]),
    pledge_max_contribution_micro=st.sampled_from([1_000_000, 50_000_000]),
    pledge_balance_fraction=st.fractions(Fraction(1, 1000), 1, max_denominator=1000),
)
BALANCES = st.integers(0, 10**12)


@given(balance=BALANCES, reserve=st.integers(0, 10**9), policy=POLICIES, tries=st.lists(SQUADS, max_size=6))
def test_the_cap_holds_over_retries_with_other_squads(
    balance: int, reserve: int, policy: Policy, tries: list[list[str]]
) -> None:
    funded: list[str] = []
    held = balance
    for squads in tries:
        for paid in payments(Wallet(True, True, held, reserve), squads, funded, policy):
            assert paid.balance_before_micro == held
            assert 0 < paid.amount_micro <= policy.pledge_max_contribution_micro
            held -= paid.amount_micro
            assert held >= reserve
            funded.append(paid.squad_id)
            assert paid.slot == len(funded)
    assert len(funded) == len(set(funded)) <= policy.pledge_max_squads


@given(balance=BALANCES, policy=POLICIES, squads=SQUADS, cut=st.integers(0, 5))
def test_a_run_that_was_cut_short_pays_what_a_whole_one_would(
    balance: int, policy: Policy, squads: list[str], cut: int
) -> None:
    whole = payments(Wallet(True, True, balance, 0), squads, [], policy)
    first: list[Payment] = whole[:cut]
    left = balance - sum(one.amount_micro for one in first)
    rest = payments(Wallet(True, True, left, 0), squads, [one.squad_id for one in first], policy)
    assert first + rest == whole
