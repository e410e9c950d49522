"""Units that fail, in the UI: a table beside the run, a check that warns, and what the sensor says."""

from datetime import date, timedelta

import dagster as dg
from sqlalchemy import Engine, text

from assets.driven import FAILURE_CHECKS, NO_UNIT_FAILS
from assets.funding import qf_matches
from assets.sources import SOURCES
from resources.database import Database
from sensors.gaps import gap_sensor
from squads_pipeline.definitions import defs
from squads_pipeline.store.gaps import GAPS
from tests.dagster.conftest import Community
from tests.dagster.test_gap_sensor import evaluated


def broken(people: Community) -> Community:
    """Squad y has lost its pool; both squads are to be matched."""
    people.give(("a", "x", 10), ("b", "x", 10), ("a", "y", 10), ("b", "y", 10))
    people.write("UPDATE squads.accounts SET name = 'lost' WHERE name = 'squad:y'")
    return people


def run(instance: dg.DagsterInstance, database: Database, today: date) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [*SOURCES, qf_matches, *FAILURE_CHECKS],
        selection=dg.AssetSelection.assets(qf_matches),
        partition_key=today.isoformat(),
        resources={"database": database},
        instance=instance,
    )


def test_a_run_succeeds_and_its_check_warns(
    people: Community, instance: dg.DagsterInstance, database: Database, today: date
) -> None:
    broken(people)
    result = run(instance, database, today)
    assert result.success
    [check] = [one for one in result.get_asset_check_evaluations() if one.check_name == NO_UNIT_FAILS]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    [shown] = result.asset_materializations_for_node("qf_matches")
    for table in (check.metadata["failing units"].value, shown.metadata["failing units"].value):
        assert "| squad:y | There is no account squad:y | 1 | " in str(table)
    assert people.rows("SELECT squad_id FROM squads.qf_matches") == [("x",)]


def test_every_driven_asset_has_the_check() -> None:
    graph = defs.resolve_asset_graph()
    keys = {key.asset_key.path[-1] for key in graph.asset_check_keys if key.name == NO_UNIT_FAILS}
    assert keys == set(GAPS)
    assert not any(
        graph.get_check_spec(key).blocking for key in graph.asset_check_keys if key.name == NO_UNIT_FAILS
    )


def test_the_sensor_says_that_only_failing_units_remain(
    people: Community, instance: dg.DagsterInstance, database: Database, today: date, engine: Engine
) -> None:
    broken(people)
    run(instance, database, today)
    sensor = gap_sensor(qf_matches, stay=timedelta(0))
    said = str(evaluated(sensor, instance, database).skip_message)
    assert said.startswith("only 1 failing unit of gaps.qf_matches: tried again from ")
    with engine.begin() as connection:
        connection.execute(text("UPDATE squads.gap_failures SET retry_at = now()"))
    assert evaluated(sensor, instance, database).run_requests
