"""Sensors that raise alerts: a run that failed, and a check that failed in a run that did not. No repair."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Final

import dagster as dg
from sqlalchemy import Engine

from resources.database import Database
from squads_pipeline.store import alerts
from squads_pipeline.store.alerts import Alert, NewAlert

WEBHOOK_VARIABLE: Final = "SQUADS_ALERT_WEBHOOK"
"""Environment variable with an http(s) address that takes each alert as a JSON document."""

SECONDS_TO_ANSWER: Final = 5
SENT_AT_ONCE: Final = 20
EVERY_SECONDS: Final = 15


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="failed_checks",
    monitor_all_code_locations=True,  # what the command line runs in its own process is of none
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Raises an alert for each failed check of a run: a failed check leaves its run green.",
)
def failed_checks(context: dg.RunStatusSensorContext, database: Database) -> None:
    """Look at the checks of a run that succeeded."""
    _raise(database.engine(), list(_checks(context)))


@dg.run_failure_sensor(
    name="failed_runs",
    monitor_all_code_locations=True,
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Raises an alert for each run that failed, and for its failed checks.",
)
def failed_runs(context: dg.RunFailureSensorContext, database: Database) -> None:
    """Say why a run failed."""
    run = context.dagster_run
    assets = sorted(key.to_user_string() for key in run.asset_selection or ())
    failed = NewAlert(
        f"run:{run.run_id}", "run_failed", ", ".join(assets) or run.job_name, _cause(context), run.run_id
    )
    _raise(database.engine(), [failed, *_checks(context)])


@dg.sensor(
    name="alerts_sent",
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=f"Sends alerts to the address in {WEBHOOK_VARIABLE}, if there is one, until it takes them.",
)
def alerts_sent(database: Database) -> dg.SkipReason:
    """Send what was not sent; the same alert may arrive twice, under the same id."""
    address = os.environ.get(WEBHOOK_VARIABLE, "").strip()
    if not address:
        return dg.SkipReason(f"{WEBHOOK_VARIABLE} names no address; alerts are in `squads alerts`")
    if not address.startswith(("http://", "https://")):
        return dg.SkipReason(f"{WEBHOOK_VARIABLE} is no http:// or https:// address")
    sent = send(database.engine(), address)
    return dg.SkipReason(f"{sent} alerts sent" if sent else "no alert to send, or nobody takes them")


def send(engine: Engine, address: str) -> int:
    """POST the oldest unsent alerts one by one until one is not taken; returns how many were."""
    sent = 0
    with engine.begin() as connection:
        for alert in alerts.lock_unsent(connection, SENT_AT_ONCE):
            if not _taken(address, alert):
                break
            alerts.mark_sent(connection, alert.id)
            sent += 1
    return sent


def _taken(address: str, alert: Alert) -> bool:
    body = {
        "id": alert.id,
        "kind": alert.kind,
        "subject": alert.subject,
        "message": alert.message,
        "run_id": alert.run_id,
        "raised_at": alert.raised_at.isoformat(),
    }
    request = urllib.request.Request(  # noqa: S310 - the operator's own address, of a scheme checked above
        address, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS_TO_ANSWER):  # noqa: S310
            return True
    except (urllib.error.URLError, TimeoutError, OSError):
        return False


def _checks(context: dg.RunStatusSensorContext) -> Iterator[NewAlert]:
    run_id = context.dagster_run.run_id
    records = context.instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    for record in records:
        event = record.event_log_entry.dagster_event
        if event is None or event.asset_check_evaluation_data.passed:
            continue
        check = event.asset_check_evaluation_data
        if check.severity is not dg.AssetCheckSeverity.ERROR:
            continue
        name = f"{check.asset_key.to_user_string()}.{check.check_name}"
        said = check.description or "the check failed; its metadata in the UI names what was found"
        yield NewAlert(f"check:{run_id}:{name}", "check_failed", name, said, run_id)


def _cause(context: dg.RunFailureSensorContext) -> str:
    for event in context.get_step_failure_events():
        error = event.step_failure_data.error
        cause = error.cause if error and error.cause else error
        if cause is not None:
            return cause.message.strip().splitlines()[-1][:500]
    return (context.failure_event.message or "the run failed").strip()[:500]


def _raise(engine: Engine, new: list[NewAlert]) -> None:
    if new:
        with engine.begin() as connection:
            alerts.raise_all(connection, new)


ALERT_SENSORS: Final = (failed_checks, failed_runs, alerts_sent)
