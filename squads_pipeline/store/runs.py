"""The record of what drivers did, and the database's clock. No driver's own tables."""

from datetime import date

from sqlalchemy import Connection, func, insert, select

from squads_pipeline.store.schema import driver_runs
from squads_pipeline.store.stamp import Stamp


def today(connection: Connection) -> date:
    """The UTC day by the database's clock, or by a simulation's."""
    day: date = connection.execute(select(func.squads.utc_day(func.squads.clock()))).scalar_one()
    return day


def record(connection: Connection, *, units: int, moved_micro: int, stamp: Stamp) -> None:
    """Write that a driver changed something, in the driver's own transaction."""
    connection.execute(
        insert(driver_runs).values(
            units=units,
            moved_micro=moved_micro,
            recorded_at=func.squads.clock(),
            effective_on=func.squads.utc_day(func.squads.clock()),
            **stamp.columns(),
        )
    )
