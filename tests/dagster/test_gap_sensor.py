"""Real ticks of the gap sensor on a real instance: when it asks for a run, and what it says if not."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData
from dagster._core.remote_origin import (
    InProcessCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.test_utils import create_run_for_test
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from assets import tags
from assets.funding import qf_matches
from resources.database import Database
from sensors.gaps import DRIVER_TAG, TOO_OLD, gap_sensor
from squads_pipeline.definitions import defs
from tests.dagster.conftest import Community

SENSOR = gap_sensor(qf_matches, stay=timedelta(0))
# Where a job's code is; Dagster wants it of queued runs, and nobody looks there.
ORIGIN = RemoteJobOrigin(
    RemoteRepositoryOrigin(
        InProcessCodeLocationOrigin(LoadableTargetOrigin(module_name="nowhere")), "nothing"
    ),
    "nothing",
)
MATCHING = {DRIVER_TAG: "match_round"}


def evaluated(
    sensor: dg.SensorDefinition, instance: dg.DagsterInstance, database: Database
) -> SensorExecutionData:
    repository = defs.get_repository_def()
    with dg.build_sensor_context(
        instance=instance,
        resources={"database": database},
        repository_def=repository,
        sensor_name=sensor.name,
    ) as context:
        return sensor.evaluate_tick(context)


def tick(instance: dg.DagsterInstance, database: Database) -> dg.RunRequest | str:
    """The run that a tick asks for, or why it asks for none."""
    data = evaluated(SENSOR, instance, database)
    assert data.cursor is None
    if data.run_requests:
        (request,) = data.run_requests
        return request
    return str(data.skip_message)


def open_gap(people: Community) -> None:
    people.give(("a", "x", 10), ("b", "x", 10))


def test_no_gap(instance: dg.DagsterInstance, database: Database, people: Community) -> None:
    assert tick(instance, database) == "no gap: gaps.qf_matches is empty, nothing is missing now"
    people.give(("a", "x", 10))
    assert str(tick(instance, database)).startswith("no gap")


def test_an_open_gap_asks_for_today_with_tags_and_no_run_key(
    instance: dg.DagsterInstance, database: Database, people: Community, today: date
) -> None:
    open_gap(people)
    request = tick(instance, database)
    assert isinstance(request, dg.RunRequest)
    assert request.partition_key == today.isoformat()
    assert request.run_key is None
    assert request.asset_selection == [dg.AssetKey("qf_matches")]
    assert request.tags[DRIVER_TAG] == "match_round"
    assert request.tags["squads/gap"] == "qf_matches"
    assert len(request.tags["squads/policy"]) == 16


def test_a_tick_sees_a_gap_that_opens_while_it_stays(
    instance: dg.DagsterInstance, database: Database, people: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sensors.gaps.time.sleep", lambda _: open_gap(people))
    staying = gap_sensor(qf_matches, stay=timedelta(seconds=60))
    assert len(evaluated(staying, instance, database).run_requests or []) == 1


@pytest.mark.parametrize(
    "status",
    [
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    ],
)
def test_a_run_in_flight_holds_back(
    instance: dg.DagsterInstance, database: Database, people: Community, status: dg.DagsterRunStatus
) -> None:
    open_gap(people)
    run = create_run_for_test(instance, tags=MATCHING, status=status, remote_job_origin=ORIGIN)
    assert tick(instance, database) == f"run {run.run_id} in flight"


def test_a_run_in_flight_of_another_driver_does_not(
    instance: dg.DagsterInstance, database: Database, people: Community
) -> None:
    open_gap(people)
    create_run_for_test(instance, tags={DRIVER_TAG: "form_squads"}, status=dg.DagsterRunStatus.STARTED)
    assert isinstance(tick(instance, database), dg.RunRequest)


def test_a_run_that_is_in_flight_for_too_long_does_not(
    instance: dg.DagsterInstance, database: Database, people: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_gap(people)
    create_run_for_test(instance, tags=MATCHING, status=dg.DagsterRunStatus.STARTED)
    monkeypatch.setattr("sensors.gaps.TOO_OLD", -TOO_OLD)  # as if it had been created long ago
    assert isinstance(tick(instance, database), dg.RunRequest)


def test_failures_hold_back_until_a_success(
    instance: dg.DagsterInstance, database: Database, people: Community
) -> None:
    open_gap(people)
    failed_at = datetime.now(UTC)
    create_run_for_test(instance, tags=MATCHING, status=dg.DagsterRunStatus.SUCCESS)
    create_run_for_test(instance, tags=MATCHING, status=dg.DagsterRunStatus.FAILURE)
    create_run_for_test(instance, tags=MATCHING, status=dg.DagsterRunStatus.CANCELED)
    create_run_for_test(instance, tags=MATCHING, status=dg.DagsterRunStatus.FAILURE)
    reason = str(tick(instance, database))
    assert reason.startswith("backing off until ")
    assert reason.endswith(" UTC after 2 failed runs")
    until = datetime.strptime(reason.split()[3], "%H:%M:%S").replace(tzinfo=UTC).time()
    assert until >= (failed_at + timedelta(seconds=29)).time() or until.hour == 0
    create_run_for_test(instance, tags=MATCHING, status=dg.DagsterRunStatus.SUCCESS)
    assert isinstance(tick(instance, database), dg.RunRequest)


def test_a_failure_long_ago_does_not_hold_back(
    instance: dg.DagsterInstance, database: Database, people: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_gap(people)
    create_run_for_test(instance, tags=MATCHING, status=dg.DagsterRunStatus.FAILURE)
    monkeypatch.setattr("sensors.back_off.FIRST_WAIT", timedelta(0))
    assert isinstance(tick(instance, database), dg.RunRequest)


def test_a_database_that_cannot_be_reached_is_said(instance: dg.DagsterInstance) -> None:
    nowhere = Database(url="postgresql://squads@127.0.0.1:1/squads")
    reason = str(tick(instance, nowhere))
    assert reason.startswith("the database cannot be reached: ")
    assert "\n" not in reason


def test_a_server_that_is_not_running_is_said_with_the_remedy(
    instance: dg.DagsterInstance, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQUADS_HOME", str(tmp_path))
    monkeypatch.delenv("SQUADS_DATABASE_URL", raising=False)
    reason = str(tick(instance, Database()))
    assert reason.startswith("the database cannot be reached: ")
    assert "squads db start" in reason


def test_audits_of_past_days_hold_nothing_back(
    instance: dg.DagsterInstance, database: Database, people: Community, today: date
) -> None:
    open_gap(people)
    past = MATCHING | {tags.DAYS: tags.days(today - timedelta(9), today - timedelta(1))}
    create_run_for_test(instance, tags=past, status=dg.DagsterRunStatus.FAILURE)
    create_run_for_test(instance, tags=past, status=dg.DagsterRunStatus.STARTED)
    assert isinstance(tick(instance, database), dg.RunRequest)
    with_today = MATCHING | {tags.DAYS: tags.days(today - timedelta(9), today)}
    run = create_run_for_test(instance, tags=with_today, status=dg.DagsterRunStatus.STARTED)
    assert tick(instance, database) == f"run {run.run_id} in flight"
