"""Which gaps nobody closes now: paused by an operator, or their sensor switched off in the UI. No decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from squads_pipeline.store.schema import paused_gaps


@dataclass(frozen=True, slots=True)
class Pause:
    """A gap that is paused: by whom, why, and since when."""

    gap: str
    paused_by: str
    reason: str
    paused_at: datetime


def pause(connection: Connection, gaps: Sequence[str], *, paused_by: str, reason: str) -> None:
    """Pause some gaps; one that is paused already keeps its first reason."""
    connection.execute(
        insert(paused_gaps)
        .values(paused_at=func.squads.clock(), paused_by=paused_by, reason=reason)
        .on_conflict_do_nothing(),
        [{"gap": gap} for gap in gaps],
    )


def resume(connection: Connection, gaps: Sequence[str]) -> list[str]:
    """Resume some gaps; returns those that were paused."""
    ended = delete(paused_gaps).where(paused_gaps.c.gap.in_(gaps)).returning(paused_gaps.c.gap)
    return sorted(connection.scalars(ended))


def every(connection: Connection) -> dict[str, Pause]:
    """The gaps that are paused, by name."""
    rows = connection.execute(select(*(paused_gaps.c[name] for name in Pause.__slots__)))
    return {row.gap: Pause(*row) for row in rows}


# The name is in the body alone; Dagster keeps the format that it once wrote.
_SWITCHED_OFF = text("""
SELECT instigator_body::jsonb #>> '{origin,job_name}' AS sensor
FROM dagster.instigators WHERE instigator_type = 'SENSOR' AND status = 'STOPPED'
""")


def sensors_off(connection: Connection) -> set[str]:
    """Names of the sensors that somebody has switched off in the Dagster UI."""
    if connection.scalar(text("SELECT to_regclass('dagster.instigators')")) is None:
        return set()
    return set(connection.scalars(_SWITCHED_OFF))
