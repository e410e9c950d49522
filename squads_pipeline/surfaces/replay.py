"""Letting a history's days go by: at each quarter of a day gaps are closed, then its rows are posted. No SQL.

The rows' part is in `commands.replay_history`; the clock and the drivers' turns are those of a simulation.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine

from squads_pipeline.commands import replay_history
from squads_pipeline.commands.import_contributions import ImportOptions
from squads_pipeline.commands.replay_history import STEP, History, Posted, floor
from squads_pipeline.store import histories, overview
from squads_pipeline.store.histories import Step
from squads_pipeline.surfaces.simulation.clock import Clock, engine_at
from squads_pipeline.surfaces.simulation.reconciling import close_gaps

_BEFORE_ALL: Final = datetime(1, 1, 1, tzinfo=UTC)

Tell = Callable[[str, int, int], None]
"""Called with the step in words, how much of it is done, and how much there is; 0 of 0 when unknown."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did.

    Attributes:
        history: as it was read.
        posted: what was posted now.
        days: UTC days on which something was posted now.
        rounds: matching rounds now, and what they matched.
        refused: rows refused, by sort of reason.
        rejects: file of the refused rows, if one was asked for.
        now: where the clock stands at the end; None if no time went by.
    """

    history: History
    posted: Posted
    days: int
    rounds: histories.Rounds
    refused: Mapping[str, int]
    rejects: Path | None
    now: datetime | None


@dataclass(slots=True)
class Course:
    """A replay under way.

    Attributes:
        reading: the connection whose session keeps the rows.
        drivers: an engine by the same clock.
        clock: where the replay stands.
    """

    reading: Connection
    drivers: Engine
    clock: Clock


def replay(url: str, now: datetime, path: Path, options: ImportOptions, clock: Clock, tell: Tell) -> Replayed:
    """Replay what of a history was not replayed yet; every step is whole in itself, and a repetition goes on.

    Args:
        url: of the database, migrated.
        now: the real time; aware.
        path: a CSV or Parquet file of contributions.
        options: how to read it.
        clock: shows afterwards, or when this is interrupted, how far time went.
        tell: is told how far the work is.

    Raises:
        SquadsError: as `replay_history` says.
    """
    with (
        engine_at(url, clock) as engine,
        engine_at(url, clock) as drivers,
        engine.connect() as reading,
    ):
        with reading.begin():
            history = replay_history.read_history(reading, path, options, now, tell)
            last_round = histories.last_round(reading)
        posted = _live(Course(reading, drivers, clock), history, tell, lenient=options.rejects is not None)
        with reading.begin():
            rounds = histories.rounds_after(reading, last_round)
            refused = replay_history.write_rejects(reading, path, options)
        days = len({step.last.date() for step in history.steps})
        return Replayed(
            history, posted, days, rounds, refused, options.rejects, clock.now if history.start else None
        )


def new_clock() -> Clock:
    """A clock that stands before every history."""
    return Clock(_BEFORE_ALL)


def real_now(engine: Engine) -> datetime:
    """The time by the database's clock, in a session that lives now."""
    with engine.connect() as connection:
        return overview.now(connection)


def _live(course: Course, history: History, tell: Tell, *, lenient: bool) -> Posted:
    """Let time go by from where the replay stands to its end."""
    total = Posted()
    due = {step.begins: step for step in history.steps}
    moments = list(_moments(history))
    for place, moment in enumerate(moments):
        tell(f"{moment:%Y-%m-%d}  {total.rows:,} contributions", place, len(moments))
        _go_to(course, history, moment)
        if not (place == 0 and _was_posted(history)):
            close_gaps(course.drivers, course.clock, f"{history.run_id}:{moment:%Y-%m-%dT%H}")
        if moment in due:
            total = total.plus(_post(course, history, due[moment], lenient=lenient))
    return total


def _moments(history: History) -> Iterator[datetime]:
    """The quarters of days to live through, the last one with rows or, later, the one in which all has settled."""
    if history.start is None or history.end is None:
        return
    last = max([history.end, *(step.begins for step in history.steps)])
    moment = history.start
    while moment <= last:
        yield moment
        moment += STEP


def _was_posted(history: History) -> bool:
    """Whether the quarter in which a replay goes on has its rows, so that drivers had their turn before them."""
    replayed = history.newest.replayed
    return replayed is not None and floor(replayed) == history.start


def _go_to(course: Course, history: History, moment: datetime) -> None:
    course.clock.advance(max(course.clock.now, moment, history.newest.fact or moment))
    with course.drivers.connect() as connection:
        replay_history.require_present(connection)


def _post(course: Course, history: History, step: Step, *, lenient: bool) -> Posted:
    course.clock.advance(max(course.clock.now, step.last))
    with course.reading.begin():
        return replay_history.post_step(course.reading, history, step.begins + STEP, lenient=lenient)
