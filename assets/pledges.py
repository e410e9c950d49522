"""Contributions under pledges: today they are made, a past day is audited. No rules."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

import dagster as dg
from pydantic import Field

from assets import columns, reports
from assets.failures import plainly
from assets.partitions import UTC_DAYS, days_of
from assets.sources import KINDS, OWNERS, agents, pledges, research_squads
from resources.database import Database
from squads_pipeline.drivers import honour_pledges
from squads_pipeline.drivers.audit_pledges import audit_day
from squads_pipeline.drivers.days import run_days
from squads_pipeline.drivers.run import DriverRun, Outcome
from squads_pipeline.rules.money import format_tokens
from squads_pipeline.rules.pledges import RULE_VERSION
from squads_pipeline.store import gaps, pledge_facts, schema

GAP: Final = "pledged_contributions"


class PledgedContributionsConfig(dg.Config):
    """How a run of `pledged_contributions` behaves."""

    dry_run: bool = Field(
        default=False,
        description="Do it in a real transaction and roll it back: says what a run would do, pays nothing.",
    )


@dg.asset(
    deps=[agents, research_squads, pledges],
    description=(
        "A contribution made for an agent under its pledge. Today: pays for every agent with a free place in "
        "this cycle, all or nothing. A past day: recomputes its payments from their frozen inputs and pays nobody."
    ),
    group_name="funding",
    owners=OWNERS,
    kinds=KINDS,
    tags={"squads/driver": honour_pledges.NAME},
    metadata=columns.of_table(schema.pledged_contributions),
    code_version=RULE_VERSION,
    partitions_def=UTC_DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    output_required=False,
)
def pledged_contributions(
    context: dg.AssetExecutionContext, config: PledgedContributionsConfig, database: Database
) -> Iterator[dg.MaterializeResult[None] | dg.AssetObservation]:
    """Honour pledges today, audit past days."""
    with plainly():
        before = _gap(database, "before")
        run = DriverRun(context.run.run_id)
        driver = honour_pledges.honour_pledges
        outcomes = run_days(
            database.engine(), days_of(context), driver, audit_day, run, dry_run=config.dry_run
        )
        told = {day: {**before, **one} for day, one in _told(database, outcomes).items()}
        version = _version(database, outcomes)
    yield from reports.results(context, told, version, dry_run=config.dry_run)


def _gap(database: Database, moment: str) -> Mapping[str, dg.MetadataValue]:
    with database.engine().connect() as connection:
        return reports.gap_metadata(moment, gaps.size(connection, GAP))


def _told(database: Database, outcomes: Mapping[date, Outcome]) -> dict[date, dict[str, dg.MetadataValue]]:
    """What the UI shows of each day: what was done, and what the day holds after."""
    after = _gap(database, "after")
    with database.engine().connect() as connection:
        return {
            day: {
                **reports.outcome_metadata(outcome),
                **_day(pledge_facts.summary(connection, day, day)),
                **after,
            }
            for day, outcome in outcomes.items()
        }


def _day(summary: pledge_facts.Summary) -> dict[str, dg.MetadataValue]:
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(summary.payments),
        "agents of the day": dg.MetadataValue.int(summary.agents),
        "squads of the day": dg.MetadataValue.int(summary.squads),
        "contributed on the day, tokens": dg.MetadataValue.text(format_tokens(summary.amount_micro)),
    }


def _version(database: Database, outcomes: Mapping[date, Outcome]) -> str:
    with database.engine().connect() as connection:
        return pledge_facts.summary(connection, min(outcomes), max(outcomes)).fingerprint
