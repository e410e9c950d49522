"""Units that fail, in the UI: a table beside the run, a check that warns, and what the sensor says."""

from datetime import date, timedelta

import dagster as dg
from sqlalchemy import Engine, text

from assets.funding import qf_matches
from assets.gap_checks import GAP_CHECKS, NO_UNIT_FAILS, NOTHING_IS_LATE
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
        [*SOURCES, qf_matches, *GAP_CHECKS],
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


def test_every_driven_asset_has_both_checks_and_neither_blocks() -> None:
    graph = defs.resolve_asset_graph()
    for name in (NO_UNIT_FAILS, NOTHING_IS_LATE):
        keys = [key for key in graph.asset_check_keys if key.name == name]
        assert {key.asset_key.path[-1] for key in keys} == set(GAPS)
        assert not any(graph.get_check_spec(key).blocking for key in keys)


def test_a_unit_that_waits_for_too_long_is_late(
    people: Community, instance: dg.DagsterInstance, database: Database
) -> None:
    def late() -> dg.AssetCheckEvaluation:
        result = dg.materialize(
            [*SOURCES, qf_matches, *GAP_CHECKS],
            selection=dg.AssetSelection.checks(dg.AssetCheckKey(qf_matches.key, NOTHING_IS_LATE)),
            resources={"database": database},
            instance=instance,
        )
        [check] = result.get_asset_check_evaluations()
        return check

    people.give(("a", "x", 10), ("b", "x", 10))
    assert late().passed
    people.write("UPDATE squads.qf_unclaimed SET granted_at = granted_at - interval '61 minutes'")
    check = late()
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert int(str(check.metadata["oldest waits, seconds"].value)) >= 61 * 60


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
