"""Closing gaps in this process, as the sensors would at a moment, and without Dagster's records. No driver."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import Engine

from squads_pipeline.drivers.registry import DRIVERS
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.store import gaps
from squads_pipeline.surfaces.simulation.clock import Clock

RUN_TAKES: Final = timedelta(seconds=1)
MOST_PASSES: Final = 50
"""Passes over all gaps at most at one moment; drivers that open each other's gaps for ever are at fault."""


@dataclass(frozen=True, slots=True)
class Closed:
    """What was done: runs of drivers that did something, units closed, µT moved, and the gaps that were open."""

    runs: int
    units: int
    moved_micro: int
    gaps: frozenset[str]

    def plus(self, other: "Closed") -> "Closed":
        """Both together."""
        return Closed(
            self.runs + other.runs,
            self.units + other.units,
            self.moved_micro + other.moved_micro,
            self.gaps | other.gaps,
        )


NOTHING: Final = Closed(0, 0, 0, frozenset())


def close_gaps(engine: Engine, clock: Clock, run_id: str) -> Closed:
    """Run the drivers whose gaps are open, in their order, until none is or none moves any more.

    Each run takes a second of the simulation's time, so that no two facts that follow upon each other share a moment.
    """
    total = NOTHING
    for _ in range(MOST_PASSES):
        closed = NOTHING
        for gap in open_gaps(engine):
            clock.advance(clock.now + RUN_TAKES)
            closed = closed.plus(_close(engine, gap, run_id))
        if closed.units == 0:
            break
        total = total.plus(closed)
    return total


def open_gaps(engine: Engine) -> list[str]:
    """Gaps with work that can be done at this moment, in the order in which they are closed."""
    with engine.connect() as connection:
        return gaps.those_open(connection, list(DRIVERS))


def _close(engine: Engine, gap: str, run_id: str) -> Closed:
    outcome = run_driver(engine, DRIVERS[gap], DriverRun(run_id))
    return Closed(int(outcome.units > 0), outcome.units, outcome.moved_micro, frozenset((gap,)))
