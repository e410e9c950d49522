"""Alerts: raised once, sent when a webhook takes them, open until somebody takes note. No decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from squads_pipeline.store.schema import alerts


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alert to raise.

    Attributes:
        alert_key: what it is about; the same key is raised once.
        kind: run_failed or check_failed.
        subject: the run's assets, or asset and check.
        message: what went wrong.
        run_id: the Dagster run that it came from.
    """

    alert_key: str
    kind: str
    subject: str
    message: str
    run_id: str


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as it stands."""

    id: int
    kind: str
    subject: str
    message: str
    run_id: str
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None


def raise_all(connection: Connection, new: Sequence[NewAlert]) -> None:
    """Write alerts; one whose key is known adds nothing."""
    if new:
        connection.execute(
            insert(alerts).values(raised_at=func.squads.clock()).on_conflict_do_nothing(),
            [{name: getattr(one, name) for name in NewAlert.__slots__} for one in new],
        )


def newest(connection: Connection, limit: int, *, only_open: bool) -> list[Alert]:
    """Alerts, the newest first. Index: alerts_open."""
    query = select(*(alerts.c[name] for name in Alert.__slots__)).order_by(alerts.c.id.desc()).limit(limit)
    if only_open:
        query = query.where(alerts.c.acknowledged_at.is_(None))
    return [Alert(*row) for row in connection.execute(query)]


def count_open(connection: Connection) -> int:
    """How many alerts nobody has taken note of. Index: alerts_open."""
    query = select(func.count()).select_from(alerts).where(alerts.c.acknowledged_at.is_(None))
    return connection.execute(query).scalar_one()


def acknowledge(connection: Connection, ids: Sequence[int] | None, by: str) -> int:
    """Take note of some alerts, or of all; returns how many were open."""
    change = update(alerts).where(alerts.c.acknowledged_at.is_(None))
    if ids is not None:
        change = change.where(alerts.c.id.in_(ids))
    done = change.values(acknowledged_at=func.squads.clock(), acknowledged_by=by).returning(alerts.c.id)
    return len(connection.execute(done).all())


def lock_unsent(connection: Connection, limit: int) -> list[Alert]:
    """The oldest alerts that no webhook has taken, but for those that another sender holds. Index: alerts_unsent."""
    rows = connection.execute(
        select(*(alerts.c[name] for name in Alert.__slots__))
        .where(alerts.c.sent_at.is_(None))
        .order_by(alerts.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [Alert(*row) for row in rows]


def mark_sent(connection: Connection, alert_id: int) -> None:
    """Write that the webhook took an alert."""
    connection.execute(update(alerts).where(alerts.c.id == alert_id).values(sent_at=func.squads.clock()))
