"""How long a gap stays open under `squads up`: from a contribution's commit to the commit of its round."""

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from benchmarks import world
from benchmarks.report import Measurement
from squads_pipeline.commands import community, funding
from squads_pipeline.server.embedded import Embedded
from squads_pipeline.server.home import Home
from squads_pipeline.server.ports import any_free
from squads_pipeline.store import database

_AIM_SECONDS = 5.0
_READY_SECONDS = 120.0


def measure(folder: Path, times: int) -> Measurement:
    """Open the gap some times, at odd moments of the sensor's cycle, and take the median."""
    home = Home(folder / "home")
    with _up(home), _engine(home) as engine:
        world.settle(engine, count=1)
        with engine.begin() as connection:
            community.add_agent(connection, "ada", tokens_micro=10**12)
            community.add_squad(connection, "heat-maps")
        seconds = [_once(engine, number) for number in range(times)]
    return Measurement(
        f"gap to commit under `squads up`, median of {times}, worst {max(seconds):.1f} s",
        statistics.median(seconds),
        "the aim",
        _AIM_SECONDS,
        "≤ 1",
    )


def _once(engine: Engine, number: int) -> float:
    time.sleep(7 + number * 1.3 % 5)
    with engine.begin() as connection:
        funding.contribute(connection, "ada", "heat-maps", 1_000_000, key=f"gap {number}")
    with (
        engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        world.Stopwatch() as watch,
    ):
        while connection.scalar(text("SELECT EXISTS (SELECT FROM squads.qf_unclaimed)")):
            time.sleep(0.02)
    return watch.seconds


@contextmanager
def _up(home: Home) -> Iterator[None]:
    environment = {**os.environ, "SQUADS_HOME": str(home.path)}
    environment.pop("SQUADS_DATABASE_URL", None)
    command = [sys.executable, "-m", "squads_pipeline.surfaces.cli", "up", "--port", str(any_free())]
    running = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + _READY_SECONDS
        assert running.stdout is not None
        while "Ctrl-C" not in running.stdout.readline():
            if time.monotonic() > deadline or running.poll() is not None:
                raise RuntimeError("`squads up` did not get ready")
        yield
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(timeout=60)


@contextmanager
def _engine(home: Home) -> Iterator[Engine]:
    engine = database.engine(Embedded(home).url())
    try:
        yield engine
    finally:
        engine.dispose()
