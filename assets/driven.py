"""A driven asset's run, the same for each: drive, audit or restate its days, tell what came of it. No driver here."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import dagster as dg
from pydantic import Field
from sqlalchemy import Connection

from assets import charts, reports, tags
from assets.failures import plainly
from assets.partitions import days_of
from resources.database import Database
from squads_pipeline.drivers.days import Auditor, RangeAuditor, Restater, Story, run_days
from squads_pipeline.drivers.run import Driver, DriverRun, Outcome
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.store import gap_failures, gaps, policies

Metadata = Mapping[str, dg.MetadataValue]

SHOWN: Final = 20
"""Failing units shown in the UI."""


RESTATABLE: Final = ("qf_matches", "harvest_distributions", "credit_dividends")
"""Assets whose facts have revisions."""


class RestatableConfig(dg.Config):
    """What a run of an asset whose facts have revisions may be told besides."""

    restate: bool = Field(
        default=False,
        description=(
            "Put past days right instead of auditing them: facts that differ from their recomputation get a new "
            "revision, and the difference is posted today as a correction. Needs a reason."
        ),
    )
    reason: str = Field(default="", description="Why past days are restated; part of the record.")

    def given_reason(self) -> str | None:
        """The reason if past days are to be restated, else None."""
        return self.reason if self.restate else None


@dataclass(frozen=True, slots=True)
class Driven:
    """What is an asset's own in its runs.

    Attributes:
        gap: name of its gap.
        driver: closes the gap today.
        auditor: recomputes a past day.
        of_day: what the UI shows of a day's facts.
        fingerprint: content hash of the facts of some days, the first and the last given.
        range_auditor: recomputes many past days at once, where it would be wasteful day by day.
        restater: puts a past day right, if the facts have revisions.
    """

    gap: str
    driver: Driver
    auditor: Auditor
    of_day: Callable[[Connection, date], Metadata]
    fingerprint: Callable[[Connection, date, date], str]
    range_auditor: RangeAuditor | None = None
    restater: Restater | None = None


def run(
    driven: Driven,
    context: dg.AssetExecutionContext,
    database: Database,
    *,
    dry_run: bool,
    reason: str | None = None,
) -> Iterator[dg.MaterializeResult[None] | dg.AssetObservation]:
    """Drive today, audit past days or restate them for a reason, and report each with the gap before and after."""
    with plainly():
        days = days_of(context)
        _tag(driven, context, database, days)
        before = _gap(driven, database, "before")
        story = Story(driven.driver, driven.auditor, driven.range_auditor, driven.restater)
        named = DriverRun(context.run.run_id)
        outcomes = run_days(database.engine(), days, story, named, dry_run=dry_run, reason=reason)
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


def _tag(driven: Driven, context: dg.AssetExecutionContext, database: Database, days: list[date]) -> None:
    with database.engine().connect() as connection:
        policy = policy_id(policies.current(connection))
    driver = context.assets_def.tags_by_key[context.asset_key][tags.DRIVER]
    tags.complete(context, tags.of_run(driver, driven.gap, policy, days[0], days[-1]))


def _told(driven: Driven, connection: Connection, day: date, outcome: Outcome) -> Metadata:
    return {**reports.outcome_metadata(outcome), **driven.of_day(connection, day)}


def _gap(driven: Driven, database: Database, moment: str) -> Metadata:
    with database.engine().connect() as connection:
        return reports.gap_metadata(moment, gaps.size(connection, driven.gap))
