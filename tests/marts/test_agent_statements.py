"""Agents' days on small frames: what was received by kind, what was given, and who is left out."""

from datetime import date

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from squads_pipeline.marts.agent_statements import LAYOUT, statements
from squads_pipeline.store.schema.ledger import TRANSFER_KINDS

DAY, NEXT = date(2026, 2, 3), date(2026, 2, 4)


def wallets(*rows: tuple[str, date, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["agent_id", "opened_on", "opening_micro"])


def flows(*rows: tuple[date, str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["effective_on", "agent_id", "kind", "amount_micro"])


def test_each_kind_has_its_line() -> None:
    stated = statements(
        wallets(("a", DAY, 1_000)),
        flows(
            (DAY, "a", "mint", 1),
            (DAY, "a", "payout", 2),
            (DAY, "a", "dividend", 3),
            (DAY, "a", "refund", 4),
            (DAY, "a", "correction", 5),
            (DAY, "a", "contribution", -600),
            (DAY, "a", "sponsorship", -70),
            (DAY, "a", "correction", -8),
        ),
        [DAY],
    )
    assert stated.to_dict("records") == [
        {
            "effective_on": DAY,
            "agent_id": "a",
            "opening_micro": 1_000,
            "minted_micro": 1,
            "payouts_micro": 2,
            "dividends_micro": 3,
            "other_received_micro": 9,
            "contributions_micro": 600,
            "other_given_micro": 78,
            "closing_micro": 337,
        }
    ]


def test_who_had_nothing_all_day_has_no_row_and_who_had_or_moved_anything_has_one() -> None:
    stated = statements(
        wallets(
            ("poor", DAY, 0), ("holds", DAY, 7), ("spends", DAY, 5), ("passes", DAY, 0), ("new", NEXT, 0)
        ),
        flows(
            (DAY, "spends", "contribution", -5),
            (DAY, "passes", "mint", 3),
            (DAY, "passes", "contribution", -3),
            (NEXT, "new", "mint", 1),
        ),
        [DAY, NEXT],
    )
    rows = stated[["effective_on", "agent_id", "closing_micro"]].itertuples(index=False, name=None)
    assert list(rows) == [
        (DAY, "holds", 7),
        (DAY, "spends", 0),
        (DAY, "passes", 0),
        (NEXT, "holds", 7),
        (NEXT, "new", 1),
    ]


def test_without_agents_there_is_an_empty_frame_with_all_columns() -> None:
    assert list(statements(wallets(), flows(), [DAY]).columns) == LAYOUT.columns


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([DAY, NEXT]),
            st.sampled_from("abc"),
            st.sampled_from(TRANSFER_KINDS),
            st.integers(-(10**12), 10**12),
        ),
        max_size=30,
    )
)
def test_no_token_is_stated_twice_or_lost(moved: list[tuple[date, str, str, int]]) -> None:
    known = wallets(*((agent, DAY, 10**15) for agent in "abc"))
    stated = statements(known, flows(*moved), [DAY, NEXT])
    for agent in "abc":
        first, second = (one for _, one in stated[stated["agent_id"] == agent].iterrows())
        assert second["opening_micro"] == first["closing_micro"]
        assert second["closing_micro"] == 10**15 + sum(amount for _, one, _, amount in moved if one == agent)
        for one in (first, second):
            received = sum(int(one[line]) for line in LAYOUT.added)
            spent = sum(int(one[line]) for line in LAYOUT.taken_off)
            assert one["closing_micro"] == one["opening_micro"] + received - spent
            assert min(int(one[line]) for line in LAYOUT.lines) >= 0
