"""Materializing squad_rosters: today edges are taken, the past is audited; its checks name what was tampered with."""

from collections.abc import Callable
from datetime import date, timedelta

import dagster as dg
import pytest
from sqlalchemy import Engine, text

from assets.driven import DrivenConfig
from assets.formation import FORMATION_ASSETS
from assets.roster_checks import ROSTER_CHECKS
from assets.rosters import ROSTER_ASSETS, squad_rosters
from assets.sources import SOURCES
from resources.database import Database
from sensors.gaps import DRIVER_TAG, gap_sensor
from tests.dagster.conftest import checks_of, failed_checks, metadata_of, tamper
from tests.dagster.test_gap_sensor import evaluated
from tests.drivers.roster_world import CLOSED, OVER, agents, form, rows, run

Fill = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def fill(database_url: str, instance: dg.DagsterInstance) -> Fill:
    """Materialize the asset with its checks for a day."""

    def materialize(day: date, *, dry_run: bool = False) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            [*SOURCES, *FORMATION_ASSETS, *ROSTER_ASSETS, *ROSTER_CHECKS],
            selection=dg.AssetSelection.assets("squad_rosters"),
            partition_key=day.isoformat(),
            resources={"database": Database(url=database_url)},
            run_config=dg.RunConfig(ops={"squad_rosters": DrivenConfig(dry_run=dry_run)}),
            instance=instance,
            raise_on_error=False,
        )

    return materialize


@pytest.fixture
def closed(engine: Engine) -> Engine:
    """A squad whose recruitment has closed, with one member."""
    agents(engine, "ada")
    form(engine, "ada", "heat")
    return engine


@pytest.mark.usefixtures("closed")
def test_today_squads_begin_and_every_check_is_green(fill: Fill, today: date) -> None:
    result = fill(today)
    assert result.success
    assert set(checks_of(result)) == {
        "active_squads_have_one_lead",
        "members_are_within_capacity",
        "accepted_bids_are_members",
        "events_replay_to_the_state",
        "edges_recompute_equal",
    }
    assert set(checks_of(result).values()) == {True}
    told = metadata_of(result, "squad_rosters")[today.isoformat()]
    assert (told["action"], told["units"], told["activated"]) == ("drove", 1, 1)
    assert (told["gap before, units"], told["gap after, units"]) == (1, 0)
    assert (told["dagster/partition_row_count"], told["activated on the day"]) == (1, 1)


def test_a_dry_run_changes_no_squad(closed: Engine, fill: Fill, today: date) -> None:
    result = fill(today, dry_run=True)
    assert result.success
    assert result.asset_materializations_for_node("squad_rosters") == []
    assert rows(closed, "SELECT status FROM squads.research_squads") == [("recruiting",)]


def test_a_past_day_is_audited_and_nothing_is_written(closed: Engine, fill: Fill) -> None:
    run(closed, CLOSED)
    run(closed, OVER)
    result = fill(date(2026, 3, 11))
    assert result.success
    told = metadata_of(result, "squad_rosters")["2026-03-11"]
    assert (told["action"], told["audited edges"], told["differences"]) == ("audited", 1, 0)
    assert rows(closed, "SELECT status FROM squads.research_squads") == [("harvesting",)]
    with closed.begin() as connection:
        tamper(connection, "squad_events", "reason = 'just so' WHERE event_no = 3")
    failed = failed_checks(fill(date(2026, 3, 11)))
    assert list(failed) == ["edges_recompute_equal"]
    assert "to active: just so" in failed["edges_recompute_equal"]


def test_the_sensor_asks_while_a_squad_is_due(
    engine: Engine, instance: dg.DagsterInstance, database_url: str, today: date
) -> None:
    sensor = gap_sensor(squad_rosters, stay=timedelta(0))
    database = Database(url=database_url)
    assert "gaps.squad_rosters is empty" in str(evaluated(sensor, instance, database).skip_message)
    agents(engine, "ada")
    form(engine, "ada", "heat")
    (request,) = evaluated(sensor, instance, database).run_requests or []
    assert (request.partition_key, request.run_key) == (today.isoformat(), None)
    assert request.asset_selection == [dg.AssetKey("squad_rosters")]
    assert request.tags[DRIVER_TAG] == "fill_rosters"
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE squads.research_squads SET recruitment_closes_at = now() + interval '1 day'")
        )
    assert not evaluated(sensor, instance, database).run_requests
    database.close()
