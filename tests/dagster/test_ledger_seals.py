"""Materializing ledger_seals: today it seals, the past it audits; its sensor, its checks, its lineage."""

from datetime import date, timedelta

import dagster as dg
import pytest

from assets.ledger import ledger_seals
from resources.database import Database
from sensors.gaps import DRIVER_TAG, gap_sensor
from squads_pipeline.definitions import defs
from squads_pipeline.drivers.audit_seals import audit_day
from squads_pipeline.drivers.run import DriverRun
from squads_pipeline.drivers.seal_ledger import seal_ledger
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import policies
from tests.dagster.conftest import Community, Materialize, checks_of, failed_checks, metadata_of
from tests.dagster.test_gap_sensor import evaluated

PAST = "2026-02-03"
SENSOR = gap_sensor(ledger_seals, stay=timedelta(0))


def seal_at_once(people: Community) -> None:
    with people.at(None) as connection:
        policies.adopt(connection, Policy(seal_after_seconds=0), adopted_by="test", reason="at once")


@pytest.fixture
def history(empty: Community) -> Community:
    """Three mints and a contribution, sealed on a past day, and a contribution sealed the day after."""
    empty.found(f"{PAST} 08:00+00")
    empty.give(("a", "x", 10), moment=f"{PAST} 09:00+00")
    with empty.at(f"{PAST} 10:00+00") as connection:
        seal_ledger(connection, DriverRun("past"))
    empty.give(("b", "x", 10), moment="2026-02-04 09:00+00")
    with empty.at("2026-02-04 10:00+00") as connection:
        seal_ledger(connection, DriverRun("next day"))
    return empty


def test_today_it_seals_and_every_check_is_green(
    people: Community, materialize: Materialize, today: date
) -> None:
    seal_at_once(people)
    result = materialize("ledger_seals", first=today)
    assert result.success
    assert checks_of(result) == {
        "links_recompute_equal": True,
        "no_unit_fails": True,
        "nothing_is_late": True,
        "seals_continue_each_other": True,
        "transfers_are_sealed_or_wait": True,
    }
    told = metadata_of(result, "ledger_seals")[today.isoformat()]
    assert (told["gap before, units"], told["gap after, units"]) == (1, 0)
    assert (told["action"], told["transfers sealed"], told["units"]) == ("drove", 3, 1)
    assert (told["dagster/partition_row_count"], told["transfers sealed on the day"]) == (1, 3)
    assert told["head of the day"] == told["head"]
    again = metadata_of(materialize("ledger_seals", first=today), "ledger_seals")[today.isoformat()]
    assert (again["units"], people.count("squads.ledger_seals")) == (0, 1)


def test_a_past_day_is_audited_and_seals_nothing(history: Community, materialize: Materialize) -> None:
    history.give(("c", "x", 10))
    result = materialize("ledger_seals", first=date.fromisoformat(PAST))
    assert result.success
    told = metadata_of(result, "ledger_seals")[PAST]
    assert (told["action"], told["audited transfers"], told["differences"]) == ("audited", 4, 0)
    assert history.count("squads.ledger_seals") == 2


def test_a_difference_fails_the_run_of_its_day(history: Community, materialize: Materialize) -> None:
    history.tamper("entries", "balance_after_micro = 7 WHERE transfer_id = 4 AND entry_no = 1")
    result = materialize("ledger_seals", first=date.fromisoformat(PAST))
    assert not result.success
    assert "| transfer 4 with its entries, position 4 |" in failed_checks(result)["links_recompute_equal"]
    assert materialize("ledger_seals", first=date(2026, 2, 4)).success
    with history.engine.connect() as connection:
        facts = [audit_day(connection, date(2026, 2, day)).facts for day in (2, 3, 4)]
    assert [(one["audited_transfers"], one["differences"]) for one in facts] == [(0, 0), (4, 1), (1, 0)]


def test_a_tick_asks_for_today_while_the_gap_is_open(
    people: Community, instance: dg.DagsterInstance, database: Database, today: date
) -> None:
    closed = "no gap: gaps.ledger_seals is empty, nothing is missing now"
    assert evaluated(SENSOR, instance, database).skip_message == closed  # five minutes have not passed
    seal_at_once(people)
    [request] = evaluated(SENSOR, instance, database).run_requests or []
    assert request.partition_key == today.isoformat()
    assert request.asset_selection == [dg.AssetKey("ledger_seals")]
    assert request.tags[DRIVER_TAG] == "seal_ledger"
    with people.engine.begin() as connection:
        seal_ledger(connection, DriverRun("now"))
    assert evaluated(SENSOR, instance, database).skip_message == closed


def test_the_seal_comes_after_whatever_moves_money() -> None:
    parents = defs.resolve_asset_graph().get(dg.AssetKey("ledger_seals")).parent_keys
    assert {key.to_user_string() for key in parents} == {
        *("contributions", "squads_formed", "pledged_contributions", "qf_matches"),
        *("harvest_distributions", "credit_dividends"),
    }
