"""Alerts: a failed check in a green run, a failed run, and a webhook that answers late."""

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import dagster as dg
import pytest
from sqlalchemy import Engine

from assets.funding import qf_matches
from resources.database import Database
from sensors.alerts import WEBHOOK_VARIABLE, alerts_sent, failed_checks, failed_runs, send
from sensors.gaps import gap_sensor
from squads_pipeline.commands import pausing
from squads_pipeline.store import alerts
from squads_pipeline.store.alerts import NewAlert


@pytest.fixture
def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("SQUADS_DATABASE_URL", database_url)
    return Database()


@dg.asset
def thing() -> None:
    """An asset whose checks fail or whose run does."""


@dg.asset(deps=[thing])
def broken() -> None:
    raise ValueError("the third row is rubbish")


@dg.asset_check(asset=thing)
def equal() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, description="two facts differ")


@dg.asset_check(asset=thing)
def young() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)


DEFS = dg.Definitions([thing, broken], asset_checks=[equal, young])


def ran(instance: dg.DagsterInstance, *names: str) -> dg.ExecuteInProcessResult:
    return DEFS.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, asset_selection=[dg.AssetKey(name) for name in names], raise_on_error=False
    )


def raised(engine: Engine) -> list[tuple[str, str, str]]:
    with engine.connect() as connection:
        return [(one.kind, one.subject, one.message) for one in alerts.newest(connection, 10, only_open=True)]


def test_a_failed_check_in_a_green_run(
    instance: dg.DagsterInstance, engine: Engine, database: Database
) -> None:
    result = ran(instance, "thing")
    assert result.success
    for _ in range(2):  # a sensor may see a run twice
        with dg.build_run_status_sensor_context(
            "failed_checks",
            result.get_run_success_event(),
            instance,
            result.dagster_run,
            resources={"database": database},
        ) as context:
            failed_checks(context)
    assert raised(engine) == [("check_failed", "thing.equal", "two facts differ")]


def test_a_failed_run_says_why(instance: dg.DagsterInstance, engine: Engine, database: Database) -> None:
    result = ran(instance, "broken")
    with dg.build_run_status_sensor_context(
        "failed_runs",
        result.get_run_failure_event(),
        instance,
        result.dagster_run,
        resources={"database": database},
    ) as context:
        failed_runs(context.for_run_failure())
    (alert,) = raised(engine)
    assert alert[0] == "run_failed"
    assert "the third row is rubbish" in alert[2]


@pytest.mark.parametrize(
    ("sensor", "asset", "kind"),
    [(failed_checks, "thing", "check_failed"), (failed_runs, "broken", "run_failed")],
)
def test_runs_of_the_command_line_are_looked_at_too(
    instance: dg.DagsterInstance,
    engine: Engine,
    database: Database,
    sensor: dg.SensorDefinition,
    asset: str,
    kind: str,
) -> None:
    """What `squads backfill` runs in its own process is of no code location, unlike the sensor."""

    def tick(cursor: str | None) -> str | None:
        with dg.build_sensor_context(
            instance=instance,
            cursor=cursor,
            repository_def=DEFS.get_repository_def(),
            repository_name="squads",
            resources={"database": database},
        ) as context:
            return sensor.evaluate_tick(context).cursor

    before = tick(None)
    ran(instance, asset)
    tick(before)
    assert [one[0] for one in raised(engine)] == [kind]


@dataclass
class Sink:
    """A webhook that refuses what it is told to refuse."""

    address: str
    refuse: list[bool] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def sink() -> Iterator[Sink]:
    class Handler(http.server.BaseHTTPRequestHandler):
        of: ClassVar[Sink]

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            refused = self.of.refuse.pop() if self.of.refuse else False
            if not refused:
                self.of.taken.append(body)
            self.send_response(503 if refused else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Handler.of = Sink(f"http://127.0.0.1:{server.server_port}/")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Handler.of
        server.shutdown()


def test_alerts_are_sent_until_they_are_taken_and_then_no_more(engine: Engine, sink: Sink) -> None:
    with engine.begin() as connection:
        alerts.raise_all(
            connection, [NewAlert(f"run:{n}", "run_failed", "qf_matches", f"m{n}", f"r{n}") for n in range(3)]
        )
    sink.refuse = [True]
    assert send(engine, sink.address) == 0
    sink.refuse = [True, False]
    assert send(engine, sink.address) == 1
    assert send(engine, sink.address) == 2
    assert send(engine, sink.address) == 0
    assert [one["message"] for one in sink.taken] == ["m0", "m1", "m2"]


@pytest.mark.parametrize(
    ("address", "said"),
    [("", "names no address"), ("ftp://x", "no http"), ("http://127.0.0.1:9/", "nobody takes them")],
)
def test_without_a_webhook_the_sensor_says_so(
    engine: Engine, database: Database, monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    with engine.begin() as connection:
        alerts.raise_all(connection, [NewAlert("k", "run_failed", "s", "m", "r")])
    monkeypatch.setenv(WEBHOOK_VARIABLE, address)
    with dg.build_sensor_context(resources={"database": database}) as context:
        skipped = alerts_sent(context)
    assert isinstance(skipped, dg.SkipReason)
    assert said in str(skipped.skip_message)


def test_a_paused_gap_asks_for_no_run(
    instance: dg.DagsterInstance, engine: Engine, database: Database
) -> None:
    with engine.begin() as connection:
        pausing.pause(connection, ["qf_matches"], paused_by="op", reason="a look")
    with dg.build_sensor_context(instance=instance, resources={"database": database}) as context:
        skipped = gap_sensor(qf_matches)(context)
    assert isinstance(skipped, dg.SkipReason)
    assert "paused by op since" in str(skipped.skip_message)
    assert "a look; `squads resume qf_matches`" in str(skipped.skip_message)
