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


def close_due(
    connection: Connection, gap: str, run: DriverRun, close: Close, *, limit: int = MOST
) -> Outcome:
    """Close the units of a gap that are due: all in one go, or all but those that cannot be closed.

    When the whole fails it is rolled back to a savepoint and tried by halves, so that f failing units among n
    cost about f log n tries, and a run without failures one. What fails alone goes to `gap_failures` with its error,
    waits for a growing delay, and is forgotten when it succeeds or is no longer missing. A lost connection or a
    deadlock is nobody's unit: it ends the run, and the gap stays open.
    """
    errors: dict[str, str] = {}
    outcome = _close(connection, gaps.due(connection, gap, limit), close, errors)
    gap_failures.record(connection, gap, errors, run.run_id)
    gap_failures.forget_mended(connection, gap)
    if errors:
        outcome = merged(outcome, Outcome(0, 0, {"units_failed": len(errors)}))
    return outcome


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
