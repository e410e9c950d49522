"""What all driven assets share: config, place in Dagster, and a run that drives, audits or restates. No driver here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import dagster as dg
from pydantic import Field
from sqlalchemy import Connection

from assets import charts, reports, tags
from assets.failures import plainly
from assets.partitions import UTC_DAYS, days_of
from assets.sources import KINDS, OWNERS
from resources.database import Database
from squads_pipeline.drivers.days import Auditor, RangeAuditor, Restater, Story, run_days
from squads_pipeline.drivers.run import Driver, DriverRun, Outcome
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.store import gap_failures, gaps, policies

Metadata = Mapping[str, dg.MetadataValue]
Results = Iterator[dg.MaterializeResult[None] | dg.AssetObservation]

SHOWN: Final = 20
"""Failing units shown in the UI."""

RESTATABLE: Final = ("qf_matches", "harvest_distributions", "credit_dividends")
"""Assets whose facts have revisions."""


class DrivenConfig(dg.Config):
    """How a run of a driven asset behaves."""

    dry_run: bool = Field(
        default=False,
        description=(
            "Do it in a real transaction and roll it back: says what a run would do; decides, pays and sends nothing."
        ),
    )

    def given_reason(self) -> str | None:
        """The reason if past days are to be restated, else None: facts without revisions never are."""
        return None


class RestatableConfig(DrivenConfig):
    """How a run of an asset whose facts have revisions behaves."""

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


def asset(
    *,
    driver: str,
    deps: Sequence[dg.AssetsDefinition | dg.AssetSpec | dg.AssetKey],
    description: str,
    group_name: str,
    metadata: Mapping[str, Any],
    code_version: str,
    kinds: AbstractSet[str] = KINDS,
) -> Callable[[Callable[..., Results]], dg.AssetsDefinition]:
    """`dg.asset` with what no driven asset decides for itself; what it is given, it hands on.

    Args:
        driver: name of the driver. Sensors find the asset's runs by it.
        deps: what the driver and the gap read.
        description: what a row is, what today does and what a past day does.
        group_name: where it stands in the graph.
        metadata: its columns.
        code_version: version of the rule.
        kinds: where it lies, as labels.
    """
    return dg.asset(
        deps=deps,
        description=description,
        group_name=group_name,
        owners=OWNERS,
        kinds=kinds,
        tags={tags.DRIVER: driver},
        metadata=metadata,
        code_version=code_version,
        partitions_def=UTC_DAYS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=False,  # a dry run materializes nothing
    )


@dataclass(frozen=True, slots=True)
class Driven:
    """What is an asset's own in its runs. Its gap has its name.

    Attributes:
        driver: closes the gap today.
        auditor: recomputes a past day.
        of_day: what the UI shows of a day's facts.
        fingerprint: content hash of the facts of some days, the first and the last given.
        range_auditor: recomputes many past days at once, where it would be wasteful day by day.
        restater: puts a past day right, if the facts have revisions.
    """

    driver: Driver
    auditor: Auditor
    of_day: Callable[[Connection, date], Metadata]
    fingerprint: Callable[[Connection, date, date], str]
    range_auditor: RangeAuditor | None = None
    restater: Restater | None = None


def run(
    driven: Driven, context: dg.AssetExecutionContext, config: DrivenConfig, database: Database
) -> Results:
    """Drive today, audit past days or restate them for a reason, and report each with the gap before and after."""
    gap = context.asset_key.path[-1]
    with plainly():
        days = days_of(context)
        _tag(gap, context, database, days)
        before = _gap(gap, database, "before")
        outcomes = _outcomes(driven, context, config, database, days)
        after = _gap(gap, database, "after")
        with database.engine().connect() as connection:
            failing = reports.failures_table(gap_failures.of_gap(connection, gap), SHOWN)
            told = {
                day: {**before, **_told(driven, connection, day, outcome), **after, **failing}
                for day, outcome in outcomes.items()
            }
            for day in charts.charted(outcomes):
                told[day].update(charts.of_day(connection, gap, day))
            version = driven.fingerprint(connection, min(outcomes), max(outcomes))
    yield from reports.results(context, told, version, dry_run=config.dry_run)


def _outcomes(
    driven: Driven,
    context: dg.AssetExecutionContext,
    config: DrivenConfig,
    database: Database,
    days: list[date],
) -> dict[date, Outcome]:
    story = Story(driven.driver, driven.auditor, driven.range_auditor, driven.restater)
    named = DriverRun(context.run.run_id)
    reason = config.given_reason()
    return run_days(database.engine(), days, story, named, dry_run=config.dry_run, reason=reason)


def _tag(gap: str, context: dg.AssetExecutionContext, database: Database, days: list[date]) -> None:
    with database.engine().connect() as connection:
        policy = policy_id(policies.current(connection))
    driver = context.assets_def.tags_by_key[context.asset_key][tags.DRIVER]
    tags.complete(context, tags.of_run(driver, gap, policy, days[0], days[-1]))


def _told(driven: Driven, connection: Connection, day: date, outcome: Outcome) -> Metadata:
    return {**reports.outcome_metadata(outcome), **driven.of_day(connection, day)}


def _gap(gap: str, database: Database, moment: str) -> Metadata:
    with database.engine().connect() as connection:
        return reports.gap_metadata(moment, gaps.size(connection, gap))
