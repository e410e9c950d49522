"""What a run may do on a day: drive today, audit the past, refuse the future. No driver of its own."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import Connection, Engine

from squads_pipeline.drivers.run import NOTHING, Driver, DriverRun, Outcome, run_driver
from squads_pipeline.store import runs
from squads_pipeline.store.errors import RefusedError

Auditor = Callable[[Connection, date], Outcome]
"""Recomputes the facts of a past day and says what it found; writes nothing."""


def run_days(
    engine: Engine,
    days: Sequence[date],
    driver: Driver,
    auditor: Auditor,
    run: DriverRun,
    *,
    dry_run: bool = False,
) -> dict[date, Outcome]:
    """Do what may be done on each day, each in a transaction of its own.

    Raises:
        RefusedError: a day has not begun; then no day was touched.
    """
    with engine.connect() as connection:
        _refuse_future(max(days), runs.today(connection))
    return {
        day: run_driver(engine, on_day(day, driver, auditor), run, dry_run=dry_run) for day in sorted(days)
    }


def on_day(day: date, driver: Driver, auditor: Auditor) -> Driver:
    """The driver bound to a day: it drives if the day is today by the database's clock, else it audits.

    Facts belong to the day of their transaction, so a run that comes too late for its day must not pay: what
    it wrote would be another day's. The gap stays open, and the next tick asks for the new day.
    """

    def drive_or_audit(connection: Connection, run: DriverRun) -> Outcome:
        today = runs.today(connection)
        _refuse_future(day, today)
        if day < today:
            return _saying("audited", auditor(connection, day))
        with connection.begin_nested() as savepoint:
            outcome = driver(connection, run)
            if runs.today(connection) == day:
                return _saying("drove", outcome)
            savepoint.rollback()
        return _saying("midnight passed while it ran, so it wrote nothing", NOTHING)

    return drive_or_audit


def _saying(action: str, outcome: Outcome) -> Outcome:
    return replace(outcome, facts={"action": action, **outcome.facts})


def _refuse_future(day: date, today: date) -> None:
    if day > today:
        raise RefusedError(
            f"{day} has not begun: by the database's clock it is {today}", "Ask for today or a past day."
        )
