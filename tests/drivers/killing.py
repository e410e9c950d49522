"""kill -9 between two statements of a driver, in a process of its own. What must hold after is the tests' own."""

import multiprocessing
import os
import signal
from typing import Any, Final

from sqlalchemy import Connection, event, text

from squads_pipeline.drivers.registry import DRIVERS
from squads_pipeline.drivers.run import DriverRun, Outcome, run_driver
from squads_pipeline.store import database

# Children are forked from a server that has loaded everything: a kill costs a connection, not the imports.
_PROCESSES: Final = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])


def kill_9(url: str, gap: str, before: int, *, clock: str | None = None) -> None:
    """Run a gap's driver in a process that is killed before one of its statements, or its commit.

    Args:
        url: of the database.
        gap: whose driver runs.
        before: how many statements it may send, the commit counted; one that outlives all of them dies after.
        clock: the time that the driver lives in; now if left out.
    """
    process = _PROCESSES.Process(target=_run_and_die, args=(url, gap, before, clock))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def _run_and_die(url: str, gap: str, before: int, clock: str | None) -> None:
    engine = database.engine(url)
    sent = 0

    def die(*_: Any) -> None:
        nonlocal sent
        sent += 1
        if sent > before:
            os.kill(os.getpid(), signal.SIGKILL)

    def driver(connection: Connection, run: DriverRun) -> Outcome:
        if clock is not None:
            connection.execute(text("SELECT set_config('squads.clock', :now, true)"), {"now": clock})
        # Only now: what came before, such as the pool's first look at the server, is not the driver's doing.
        event.listen(engine, "before_cursor_execute", die)
        event.listen(engine, "commit", die)
        return DRIVERS[gap](connection, run)

    run_driver(engine, driver, DriverRun(f"killed before {before}"))
    os.kill(os.getpid(), signal.SIGKILL)
