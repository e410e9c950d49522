"""What a run may do on a day: drive today, audit or restate the past, refuse the future. No driver of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection, Engine

from squads_pipeline.drivers.run import NOTHING, Driver, DriverRun, Outcome, run_driver, transaction
from squads_pipeline.store import runs, snapshots
from squads_pipeline.store.errors import RefusedError

Auditor = Callable[[Connection, date], Outcome]
"""Recomputes the facts of a past day and says what it found; writes nothing."""

RangeAuditor = Callable[[Connection, date, date], Mapping[date, Outcome]]
"""Recomputes the facts of the days from the first to the last at once; a day without facts may be left out."""

Restater = Callable[[Connection, date, str, DriverRun], Outcome]
"""Puts a past day's facts right, for a reason that an operator gave; on a connection that its caller commits."""


@dataclass(frozen=True, slots=True)
class Story:
    """What may be done with an asset's days.

    Attributes:
        driver: closes the gap today.
        auditor: recomputes a past day.
        range_auditor: the same for many days at once, where a day costs as much as all that lies before it.
        restater: puts a past day right, if the asset's facts have revisions.
    """

    driver: Driver
    auditor: Auditor
    range_auditor: RangeAuditor | None = None
    restater: Restater | None = None


def run_days(
    engine: Engine,
    days: Sequence[date],
    story: Story,
    run: DriverRun,
    *,
    dry_run: bool = False,
    reason: str | None = None,
) -> dict[date, Outcome]:
    """Do what may be done on each day: past days are audited, today is driven.

    Past days are audited in one snapshot. With a reason they are restated instead, in their order, each in a
    transaction of its own; a dry run of that is one transaction, because what a day becomes rests on the days before.

    Args:
        engine: the database.
        days: the days, in any order.
        story: what the asset does on a day.
        run: who asks.
        dry_run: roll everything back.
        reason: why past days are restated; None to audit them.

    Raises:
        RefusedError: a day has not begun, the facts cannot be restated, or the reason is empty; nothing was done.
    """
    with engine.connect() as connection:
        today = runs.today(connection)
    _refuse_future(max(days), today)
    past = sorted(day for day in days if day < today)
    if reason is None:
        outcomes = _audit(engine, past, story)
    else:
        outcomes = _restate(engine, past, _restater(story, days, today, reason), reason, run, dry_run=dry_run)
    for day in set(days) - set(past):
        driver = on_day(day, story.driver, story.auditor)
        outcomes[day] = run_driver(engine, driver, run, dry_run=dry_run)
    return outcomes


def _audit(engine: Engine, past: Sequence[date], story: Story) -> dict[date, Outcome]:
    """Audit past days in one snapshot: a transaction for each would cost more than most of them do."""
    if not past:
        return {}
    with snapshots.snapshot(engine) as connection:
        if story.range_auditor is None or len(past) == 1:
            found: Mapping[date, Outcome] = {day: story.auditor(connection, day) for day in past}
        else:
            found = story.range_auditor(connection, past[0], past[-1])
    return {day: _saying("audited", found.get(day, NOTHING)) for day in past}


def _restate(
    engine: Engine, past: Sequence[date], restater: Restater, reason: str, run: DriverRun, *, dry_run: bool
) -> dict[date, Outcome]:
    if dry_run:
        with transaction(engine, dry_run=True) as connection:
            return {day: _saying("restated", restater(connection, day, reason, run)) for day in past}
    outcomes = {}
    for day in past:
        with transaction(engine, dry_run=False) as connection:
            outcomes[day] = _saying("restated", restater(connection, day, reason, run))
    return outcomes


def _restater(story: Story, days: Sequence[date], today: date, reason: str) -> Restater:
    if story.restater is None:
        raise RefusedError("These facts have no revisions", "Leave restate out; an audit says what differs.")
    if not reason.strip():
        raise RefusedError("A restatement without a reason", "Say why; the reason is part of the record.")
    if today in days:
        raise RefusedError(f"{today} is not over, so it cannot be restated", "Restate days that are over.")
    return story.restater


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
