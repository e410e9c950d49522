"""Which Dagster runs count as dead, and that Dagster is told; its storage in a real database."""

import json
import multiprocessing
import os
import shutil
import socket
from collections.abc import Iterator

import psycopg
import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, job, op
from dagster._core.storage.tags import GRPC_INFO_TAG

from squads_pipeline.server import ports
from squads_pipeline.server.embedded import Embedded
from squads_pipeline.server.home import Home, checkout
from squads_pipeline.server.processes import Identity
from squads_pipeline.server.runs import (
    WORKER_TAG,
    SquadsRunLauncher,
    reap_dead_runs,
    worker_lives,
    worker_tag,
)

OURS = Identity.of(os.getpid())


@op
def _nothing() -> None:
    """A step."""


@job
def _empty() -> None:
    """A job to hang runs on."""
    _nothing()


@pytest.fixture
def instance(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagsterInstance]:
    folder = checkout()
    assert folder is not None
    home.dagster.mkdir(parents=True)
    shutil.copy(folder / "dagster.yaml", home.dagster)
    monkeypatch.setenv("SQUADS_HOME", str(home.path))
    monkeypatch.delenv("SQUADS_DATABASE_URL", raising=False)
    with Embedded(home, {"fsync": "off"}).use(), DagsterInstance.from_config(str(home.dagster)) as made:
        yield made


def test_the_storage_is_in_its_own_schema_and_only_dead_runs_are_reported(
    instance: DagsterInstance, home: Home
) -> None:
    living = _run(instance, DagsterRunStatus.STARTED, worker_tag())
    waiting = _run(instance, DagsterRunStatus.NOT_STARTED, {})
    dead = _run(instance, DagsterRunStatus.STARTED, _tag(socket.gethostname(), _dead()))
    refused = _run(instance, DagsterRunStatus.STARTING, _server(ports.any_free()))
    canceling = _run(instance, DagsterRunStatus.CANCELING, _tag(socket.gethostname(), _dead()))
    assert set(reap_dead_runs(instance, one_machine=True)) == {dead, refused, canceling}
    statuses = {run.run_id: run.status for run in instance.get_runs()}
    assert statuses == {
        living: DagsterRunStatus.STARTED,
        waiting: DagsterRunStatus.NOT_STARTED,
        dead: DagsterRunStatus.FAILURE,
        refused: DagsterRunStatus.FAILURE,
        canceling: DagsterRunStatus.CANCELED,
    }
    assert isinstance(instance.run_launcher, SquadsRunLauncher)
    with psycopg.connect(Embedded(home).url()) as connection:
        query = "SELECT schemaname FROM pg_tables WHERE schemaname !~ '^(pg_|information_schema)' GROUP BY 1"
        assert connection.execute(query).fetchall() == [("dagster",)]


@pytest.mark.parametrize(
    ("tag", "one_machine", "lives"),
    [
        ("here, living", False, True),
        ("here, dead", False, False),
        ("here, another process with the pid", False, False),
        ("elsewhere, dead", False, None),
        ("elsewhere, dead", True, False),
        ("elsewhere, living", True, True),
        ("unreadable", True, None),
        ("none", True, None),
    ],
)
def test_only_what_is_known_to_be_gone_is_dead(tag: str, one_machine: bool, lives: bool | None) -> None:
    assert OURS is not None
    here = socket.gethostname()
    tags = {
        "here, living": worker_tag(),
        "here, dead": _tag(here, _dead()),
        "here, another process with the pid": _tag(here, Identity(OURS.pid, OURS.started - 60)),
        "elsewhere, dead": _tag("another-host", _dead()),
        "elsewhere, living": _tag("another-host", OURS),
        "unreadable": {WORKER_TAG: "nonsense"},
        "none": {},
    }
    assert worker_lives(DagsterRun("job", tags=tags[tag]), one_machine=one_machine) is lives


def _run(instance: DagsterInstance, status: DagsterRunStatus, tags: dict[str, str]) -> str:
    run = instance.create_run_for_job(_empty, tags=tags, status=status)
    return run.run_id


def _tag(host: str, worker: Identity) -> dict[str, str]:
    return {WORKER_TAG: f"{host}:{worker.pid}:{worker.started:.2f}"}


def _server(port: int) -> dict[str, str]:
    return {GRPC_INFO_TAG: json.dumps({"host": ports.LOOPBACK, "port": port})}


def _dead() -> Identity:
    process = multiprocessing.get_context("spawn").Process(target=int)
    process.start()
    identity = Identity.of(process.pid or 0)
    process.join()
    assert identity is not None
    return identity
