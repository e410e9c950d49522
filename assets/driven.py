"""A driven asset's run, the same for each: drive or audit its days, tell what came of it. No driver in here."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import dagster as dg
from sqlalchemy import Connection

from assets import charts, reports
from assets.failures import plainly
from assets.partitions import days_of
from resources.database import Database
from squads_pipeline.drivers.days import Auditor, run_days
from squads_pipeline.drivers.run import Driver, DriverRun, Outcome
from squads_pipeline.store import gap_failures, gaps

Metadata = Mapping[str, dg.MetadataValue]

SHOWN: Final = 20
"""Failing units shown in the UI."""


@dataclass(frozen=True, slots=True)
class Driven:
    """What is an asset's own in its runs.

    Attributes:
        gap: name of its gap.
        driver: closes the gap today.
        auditor: recomputes a past day.
        of_day: what the UI shows of a day's facts.
        fingerprint: content hash of the facts of some days, the first and the last given.
    """

    gap: str
    driver: Driver
    auditor: Auditor
    of_day: Callable[[Connection, date], Metadata]
    fingerprint: Callable[[Connection, date, date], str]


def run(
    driven: Driven, context: dg.AssetExecutionContext, database: Database, *, dry_run: bool
) -> Iterator[dg.MaterializeResult[None] | dg.AssetObservation]:
    """Drive today, audit past days, and report each with the gap before and after."""
    with plainly():
        before = _gap(driven, database, "before")
        named = DriverRun(context.run.run_id)
        outcomes = run_days(
            database.engine(), days_of(context), driven.driver, driven.auditor, named, dry_run=dry_run
        )
        after = _gap(driven, database, "after")
        with database.engine().connect() as connection:
            failing = reports.failures_table(gap_failures.of_gap(connection, driven.gap), SHOWN)
            told = {
                day: {**before, **_told(driven, connection, day, outcome), **after, **failing}
                for day, outcome in outcomes.items()
            }
            for day in charts.charted(outcomes):
                told[day].update(charts.of_day(connection, driven.gap, day))
            version = driven.fingerprint(connection, min(outcomes), max(outcomes))
    yield from reports.results(context, told, version, dry_run=dry_run)


def _told(driven: Driven, connection: Connection, day: date, outcome: Outcome) -> Metadata:
    return {**reports.outcome_metadata(outcome), **driven.of_day(connection, day)}


def _gap(driven: Driven, database: Database, moment: str) -> Metadata:
    with database.engine().connect() as connection:
        return reports.gap_metadata(moment, gaps.size(connection, driven.gap))
