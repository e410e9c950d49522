"""The supply of tokens on small frames: mints leave issuance, and all of it sums to zero."""

from collections import Counter
from datetime import date

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from squads_pipeline.marts.token_supply import LAYOUT, supply
from squads_pipeline.store.schema.ledger import ACCOUNT_KINDS

DAY, NEXT = date(2026, 2, 3), date(2026, 2, 4)

Moved = list[tuple[date, str, str, str, int]]


def balances(**held: int) -> pd.DataFrame:
    rows = [(kind, DAY, amount) for kind, amount in held.items()]
    return pd.DataFrame(rows, columns=["account_kind", "opened_on", "opening_micro"])


def flows(moved: Moved) -> pd.DataFrame:
    """Flows of transfers (day, kind, from, to, µT), one row for what left and one for what came, as summed."""
    sides: Counter[tuple[date, str, str, bool]] = Counter()
    for day, kind, payer, receiver, amount in moved:
        sides[day, payer, kind, False] -= amount
        sides[day, receiver, kind, True] += amount
    rows = [(day, holder, kind, amount) for (day, holder, kind, _), amount in sides.items()]
    return pd.DataFrame(rows, columns=["effective_on", "account_kind", "kind", "amount_micro"])


def stated(of_days: pd.DataFrame, day: date) -> dict[str, tuple[int, ...]]:
    """Kind → opening, minted, received, paid, closing."""
    of_day = of_days[of_days["effective_on"] == day]
    amounts = of_day[["opening_micro", *LAYOUT.lines, "closing_micro"]].map(int)
    return dict(zip(of_day["account_kind"], amounts.itertuples(index=False, name=None), strict=True))


def test_a_day_of_every_movement() -> None:
    moved: Moved = [
        (DAY, "mint", "issuance", "treasury", 500),
        (DAY, "mint", "issuance", "wallet", 100),
        (DAY, "seed", "treasury", "squad", 50),
        (DAY, "contribution", "wallet", "squad", 30),
        (DAY, "fork_grant", "squad", "squad", 20),
        (DAY, "payout", "squad", "wallet", 5),
        (NEXT, "correction", "wallet", "issuance", 7),
    ]
    days = supply(balances(issuance=-1_000, wallet=1_000), flows(moved), [DAY, NEXT], ACCOUNT_KINDS)
    assert stated(days, DAY) == {
        "issuance": (-1_000, -600, 0, 0, -1_600),
        "matching_pool": (0, 0, 0, 0, 0),
        "squad": (0, 0, 100, 25, 75),
        "treasury": (0, 500, 0, 50, 450),
        "wallet": (1_000, 100, 5, 30, 1_075),
    }
    assert stated(days, NEXT) == {
        "issuance": (-1_600, 0, 7, 0, -1_593),
        "matching_pool": (0, 0, 0, 0, 0),
        "squad": (75, 0, 0, 0, 75),
        "treasury": (450, 0, 0, 0, 450),
        "wallet": (1_075, 0, 0, 7, 1_068),
    }


def test_every_kind_has_a_row_also_before_there_is_an_account() -> None:
    days = supply(balances(), flows([]), [DAY], ACCOUNT_KINDS)
    assert stated(days, DAY) == dict.fromkeys(sorted(ACCOUNT_KINDS), (0, 0, 0, 0, 0))


def test_amounts_beyond_53_bits_are_exact() -> None:
    held = balances(issuance=-(2**53), wallet=2**53)
    days = supply(held, flows([(DAY, "mint", "issuance", "wallet", 1)]), [DAY], ACCOUNT_KINDS)
    assert stated(days, DAY)["wallet"][-1] == 2**53 + 1


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([DAY, NEXT]),
            st.sampled_from(["contribution", "match", "payout", "correction"]),
            st.sampled_from(ACCOUNT_KINDS),
            st.sampled_from(ACCOUNT_KINDS),
            st.integers(1, 10**12),
        ),
        max_size=30,
    ),
    st.lists(st.tuples(st.sampled_from(["treasury", "wallet"]), st.integers(1, 10**12)), max_size=5),
)
def test_whatever_moves_sums_to_zero(moved: Moved, minted: list[tuple[str, int]]) -> None:
    mints: Moved = [(DAY, "mint", "issuance", holder, amount) for holder, amount in minted]
    held = balances(issuance=-(10**15), squad=10**15)
    days = supply(held, flows([*moved, *mints]), [DAY, NEXT], ACCOUNT_KINDS)
    for day in (DAY, NEXT):
        opening, mint, received, paid, closing = (
            sum(one) for one in zip(*stated(days, day).values(), strict=True)
        )
        assert (opening, mint, received - paid, closing) == (0, 0, 0, 0)
    assert [row[-1] for row in stated(days, DAY).values()] == [row[0] for row in stated(days, NEXT).values()]
