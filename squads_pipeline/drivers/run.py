"""How a driver is run: in one transaction, for real or as a dry run that is rolled back. No driver in here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine

Driver = Callable[[Connection, "DriverRun"], "Outcome"]
"""Closes a gap on a connection that its caller commits or rolls back."""


@dataclass(frozen=True, slots=True)
class DriverRun:
    """Who runs a driver, and how.

    Attributes:
        run_id: the Dagster run's id, or another name for the call.
        dry_run: whether the transaction will be rolled back, so that nothing may leave the database either.
    """

    run_id: str
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a driver did, or in a dry run would do.

    Attributes:
        units: units of work closed; zero means that the gap was closed already and nothing was written.
        moved_micro: tokens moved, µT.
        facts: what to tell about it, by name; amounts end in ``_micro``.
    """

    units: int
    moved_micro: int
    facts: dict[str, int | str]


NOTHING = Outcome(0, 0, {})
"""The gap was closed already."""


@contextmanager
def _transaction(engine: Engine, *, dry_run: bool) -> Iterator[Connection]:
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        if dry_run:
            transaction.rollback()


def run_driver(engine: Engine, driver: Driver, run: DriverRun, *, dry_run: bool = False) -> Outcome:
    """Run a driver once, in a transaction of its own.

    A dry run is the same code in a real transaction that is rolled back, so its outcome is what a real run
    would have done at that moment.
    """
    with _transaction(engine, dry_run=dry_run) as connection:
        return driver(connection, replace(run, dry_run=dry_run))
