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
class Change:
    """What a restatement made, or would make, of one fact: who gains and loses; amounts in µT.

    Attributes:
        fact: names it, such as ``round 7, squad heat``.
        holder: name of the account that gains or loses.
        was_micro: what the fact said before; zero if there was none.
        is_micro: what it says now.
        moved_micro: what the correction brought the holder; negative for what it took.
        unrecovered_micro: what the holder should have given back and no longer had.
        undeliverable_micro: what the holder should have got and could not, because its account is closed.
    """

    fact: str
    holder: str
    was_micro: int
    is_micro: int
    moved_micro: int
    unrecovered_micro: int
    undeliverable_micro: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a driver did, or in a dry run would do.

    Attributes:
        units: units of work closed; zero means that the gap was closed already and nothing was written.
        moved_micro: tokens moved, µT.
        facts: what to tell about it, by name; amounts end in ``_micro``.
        changes: the facts that a restatement changed.
    """

    units: int
    moved_micro: int
    facts: dict[str, int | str]
    changes: tuple[Change, ...] = ()


NOTHING = Outcome(0, 0, {})
"""The gap was closed already."""


@contextmanager
def transaction(engine: Engine, *, dry_run: bool) -> Iterator[Connection]:
    """A transaction that is committed when the block is left, or rolled back after a dry run."""
    with engine.connect() as connection, connection.begin() as begun:
        yield connection
        if dry_run:
            begun.rollback()


def run_driver(engine: Engine, driver: Driver, run: DriverRun, *, dry_run: bool = False) -> Outcome:
    """Run a driver once, in a transaction of its own.

    A dry run is the same code in a real transaction that is rolled back, so its outcome is what a real run
    would have done at that moment.
    """
    with transaction(engine, dry_run=dry_run) as connection:
        return driver(connection, replace(run, dry_run=dry_run))
