"""Materializing squads_formed: today it forms, the past it audits; its checks name what was tampered with."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest
from sqlalchemy import Engine, text

from assets.driven import DrivenConfig
from assets.formation import FORMATION_ASSETS, squads_formed
from assets.formation_checks import FORMATION_CHECKS
from assets.sources import SOURCES
from resources.database import Database
from sensors.gaps import DRIVER_TAG, gap_sensor
from squads_pipeline.drivers.audit_formations import findings_between
from squads_pipeline.drivers.form_squads import form_squads
from squads_pipeline.drivers.run import DriverRun
from squads_pipeline.store.formation_invariants import FORMATION_INVARIANTS
from tests.dagster.conftest import checks_of, failed_checks, metadata_of, tamper
from tests.dagster.test_gap_sensor import evaluated
from tests.drivers.formation_world import TOKEN, add, adopt, rows

PAST = "2026-02-03"
Form = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def form(database_url: str, instance: dg.DagsterInstance) -> Form:
    """Materialize the asset with its checks for a day."""

    def run(day: date, *, dry_run: bool = False) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            [*SOURCES, *FORMATION_ASSETS, *FORMATION_CHECKS],
            selection=dg.AssetSelection.assets("squads_formed"),
            partition_key=day.isoformat(),
            resources={"database": Database(url=database_url)},
            run_config=dg.RunConfig(ops={"squads_formed": DrivenConfig(dry_run=dry_run)}),
            instance=instance,
            raise_on_error=False,
        )

    return run


@pytest.fixture
def history(engine: Engine) -> Engine:
    """Two squads formed on a past day, the second with a part of its seed."""
    adopt(engine, treasury_target_micro=6_000 * TOKEN)
    add(engine, ("a", 1_000_000), ("b", 900_000))
    with engine.begin() as connection:
        connection.execute(text("UPDATE squads.knowledge_gaps SET created_at = '2026-02-01 00:00+00'"))
        connection.execute(text(f"SET LOCAL squads.clock = '{PAST} 10:00+00'"))
        form_squads(connection, DriverRun("past"))
    return engine


def test_today_it_forms_and_every_check_is_green(engine: Engine, form: Form, today: date) -> None:
    add(engine, ("sleep", 950_000))
    result = form(today)
    assert result.success
    assert set(checks_of(result)) == {
        "one_live_root_squad_per_target",
        "events_replay_to_the_state",
        "seeds_agree_with_the_ledger",
        "formations_recompute_equal",
    }
    assert set(checks_of(result).values()) == {True}
    told = metadata_of(result, "squads_formed")[today.isoformat()]
    assert (told["action"], told["squads formed"], told["seeds, tokens"]) == ("drove", 1, "4,750")
    assert (told["gap before, units"], told["gap after, units"]) == (1, 0)
    assert (told["dagster/partition_row_count"], told["gap before, tokens"]) == (1, "4,750")
    assert "| gap sleep | 0.95 | 4,750 | 0 |" in str(told["largest seeds"])


def test_a_dry_run_forms_nothing(engine: Engine, form: Form, today: date) -> None:
    add(engine, ("sleep", 950_000))
    result = form(today, dry_run=True)
    assert result.success
    assert result.asset_materializations_for_node("squads_formed") == []
    assert rows(engine, "SELECT count(*) FROM squads.research_squads") == [(0,)]


def test_a_past_day_is_audited_and_nothing_is_written(history: Engine, form: Form) -> None:
    before = rows(history, "SELECT count(*) FROM squads.transfers")
    result = form(date.fromisoformat(PAST))
    assert result.success
    told = metadata_of(result, "squads_formed")[PAST]
    assert (told["action"], told["audited formations"], told["differences"]) == ("audited", 2, 0)
    assert rows(history, "SELECT count(*) FROM squads.transfers") == before
    assert set(checks_of(result).values()) == {True}


# Table, change, check that fails, what it names.
TAMPERED = [
    ("squads_formed", "seed_micro = 1 WHERE artifact_id = 'a'", "formations_recompute_equal", "5000000000"),
    ("squads_formed", "seed_micro = 1 WHERE artifact_id = 'a'", "seeds_agree_with_the_ledger", "seed of 1"),
    ("squads_formed", "importance_ppm = 7 WHERE artifact_id = 'a'", "formations_recompute_equal", "500000"),
    ("squads_formed", "artifact_id = 'a' WHERE artifact_id = 'b'", "formations_recompute_equal", "gap-a-"),
    ("transfers", "kind = 'seed' WHERE kind = 'mint'", "seeds_agree_with_the_ledger", "to treasury"),
    ("squad_grants", "amount_micro = 7", "seeds_agree_with_the_ledger", "7 µT paid"),
    ("unpaid_seeds", "missing_micro = 7", "seeds_agree_with_the_ledger", "4499999993 µT paid"),
    ("research_squads", "status = 'active'", "events_replay_to_the_state", "| recruiting | active |"),
    (
        "squad_events",
        "from_status = 'active', to_status = 'harvesting' WHERE event_no = 2",
        "events_replay_to_the_state",
        "an edge from forming | an edge from active",
    ),
    ("squad_events", "event_no = 9 WHERE event_no = 2", "events_replay_to_the_state", "an edge from nothing"),
]
FINDERS = {one.name: one.find for one in FORMATION_INVARIANTS} | {
    "formations_recompute_equal": findings_between
}


@pytest.mark.parametrize(("table", "change", "check", "named"), TAMPERED)
def test_a_tampered_fact_is_named(history: Engine, table: str, change: str, check: str, named: str) -> None:
    with history.connect() as connection:
        tamper(connection, table, change)
        for since in (date.fromisoformat(PAST), None):
            found = FINDERS[check](connection, since)
            said = [f"| {one.subject} | {one.expected} | {one.found} |" for one in found.first]
            assert any(named in line for line in said), (since, said)


def test_edges_and_roots_that_the_database_would_refuse_are_named_too(history: Engine) -> None:
    names = {one.name: one.find for one in FORMATION_INVARIANTS}
    with history.connect() as connection:
        connection.execute(text("ALTER TABLE squads.squad_events DROP CONSTRAINT squad_events_edge_is_legal"))
        tamper(connection, "squad_events", "to_status = 'disbanded' WHERE event_no = 2")
        found = names["events_replay_to_the_state"](connection, None)
        assert any(one.expected == "an edge of the lifecycle" for one in found.first)
        connection.execute(text("DROP INDEX squads.research_squads_one_live_root_per_target"))
        connection.execute(text("UPDATE squads.research_squads SET target_artifact_id = 'a'"))
        assert names["one_live_root_squad_per_target"](connection, date.fromisoformat(PAST)).total == 1


def test_a_failed_check_fails_the_run(history: Engine, form: Form) -> None:
    with history.begin() as connection:
        tamper(connection, "squads_formed", "seed_micro = 1 WHERE artifact_id = 'a'")
    result = form(date.fromisoformat(PAST))
    assert not result.success
    assert "seed_micro | 5000000000 | 1" in failed_checks(result)["formations_recompute_equal"]


def test_the_sensor_asks_while_something_can_be_done(
    engine: Engine, instance: dg.DagsterInstance, database_url: str, today: date
) -> None:
    sensor = gap_sensor(squads_formed, stay=timedelta(0))
    database = Database(url=database_url)
    assert "gaps.squads_formed is empty" in str(evaluated(sensor, instance, database).skip_message)
    adopt(engine, treasury_target_micro=TOKEN)
    add(engine, ("a", 1_000_000), ("b", 900_000))
    (request,) = evaluated(sensor, instance, database).run_requests or []
    assert (request.partition_key, request.run_key) == (today.isoformat(), None)
    assert request.asset_selection == [dg.AssetKey("squads_formed")]
    assert request.tags[DRIVER_TAG] == "form_squads"
    with engine.begin() as connection:
        form_squads(connection, DriverRun("test"))
    # Two units are open and wait for the treasury: asking again and again would be of no use.
    assert rows(engine, "SELECT count(*), min(since) > now() FROM gaps.squads_formed") == [(2, True)]
    assert not evaluated(sensor, instance, database).run_requests
    database.close()


def test_midnight_opens_what_waited(history: Engine) -> None:
    waits_until = rows(history, "SELECT DISTINCT since FROM gaps.squads_formed")
    assert waits_until[0][0] < datetime.now(UTC)  # type: ignore[operator]
