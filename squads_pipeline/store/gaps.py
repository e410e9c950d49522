"""Reading the gap views: what work is missing now. The views themselves are in `sql/`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, TableClause, column, exists, func, literal, select, table, union_all

GAPS = (
    "squads_formed",
    "squad_rosters",
    "pledged_contributions",
    "qf_matches",
    "reviewed_findings",
    "bubbled_findings",
    "harvest_distributions",
    "delivered_messages",
    "credit_dividends",
    "policy_calibration",
    "ledger_seals",
)
"""Driven assets, each with a view of its name in the schema ``gaps``."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of work that is missing.

    Attributes:
        unit: names it, such as ``squad:heatmap``.
        since: when the work became due to be done; ahead of now if it has to wait for something until then.
        reason: why it is open, for a person.
        tokens_at_stake: tokens that wait for it.
        attempts: how often it has failed; None for a unit that has not.
        error: what went wrong at the last attempt, or None.
        retry_at: when it is tried again, or None.
    """

    unit: str
    since: datetime
    reason: str
    tokens_at_stake: Decimal
    attempts: int | None = None
    error: str | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """How much work is missing: units, the oldest, and the tokens that wait for it."""

    units: int
    since: datetime | None
    tokens_at_stake: Decimal


def _view(gap: str) -> TableClause:
    if gap not in GAPS:
        raise ValueError(f"{gap!r} is no gap; choose one of {', '.join(GAPS)}")
    return table(gap, *map(column, Unit.__slots__), schema="gaps")


def is_open(connection: Connection, gap: str) -> bool:
    """Whether there is work that can be done now; units whose `since` lies ahead wait for something."""
    view = _view(gap)
    due = exists().select_from(view).where(view.c.since <= func.squads.clock())
    return bool(connection.scalar(select(due)))


def those_open(connection: Connection, wanted: Sequence[str]) -> list[str]:
    """Which of some gaps have work that can be done now, in their order: all in one look."""
    now = func.squads.clock()
    looks = (
        select(literal(gap).label("gap")).where(exists().select_from(view).where(view.c.since <= now))
        for gap, view in ((gap, _view(gap)) for gap in wanted)
    )
    found = set(connection.scalars(union_all(*looks)))
    return [gap for gap in wanted if gap in found]


def due(connection: Connection, gap: str, limit: int) -> list[str]:
    """The units that can be done now, at most ``limit``: those that wait the longest first, ties by name."""
    view = _view(gap)
    return list(
        connection.scalars(
            select(view.c.unit)
            .where(view.c.since <= func.squads.clock())
            .order_by(view.c.since, view.c.unit)
            .limit(limit)
        )
    )


def size(connection: Connection, gap: str) -> Size:
    """How much work there is."""
    view = _view(gap)
    row = connection.execute(
        select(func.count(), func.min(view.c.since), func.coalesce(func.sum(view.c.tokens_at_stake), 0))
    ).one()
    return Size(row[0], row[1], row[2])


def units(connection: Connection, gap: str, limit: int) -> list[Unit]:
    """The oldest units of work, at most ``limit``."""
    view = _view(gap)
    rows = connection.execute(select(*view.c).order_by(view.c.since, view.c.unit).limit(limit))
    return [Unit(*row) for row in rows]


def failing(connection: Connection, gap: str, limit: int) -> list[Unit]:
    """Units that failed and are still missing, at most ``limit``, those that are tried again first before."""
    view = _view(gap)
    query = select(*view.c).where(view.c.attempts.is_not(None)).order_by(view.c.retry_at, view.c.unit)
    return [Unit(*row) for row in connection.execute(query.limit(limit))]
