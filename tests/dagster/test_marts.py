"""Marts as assets: they equal the ledger, are replaced by the day, and are read back exactly."""

from datetime import date, timedelta

import dagster as dg
import pandas as pd
import pytest

from resources.database import Database
from resources.tables import MartTables
from squads_pipeline.store import marts
from tests.dagster.conftest import (
    TOKEN,
    Community,
    Materialize,
    checks_of,
    failed_checks,
    metadata_of,
)

FIRST, SECOND, THIRD = (date(2026, 2, day) for day in (3, 4, 5))


@pytest.fixture
def history(empty: Community) -> Community:
    """A round on the first day, gifts on the second, another round on the third."""
    empty.found(f"{FIRST} 08:00+00")
    empty.give(("a", "x", 10), ("b", "x", 10), moment=f"{FIRST} 09:00+00")
    empty.round(f"{FIRST} 10:00+00")
    empty.give(("c", "y", 5), moment=f"{SECOND} 23:50+00")
    empty.give(("b", "y", 20), moment=f"{THIRD} 00:00+00")
    empty.round(f"{THIRD} 10:00+00")
    return empty


STATEMENTS = (
    "SELECT squad_id, opening_micro, contributions_micro, matches_micro, payouts_micro, closing_micro"
    " FROM marts.squad_pools WHERE effective_on = '{}' ORDER BY 1"
)


def test_statements_are_the_ledgers_to_the_micro_token(history: Community, materialize: Materialize) -> None:
    result = materialize("squad_pools", first=FIRST, last=THIRD)
    assert checks_of(result) == {"closing_equals_ledger": True, "opening_equals_previous_closing": True}
    assert history.rows(STATEMENTS.format(FIRST)) == [
        ("x", 0, 20 * TOKEN, 40 * TOKEN, 0, 60 * TOKEN),
        ("y", 0, 0, 0, 0, 0),
    ]
    assert history.rows(STATEMENTS.format(SECOND)) == [
        ("x", 60 * TOKEN, 0, 0, 0, 60 * TOKEN),
        ("y", 0, 5 * TOKEN, 0, 0, 5 * TOKEN),
    ]
    assert history.rows(STATEMENTS.format(THIRD)) == [
        ("x", 60 * TOKEN, 0, 0, 0, 60 * TOKEN),
        ("y", 5 * TOKEN, 20 * TOKEN, 45 * TOKEN, 0, 70 * TOKEN),
    ]


def test_each_day_by_itself_says_the_same_as_the_range(history: Community, materialize: Materialize) -> None:
    materialize("squad_pools", first=FIRST, last=THIRD)
    together = [history.rows(STATEMENTS.format(day)) for day in (FIRST, SECOND, THIRD)]
    for day in (THIRD, FIRST, SECOND):
        assert materialize("squad_pools", first=day).success
    assert [history.rows(STATEMENTS.format(day)) for day in (FIRST, SECOND, THIRD)] == together


def test_a_statement_is_the_same_again_when_nothing_changed(
    history: Community, materialize: Materialize
) -> None:
    versions = [
        (one.tags or {})["dagster/data_version"]
        for _ in range(2)
        for one in materialize("squad_pools", first=FIRST).asset_materializations_for_node("squad_pools")
    ]
    assert versions[0] == versions[1]
    assert history.count("marts.squad_pools") == 2


@pytest.mark.usefixtures("history")
def test_squads_that_were_not_open_yet_have_no_statement(materialize: Materialize) -> None:
    told = metadata_of(materialize("squad_pools", first=FIRST - timedelta(1)), "squad_pools")
    assert told[str(FIRST - timedelta(1))]["dagster/partition_row_count"] == 0


def test_a_statement_made_too_early_is_told_and_made_good(
    history: Community, materialize: Materialize
) -> None:
    materialize("squad_pools", first=FIRST)
    history.give(("a", "x", 1), moment=f"{FIRST} 23:50+00")
    early = materialize("squad_pools", first=SECOND)
    assert early.success  # it warns
    assert failed_checks(early) == {
        "opening_equals_previous_closing": (
            "| what | expected | found |\n| --- | --- | --- |\n| squad x, 2026-02-03 | 61 | 60 |"
        )
    }
    assert checks_of(materialize("squad_pools", first=FIRST)) == {
        "closing_equals_ledger": True,
        "opening_equals_previous_closing": True,
    }
    assert set(checks_of(materialize("squad_pools", first=SECOND)).values()) == {True}


def test_a_statement_that_the_ledger_never_had_fails(history: Community, materialize: Materialize) -> None:
    materialize("squad_pools", first=FIRST)
    with history.engine.begin() as connection:
        rows = marts.read_days(connection, marts.table("squad_pools"), FIRST, FIRST)
        marts.replace_days(
            connection, marts.table("squad_pools"), FIRST, FIRST, rows.assign(closing_micro=12_345)
        )
    result = materialize("squad_pools", first=SECOND)
    assert not result.success
    assert (
        "| squad x, 2026-02-03 | 60 | 0.012345 |" in failed_checks(result)["opening_equals_previous_closing"]
    )


def test_a_clock_that_was_set_back_leaves_statements_right(
    history: Community, materialize: Materialize
) -> None:
    history.give(("a", "x", 3), moment=f"{SECOND} 12:00+00")  # after the facts of the third day
    assert set(checks_of(materialize("squad_pools", first=FIRST, last=THIRD)).values()) == {True}
    assert history.rows(STATEMENTS.format(THIRD))[0] == ("x", 63 * TOKEN, 0, 0, 0, 63 * TOKEN)


def test_what_the_mechanisms_would_have_paid(history: Community, materialize: Materialize) -> None:
    assert materialize("mechanism_comparison", first=FIRST, last=THIRD).success
    assert history.rows(
        "SELECT round_id, squad_id, mechanism, weight_micro::bigint, match_micro, paid_micro"
        " FROM marts.mechanism_comparison ORDER BY 1, 2, 3"
    ) == [
        (1, "x", "clr", 20 * TOKEN, 20 * TOKEN, 40 * TOKEN),
        # One pair whose overlap is 10 tokens, under a bound of 25: 2 · 10 · 25 / 35.
        (1, "x", "pairwise", 14_285_714, 14_285_714, 40 * TOKEN),
        (1, "x", "quadratic", 40 * TOKEN, 40 * TOKEN, 40 * TOKEN),
        (2, "y", "clr", 20 * TOKEN, 20 * TOKEN, 45 * TOKEN),
        (2, "y", "pairwise", 14_285_714, 14_285_714, 45 * TOKEN),
        (2, "y", "quadratic", 45 * TOKEN, 45 * TOKEN, 45 * TOKEN),
    ]


def test_marts_are_read_back_exactly(database: Database) -> None:
    weight = 10**49 + 1
    rows = pd.DataFrame(
        {
            "effective_on": [FIRST],
            "round_id": [2**53 + 1],
            "squad_id": ["x"],
            "mechanism": ["quadratic"],
            "contributors": [2],
            "weight_micro": [weight],
            "match_micro": [2**63 - 1],
            "paid_micro": [0],
        }
    )
    tables = MartTables(url=database.url)
    key = dg.AssetKey("mechanism_comparison")
    span = dg.PartitionKeyRange(str(FIRST), str(SECOND))
    days = dg.DailyPartitionsDefinition(str(FIRST))
    tables.handle_output(
        dg.build_output_context(asset_key=key, partition_key=str(FIRST), asset_partitions_def=days),
        rows,
    )
    loaded = tables.load_input(
        dg.build_input_context(asset_key=key, asset_partition_key_range=span, asset_partitions_def=days)
    )
    read = loaded[["round_id", "weight_micro", "match_micro"]].map(int)
    assert read.to_numpy()[0].tolist() == [
        2**53 + 1,
        weight,
        2**63 - 1,
    ]
    assert str(loaded["match_micro"].dtype) == "int64[pyarrow]"
