"""`squads up` as a user starts it: contributions in, a round made by the sensor, a clean end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine, text

from squads_pipeline.server.embedded import Embedded
from squads_pipeline.server.home import Home
from squads_pipeline.server.ports import any_free
from squads_pipeline.store import database

READY_SECONDS = 120
ROUND_SECONDS = 90
SQUADS = [sys.executable, "-m", "squads_pipeline.surfaces.cli"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SQUADS_", "DAGSTER"))}
    return {**kept, "SQUADS_HOME": str(tmp_path / "home")}


@contextmanager
def up(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        running = subprocess.Popen(
            [*SQUADS, "up", "--port", str(any_free())],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()
                running.wait()


def squads(environment: dict[str, str], *arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [*SQUADS, *arguments, "--json"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def wait(condition: Callable[[], object], seconds: float, what: str, log: Path) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} took too long:\n{log.read_text()[-4000:]}"
        time.sleep(0.5)


def processes_of(home: str) -> list[psutil.Process]:
    """Processes that know this home, by their environment or command line."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("SQUADS_HOME") == home or any(
                home in part for part in process.cmdline()
            ):
                found.append(process)
        except psutil.Error:
            continue
    return [process for process in found if process.pid != os.getpid()]


def one(engine: Engine, statement: str) -> object:
    with engine.connect() as connection:
        return connection.scalar(text(statement))


def test_a_sensor_makes_a_round_and_nothing_is_left_behind(
    environment: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "up.log"
    policy = tmp_path / "policy.toml"
    packaged = Path(__file__).parents[2] / "squads_pipeline" / "policy.toml"
    policy.write_text(packaged.read_text().replace("settle_count = 1000", "settle_count = 2"))
    home = Home(Path(environment["SQUADS_HOME"]))
    with up(environment, log) as running:
        wait(
            lambda: "http://127.0.0.1:" in log.read_text() or running.poll() is not None,
            READY_SECONDS,
            "up",
            log,
        )
        squads(environment, "policy", "apply", str(policy), "--reason", "test")
        for agent in ("ada", "bo"):
            squads(environment, "agents", "add", agent, "--tokens", "100")
        squads(environment, "squads", "add", "heat-maps")
        for agent in ("ada", "bo"):
            squads(environment, "contribute", "heat-maps", "10", "--as", agent)
        engine = database.engine(Embedded(home).url())
        wait(lambda: one(engine, "SELECT count(*) FROM squads.qf_matches"), ROUND_SECONDS, "the round", log)
        wait(
            lambda: one(engine, "SELECT count(*) FROM marts.squad_pools"), ROUND_SECONDS, "the statement", log
        )
        assert one(engine, "SELECT match_micro FROM squads.qf_matches") == 40_000_000
        succeeded = """SELECT count(*) FROM dagster.runs AS run JOIN squads.qf_matches AS match USING (run_id)
                       WHERE run.status = 'SUCCESS'"""
        wait(lambda: one(engine, succeeded), ROUND_SECONDS, "the run's success", log)
        engine.dispose()
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=60) == 0
    assert processes_of(str(home.path)) == []
    assert not Embedded(home).status().running
    # What it made is there at the next start, which any command is.
    assert squads(environment, "ledger", "verify")
