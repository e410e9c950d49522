"""Reading the gap views: what work is missing now. The views themselves are in `sql/`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, Select, TableClause, column, func, literal, or_, select, table, union_all

from squads_pipeline.store.schema import gap_failures

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
    """How much work is missing.

    Attributes:
        units: how many units, those that wait for something included.
        since: of the oldest.
        tokens_at_stake: tokens that wait for them.
        due: how many can be done now.
    """

    units: int
    since: datetime | None
    tokens_at_stake: Decimal
    due: int


def _view(gap: str) -> TableClause:
    if gap not in GAPS:
        raise ValueError(f"{gap!r} is no gap; choose one of {', '.join(GAPS)}")
    return table(gap, *map(column, Unit.__slots__), schema="gaps")


def _due(gap: str) -> Select[tuple[str, datetime]]:
    """The units that can be done now, with the moment since which they can.

    What is missing is asked for by its own `since`, and the clock is a subquery, read once: so PostgreSQL applies the
    condition deep in the view, and units that wait cost next to nothing. A volatile function, or the later of two
    moments as in the schema ``gaps``, would be compared only once all of the view is worked out.
    """
    _view(gap)
    missing = table(f"missing_{gap}", column("unit"), column("since"), schema="squads")
    now = select(func.squads.clock()).scalar_subquery()
    failure = gap_failures.alias()
    of_unit = (failure.c.gap == gap) & (failure.c.unit == missing.c.unit)
    return (
        select(missing.c.unit, func.greatest(missing.c.since, failure.c.retry_at).label("since"))
        .outerjoin_from(missing, failure, of_unit)
        .where(missing.c.since <= now, or_(failure.c.unit.is_(None), failure.c.retry_at <= now))
    )


def is_open(connection: Connection, gap: str) -> bool:
    """Whether there is work that can be done now; units whose `since` lies ahead wait for something."""
    return bool(connection.scalar(select(_due(gap).exists())))


def those_open(connection: Connection, wanted: Sequence[str]) -> list[str]:
    """Which of some gaps have work that can be done now, in their order: all in one look."""
    looks = (select(literal(gap).label("gap")).where(_due(gap).exists()) for gap in wanted)
    found = set(connection.scalars(union_all(*looks)))
    return [gap for gap in wanted if gap in found]


def due(connection: Connection, gap: str, limit: int) -> list[str]:
    """The units that can be done now, at most ``limit``: those that wait the longest first, ties by name."""
    found = _due(gap).subquery()
    return list(connection.scalars(select(found.c.unit).order_by(found.c.since, found.c.unit).limit(limit)))


def size(connection: Connection, gap: str) -> Size:
    """How much work there is."""
    view = _view(gap)
    row = connection.execute(
        select(
            func.count(),
            func.min(view.c.since),
            func.coalesce(func.sum(view.c.tokens_at_stake), 0),
            func.count().filter(view.c.since <= select(func.squads.clock()).scalar_subquery()),
        )
    ).one()
    return Size(*row)


def units(connection: Connection, gap: str, limit: int) -> list[Unit]:
    """The oldest units of work, at most ``limit``."""
    view = _view(gap)
    rows = connection.execute(select(*view.c).order_by(view.c.since, view.c.unit).limit(limit))
    return [Unit(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Look:
    """A gap at a glance: its size, its oldest units, and those that failed and are tried again first."""

    size: Size
    oldest: list[Unit]
    failing: list[Unit]


def look(connection: Connection, gap: str, limit: int) -> Look:
    """Read a gap once for all that a person wants to see of it; of units at most ``limit`` each.

    Units that wait may be many, and each takes its lookups: the view is worked out one time, then numbered.
    """
    view = _view(gap)
    failed = view.c.attempts.is_not(None)
    seen = select(
        *view.c,
        func.row_number().over(order_by=(view.c.since, view.c.unit)).label("place"),
        func.row_number().over(partition_by=failed, order_by=(view.c.retry_at, view.c.unit)).label("turn"),
        func.count().over().label("units"),
        func.min(view.c.since).over().label("oldest"),
        func.sum(view.c.tokens_at_stake).over().label("tokens"),
        func.count()
        .filter(view.c.since <= select(func.squads.clock()).scalar_subquery())
        .over()
        .label("due"),
    ).cte("seen")
    shown = or_(seen.c.place <= limit, seen.c.attempts.is_not(None) & (seen.c.turn <= limit))
    rows = connection.execute(select(seen).where(shown).order_by(seen.c.place)).all()
    first = rows[0] if rows else None
    size = Size(first.units, first.oldest, first.tokens, first.due) if first else Size(0, None, Decimal(0), 0)
    units = [(Unit(*row[: len(Unit.__slots__)]), row) for row in rows]
    failing = sorted(
        (row.turn, place) for place, (unit, row) in enumerate(units) if unit.attempts is not None
    )
    return Look(
        size,
        [unit for unit, row in units if row.place <= limit],
        [units[place][0] for turn, place in failing if turn <= limit],
    )
