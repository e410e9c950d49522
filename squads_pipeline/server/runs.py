"""Which Dagster runs have lost the process that executed them, and telling Dagster so. It ends no process.

Run as a module it reports the dead runs once: `python -m squads_pipeline.server.runs`, with DAGSTER_HOME set.
"""

import json
import os
import socket
import sys

import click
import grpc  # type: ignore[import-untyped]  # its stubs pin other versions of it
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import GetCurrentRunsResult
from dagster._serdes import deserialize_value

from squads_pipeline.server.database_url import configured
from squads_pipeline.server.processes import Identity

WORKER_TAG = "squads/worker"
# QUEUED and NOT_STARTED runs have no process yet: the daemon launches them, or times them out.
NEEDS_A_PROCESS = (DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING)
LOST = "The process that executed this run is gone (killed, or the machine restarted)."


class SquadsRunLauncher(DefaultRunLauncher):
    """Launches as Dagster does by default, and lets its run monitoring see when a run's process has died."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes: that is what this class is for."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """NOT_FOUND only when the process is known to be gone."""
        if worker_lives(run, one_machine=_one_machine()) is False:
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, LOST)
        return CheckRunHealthResult(WorkerStatus.RUNNING)


def worker_tag() -> dict[str, str]:
    """The tag with which a run that executes in this very process says so: `host:pid:start time`."""
    identity = Identity.of(os.getpid())
    started = identity.started if identity else 0.0
    return {WORKER_TAG: f"{socket.gethostname()}:{os.getpid()}:{started:.2f}"}


def reap_dead_runs(instance: DagsterInstance, *, one_machine: bool) -> list[str]:
    """Report runs without a living process as failed, or canceled if that was asked; returns their ids.

    `one_machine` says that no other machine can run anything on this database, as with the embedded server.
    """
    reaped = []
    for run in instance.get_runs(RunsFilter(statuses=list(NEEDS_A_PROCESS))):
        if worker_lives(run, one_machine=one_machine) is not False:
            continue
        instance.report_engine_event(LOST, run)
        if run.status is DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, LOST)
        else:
            instance.report_run_failed(run, LOST)
        reaped.append(run.run_id)
    return reaped


def worker_lives(run: DagsterRun, *, one_machine: bool) -> bool | None:
    """Whether the run's process lives; None when nothing tells, which must never count as dead."""
    tag = run.tags.get(WORKER_TAG)
    if tag is not None:
        return _tagged_process_lives(tag, one_machine=one_machine)
    server = run.tags.get(GRPC_INFO_TAG)
    return None if server is None else _server_executes(json.loads(server), run.run_id)


def _tagged_process_lives(tag: str, *, one_machine: bool) -> bool | None:
    try:
        host, pid, started = tag.rsplit(":", 2)
        identity = Identity(int(pid), float(started))
    except ValueError:
        return None
    if host != socket.gethostname() and not one_machine:
        return None
    return identity.process() is not None


def _server_executes(server: dict[str, object], run_id: str) -> bool | None:
    port, address, host = server.get("port"), server.get("socket"), server.get("host")
    client = DagsterGrpcClient(
        host=str(host or "localhost"),
        port=int(str(port)) if port is not None else None,
        socket=str(address) if address is not None else None,
        use_ssl=bool(server.get("use_ssl", False)),
    )
    try:
        current = deserialize_value(client.get_current_runs(), GetCurrentRunsResult)
    except DagsterUserCodeUnreachableError as error:
        cause = error.__cause__
        refused = isinstance(cause, grpc.Call) and cause.code() is grpc.StatusCode.UNAVAILABLE
        # A server that answers but cannot say (the proxy of `dagster dev`) tells nothing.
        return False if refused else None
    return run_id in current.current_runs


def _one_machine() -> bool:
    return configured(os.environ) is None


def main() -> int:
    """Create Dagster's tables if they are missing, and report the dead runs of DAGSTER_HOME's instance."""
    try:
        with DagsterInstance.get() as instance:
            reaped = reap_dead_runs(instance, one_machine=_one_machine())
    except click.ClickException as error:
        error.show()
        return 1
    for run_id in reaped:
        sys.stdout.write(f"run {run_id} had lost its process and is reported failed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
