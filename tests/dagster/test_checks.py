"""Tampered facts: after a run of their day, and over all of history, the check that guards them names them."""

from datetime import date, timedelta

import dagster as dg
import pytest

from assets.checks import CHECKS
from assets.funding import FUNDING_ASSETS
from assets.marts import MARTS
from assets.sources import SOURCES
from resources.database import Database
from resources.tables import MartTables
from squads_pipeline.drivers.audit_matches import findings_between
from squads_pipeline.store.invariants import INVARIANTS
from tests.dagster.conftest import Community, Materialize, failed_checks, tamper

DAY = "2026-02-03"

# Table, change, check that fails, what it names. A line each, however long.
# ruff: noqa: E501
TAMPERED = [
    ("accounts", "balance_micro = balance_micro + 1 WHERE name = 'wallet:a'", "balances_sum_to_zero", "| 1 µT |"),
    ("accounts", "version = version + 1 WHERE name = 'wallet:a'", "entries_explain_balances", "account wallet:a"),
    ("entries", "amount_micro = amount_micro + 1 WHERE transfer_id = 5 AND entry_no = 2", "entries_explain_balances", "transfer 5"),
    ("entries", "balance_after_micro = 7 WHERE transfer_id = 5 AND entry_no = 1", "entries_explain_balances", "7 µT"),
    ("entries", "account_version = 99 WHERE transfer_id = 5 AND entry_no = 2", "entries_explain_balances", "no entry before it"),
    ("entries", "balance_after_micro = -7 WHERE transfer_id = 5 AND entry_no = 1", "nothing_is_overdrawn", "-7 µT"),
    ("squad_grants", "amount_micro = 1 WHERE id = 5", "pools_are_grants_less_payouts", "a grant of 1 µT"),
    ("squad_grants", "squad_id = 'y' WHERE id = 5", "pools_are_grants_less_payouts", "to squad y"),
    ("qf_claims", "contribution_id = 999 WHERE contribution_id = 5", "contributions_are_claimed_once", "contribution 5"),
    ("qf_rounds", "budget_micro = 1 WHERE id = 2", "rounds_keep_to_their_bounds", "round 2"),
    ("qf_rounds", "budget_micro = budget_micro - 1 WHERE id = 2", "rounds_recompute_equal", "round 2: budget_micro"),
    ("qf_rounds", "mechanism = 'clr' WHERE id = 2", "rounds_recompute_equal", "round 2: mechanism"),
    ("qf_matches", "match_micro = match_micro - 1 WHERE round_id = 1 AND squad_id = 'x'", "rounds_recompute_equal", "round 1, squad x: match_micro | 40000000 | 39999999"),
    ("qf_matches", "match_micro = match_micro - 1 WHERE round_id = 1 AND squad_id = 'x'", "rounds_keep_to_their_bounds", "round 1, squad x"),
    ("qf_matches", "root_sum = root_sum + 1 WHERE round_id = 1 AND squad_id = 'x'", "rounds_recompute_equal", "round 1, squad x: root_sum"),
    ("qf_matches", "contributors = 3 WHERE round_id = 1 AND squad_id = 'x'", "rounds_recompute_equal", "round 1, squad x: contributors | 2 | 3"),
    ("qf_matches", "matched_before_micro = 0 WHERE round_id = 2 AND squad_id = 'x'", "rounds_recompute_equal", "round 2, squad x: matched_before_micro"),
    ("qf_matches", "due_micro = 1 WHERE round_id = 2 AND squad_id = 'x'", "rounds_recompute_equal", "round 2, squad x: due_micro"),
    ("qf_matches", "weight_micro = 1 WHERE round_id = 2 AND squad_id = 'x'", "rounds_recompute_equal", "round 2, squad x: weight_micro"),
    ("qf_matches", "reason = 'a favour' WHERE round_id = 2 AND squad_id = 'x'", "rounds_recompute_equal", "paid in full | a favour"),
    ("qf_matches", "squad_id = 'y' WHERE round_id = 2 AND squad_id = 'x'", "rounds_recompute_equal", "round 2, squad x: row"),
    ("transfers", "amount_micro = 1 WHERE idempotency_key = 'match:1:x:0'", "rounds_recompute_equal", "round 1, squad x: transfer | 40000000 | 1"),
    ("transfers", "idempotency_key = 'match:1:z:0' WHERE idempotency_key = 'match:1:x:0'", "rounds_recompute_equal", "transfer match:1:z:0"),
]  # fmt: skip


@pytest.fixture
def history(empty: Community) -> Community:
    """Two rounds on a past day: transfer 5 is the second contribution."""
    empty.found(f"{DAY} 08:00+00")
    empty.give(("a", "x", 10), ("b", "x", 10), moment=f"{DAY} 09:00+00")
    empty.round(f"{DAY} 10:00+00")
    empty.give(("a", "x", 7), ("c", "x", 3), moment=f"{DAY} 11:00+00")
    empty.round(f"{DAY} 12:00+00")
    return empty


FINDERS = {one.name: one.find for one in INVARIANTS.values()} | {"rounds_recompute_equal": findings_between}


@pytest.mark.parametrize("table", sorted({table for table, *_ in TAMPERED}))
def test_a_tampered_fact_is_found_by_the_invariant_that_guards_it_and_named(
    history: Community, table: str
) -> None:
    for _, change, check, named in [case for case in TAMPERED if case[0] == table]:
        with history.engine.connect() as connection:
            tamper(connection, table, change)
            for since in (date.fromisoformat(DAY), None):
                found = FINDERS[check](connection, since)
                said = [f"| {one.subject} | {one.expected} | {one.found} |" for one in found.first]
                assert any(named in line for line in said), (change, since, said)
            connection.rollback()


@pytest.mark.parametrize(("table", "change", "check", "named"), TAMPERED[::7])
def test_a_tampered_fact_fails_the_run_of_its_day_and_is_named(
    history: Community, materialize: Materialize, table: str, change: str, check: str, named: str
) -> None:
    history.tamper(table, change)
    result = materialize("qf_matches", first=date.fromisoformat(DAY))
    assert not result.success  # a failed blocking check fails the run
    assert named in failed_checks(result)[check]


def test_a_deleted_claim_is_missed(history: Community, materialize: Materialize) -> None:
    history.tamper("qf_claims", "contribution_id = -1 WHERE contribution_id = 5")
    failed = failed_checks(materialize("qf_matches", first=date.fromisoformat(DAY)))
    assert (
        "| contribution 5 | waiting in the inbox or claimed by one round | neither |"
        in (failed["contributions_are_claimed_once"])
    )


def test_the_last_round_of_today_is_decided_again_from_its_own_inputs(
    people: Community, materialize: Materialize, today: date
) -> None:
    people.give(("a", "x", 10), ("b", "x", 10))
    people.round()
    people.tamper("qf_matches", "match_micro = match_micro - 1")
    failed = failed_checks(materialize("qf_matches", first=today))
    assert "round 1, squad x: match_micro | 40000000 | 39999999" in failed["rounds_recompute_equal"]


def test_a_contribution_that_a_round_left_behind_is_named(
    history: Community, materialize: Materialize
) -> None:
    history.give(("a", "y", 1), moment=f"{DAY} 11:30+00")
    failed = failed_checks(materialize("qf_matches", first=date.fromisoformat(DAY)))
    assert "claimed by round 2" in failed["nothing_is_left_behind"]


def test_after_a_failed_check_marts_in_the_same_run_do_not_run(
    history: Community, materialize: Materialize
) -> None:
    history.tamper("qf_matches", "reason = 'a favour'")
    result = materialize("qf_matches", "squad_pools", first=date.fromisoformat(DAY))
    assert not result.success
    assert result.asset_materializations_for_node("squad_pools") == []


def test_an_audit_judges_the_days_of_its_run_alone(history: Community, materialize: Materialize) -> None:
    # Facts of another day are that day's to find, and cost its audit.
    day = date.fromisoformat(DAY)
    history.give(("a", "x", 20), ("b", "x", 20), moment=f"{day + timedelta(1)} 09:00+00")
    history.round(f"{day + timedelta(1)} 10:00+00")
    history.tamper("qf_matches", f"reason = 'a favour' WHERE effective_on > '{day}'")
    result = materialize("qf_matches", first=day)
    assert failed_checks(result) == {}
    (audit,) = (
        one for one in result.get_asset_check_evaluations() if one.check_name == "rounds_recompute_equal"
    )
    stored = history.rows(f"SELECT count(*) FROM squads.qf_matches WHERE effective_on = '{day}'")
    assert audit.metadata["facts verified"].value == stored[0][0]
    assert "rounds_recompute_equal" in failed_checks(materialize("qf_matches", first=day + timedelta(1)))


def test_a_check_run_by_itself_looks_at_all_of_history(
    history: Community, database: Database, instance: dg.DagsterInstance
) -> None:
    history.tamper("qf_matches", "reason = 'a favour' WHERE round_id = 1")
    result = dg.materialize(
        [*SOURCES, *FUNDING_ASSETS, *MARTS, *CHECKS],
        selection=dg.AssetSelection.checks(
            dg.AssetCheckKey(dg.AssetKey("qf_matches"), "rounds_recompute_equal")
        ),
        resources={"database": database, "marts": MartTables(url=database.url)},
        instance=instance,
        raise_on_error=False,
    )
    assert set(failed_checks(result)) == {"rounds_recompute_equal"}
