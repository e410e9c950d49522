"""The one definition of partitions, and the days that a run is for. No asset."""

from datetime import date
from typing import Final

import dagster as dg

FIRST_DAY: Final = "2018-01-01"
"""Older than any fact of any deployment; facts lie on the day on which they were posted."""

UTC_DAYS: Final = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone="UTC", end_offset=1)
"""A partition is the UTC day that a fact belongs to; the offset makes today one from its first second."""


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """The days that a run is for, in order: one, or a range in a backfill."""
    return [date.fromisoformat(key) for key in sorted(context.partition_keys)]


def span_of(context: dg.AssetCheckExecutionContext) -> tuple[date, date] | None:
    """The first and last day that a check's run is for; None for a check that is run by itself.

    Checks have no partitions of their own: one that is run alone looks at all of history.
    """
    run = context.op_execution_context
    if run.has_partition_key:
        day = date.fromisoformat(run.partition_key)
        return day, day
    if run.has_partition_key_range:
        keys = run.partition_key_range
        return date.fromisoformat(keys.start), date.fromisoformat(keys.end)
    return None
