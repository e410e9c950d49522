"""Time that is set: an engine whose every transaction lives at a moment that the simulation chose. No waiting."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, Engine, event

from squads_pipeline.store import database

# A simulation that is lost in a crash is made again from its seed, so its commits need not wait for the disk.
_LIVE_AT = "SELECT set_config('squads.clock', %s, true), set_config('synchronous_commit', 'off', true)"


class Clock:
    """The present of a simulation; it only goes forward.

    Attributes:
        now: aware, in UTC.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now

    def advance(self, moment: datetime) -> None:
        """Go on to a moment.

        Raises:
            ValueError: the moment lies in the simulation's past.
        """
        if moment < self.now:
            raise ValueError(f"a simulation at {self.now} cannot go back to {moment}")
        self.now = moment


@contextmanager
def engine_at(url: str, clock: Clock) -> Iterator[Engine]:
    """An engine each of whose transactions begins by setting ``squads.clock`` to what `clock` shows then."""
    engine = database.engine(url, pool_size=1, pre_ping=False)

    def live_at(connection: Connection) -> None:
        connection.exec_driver_sql(_LIVE_AT, (clock.now.isoformat(),))

    event.listen(engine, "begin", live_at)
    try:
        yield engine
    finally:
        engine.dispose()
