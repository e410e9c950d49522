"""Statements on small frames: what comes in, what goes out, and days that add up."""

from datetime import date

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from squads_pipeline.marts.squad_pools import LAYOUT, statements

DAY, NEXT = date(2026, 2, 3), date(2026, 2, 4)
KINDS = (*LAYOUT.received, "sponsorship", "fork_grant", "correction", "payout")


def pools(*rows: tuple[str, date, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["squad_id", "opened_on", "opening_micro"])


def flows(*rows: tuple[date, str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["effective_on", "squad_id", "kind", "amount_micro"])


def test_each_kind_has_its_line() -> None:
    stated = statements(
        pools(("x", DAY, 1_000)),
        flows(
            (DAY, "x", "seed", 1),
            (DAY, "x", "contribution", 2),
            (DAY, "x", "match", 3),
            (DAY, "x", "sponsorship", 4),
            (DAY, "x", "merge_sweep", 5),
            (DAY, "x", "payout", -590),
            (DAY, "x", "correction", -10),
        ),
        [DAY],
    )
    assert list(stated.columns) == LAYOUT.columns
    assert stated.iloc[0].tolist() == [DAY, "x", 1_000, 1, 2, 3, 9, 600, 415]


def test_a_day_without_flows_ends_as_it_began() -> None:
    stated = statements(pools(("x", DAY, 7)), flows(), [DAY])
    assert stated.iloc[0].tolist() == [DAY, "x", 7, 0, 0, 0, 0, 0, 7]


def test_squads_are_stated_from_the_day_on_which_they_were_opened() -> None:
    stated = statements(pools(("x", DAY, 0), ("y", NEXT, 0)), flows(), [DAY, NEXT])
    assert list(zip(stated["effective_on"], stated["squad_id"], strict=True)) == [
        (DAY, "x"),
        (NEXT, "x"),
        (NEXT, "y"),
    ]


def test_a_pool_that_moved_is_stated_whenever_it_says_it_was_opened() -> None:
    stated = statements(pools(("x", NEXT, 0)), flows((DAY, "x", "seed", 1)), [DAY])
    assert stated["closing_micro"].tolist() == [1]


def test_without_squads_there_is_an_empty_frame_with_all_columns() -> None:
    assert list(statements(pools(), flows(), [DAY]).columns) == LAYOUT.columns


def test_amounts_beyond_53_bits_are_exact() -> None:
    stated = statements(pools(("x", DAY, 2**53)), flows((DAY, "x", "seed", 1)), [DAY])
    assert stated["closing_micro"].tolist() == [2**53 + 1]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([DAY, NEXT]),
            st.sampled_from("xyz"),
            st.sampled_from(KINDS),
            st.integers(-(10**12), 10**12),
        ),
        max_size=30,
    )
)
def test_openings_are_closings_and_lines_add_up(moved: list[tuple[date, str, str, int]]) -> None:
    known = pools(*((squad, DAY, 10**15) for squad in "xyz"))
    stated = statements(known, flows(*moved), [DAY, NEXT])
    for squad in "xyz":
        first, second = (one for _, one in stated[stated["squad_id"] == squad].iterrows())
        assert second["opening_micro"] == first["closing_micro"]
        expected = 10**15 + sum(amount for _, one, _, amount in moved if one == squad)
        assert second["closing_micro"] == expected
        for one in (first, second):
            received = sum(int(one[line]) for line in LAYOUT.added)
            assert one["closing_micro"] == one["opening_micro"] + received - one["payouts_micro"]
