"""What an idle sensor asks of the database, on a short and on a long history."""

from sqlalchemy import Engine

from benchmarks import world
from benchmarks.report import Measurement
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.store import gaps

_REPEATS = 200


def measure(server_url: str, short: int, long: int) -> Measurement:
    """Time the gap's question when nothing waits, after a short history and after a long one."""
    with world.scratch(server_url) as engine:
        world.people(engine)
        world.settle(engine, count=1)
        seconds = []
        for number in (short, long - short):
            world.contribute(engine, number, label=f"to {number}")
            run_driver(engine, match_round, DriverRun("benchmark"))
            world.vacuum(engine)
            seconds.append(_asked(engine))
    return Measurement(
        f"idle tick after {long:,} contributions", seconds[1], f"after {short:,}", seconds[0], "about 1"
    )


def _asked(engine: Engine) -> float:
    with engine.connect() as connection:
        gaps.is_open(connection, "qf_matches")
        with world.Stopwatch() as watch:
            for _ in range(_REPEATS):
                if gaps.is_open(connection, "qf_matches"):
                    raise AssertionError("the gap was meant to be closed")
    return watch.seconds / _REPEATS
