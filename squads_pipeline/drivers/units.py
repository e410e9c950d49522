"""Closing units of work together while each may fail alone. What closing means is the driver's."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from squads_pipeline.drivers.run import NOTHING, DriverRun, Outcome
from squads_pipeline.store import gap_failures, gaps

MOST: Final = 10_000
"""Units that one run closes at most; the rest of the gap is the next run's."""

Close = Callable[[Sequence[str]], Outcome]
"""Closes some units set-wise; either all of them or, by an exception, none."""

Attempt = Callable[[Sequence[str]], object]
"""Tries some units on a connection that is rolled back afterwards."""


def close_due(
    connection: Connection, gap: str, run: DriverRun, close: Close, *, limit: int = MOST
) -> Outcome:
    """Close the units of a gap that are due, those that wait the longest first: see `close_units`."""
    return close_units(connection, gap, gaps.due(connection, gap, limit), run, close)


def close_units(
    connection: Connection, gap: str, units: Sequence[str], run: DriverRun, close: Close
) -> Outcome:
    """Close some units of a gap: all in one go, or all but those that cannot be closed, in their order.

    When the whole fails it is rolled back to a savepoint and tried by halves, so that f failing units among n
    cost about f log n tries, and a run without failures one. What fails alone goes to `gap_failures` with its error,
    waits for a growing delay, and is forgotten when it succeeds or is no longer missing. A lost connection or a
    deadlock is nobody's unit: it ends the run, and the gap stays open.
    """
    errors: dict[str, str] = {}
    outcome = _close(connection, units, close, errors)
    gap_failures.record(connection, gap, errors, run.run_id)
    gap_failures.forget_mended(connection, gap)
    if errors:
        outcome = merged(outcome, Outcome(0, 0, {"units_failed": len(errors)}))
    return outcome


def failing(connection: Connection, units: Sequence[str], attempt: Attempt) -> dict[str, str]:
    """Which units fail, each with its error; found by halves, and all that was attempted is rolled back.

    For work that must be done in one go for all that can be done: find those that fail, then do it without them.

    Raises:
        Exception: whatever the attempt raises without any unit, which is then no unit's fault.
    """

    def undone(part: Sequence[str]) -> Outcome:
        with connection.begin_nested() as savepoint:
            attempt(part)
            savepoint.rollback()
        return NOTHING

    undone(())
    errors: dict[str, str] = {}
    _close(connection, units, undone, errors)
    return errors


def _close(connection: Connection, units: Sequence[str], close: Close, errors: dict[str, str]) -> Outcome:
    if not units:
        return NOTHING
    try:
        with connection.begin_nested():
            return close(units)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever one unit's data brought up must not stop the others
        if len(units) == 1:
            errors[units[0]] = _in_words(error)
            return NOTHING
    half = len(units) // 2
    parts = (units[:half], units[half:])
    return reduce(merged, [_close(connection, part, close, errors) for part in parts])


def merged(first: Outcome, second: Outcome) -> Outcome:
    """Two outcomes as one: numbers add up, of other facts the first counts."""
    facts = dict(first.facts)
    for name, value in second.facts.items():
        before = facts.get(name, 0)
        if isinstance(before, int) and isinstance(value, int):
            facts[name] = before + value
        else:
            facts.setdefault(name, value)
    return Outcome(first.units + second.units, first.moved_micro + second.moved_micro, facts)


def _in_words(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    lines = str(cause).splitlines()
    return lines[0][:500] if lines and lines[0] else type(cause).__name__
