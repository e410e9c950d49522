"""Formation: squads formed around targets, with their seeds. No rules."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

import dagster as dg
from pydantic import Field

from assets import columns, reports
from assets.failures import plainly
from assets.partitions import UTC_DAYS, days_of
from assets.sources import KINDS, OWNERS, knowledge_gaps
from resources.database import Database
from squads_pipeline.drivers import form_squads
from squads_pipeline.drivers.audit_formations import audit_day
from squads_pipeline.drivers.days import run_days
from squads_pipeline.drivers.run import DriverRun, Outcome
from squads_pipeline.rules.formation import RULE_VERSION
from squads_pipeline.store import formation_facts, gaps, schema

LARGEST: Final = 10
"""Formations shown of a day."""


class SquadsFormedConfig(dg.Config):
    """How a run of `squads_formed` behaves."""

    dry_run: bool = Field(
        default=False,
        description="Do it in a real transaction and roll it back: says what a run would do, forms nothing.",
    )


@dg.asset(
    deps=[knowledge_gaps],
    description=(
        "A squad formed around a target, with its seed. Today: pays seeds in arrears and forms squads around "
        "the most important targets that have none. A past day: recomputes its seeds and pays nothing."
    ),
    group_name="formation",
    owners=OWNERS,
    kinds=KINDS,
    tags={"squads/driver": form_squads.NAME},
    metadata=columns.of_table(schema.squads_formed),
    code_version=RULE_VERSION,
    partitions_def=UTC_DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    output_required=False,
)
def squads_formed(
    context: dg.AssetExecutionContext, config: SquadsFormedConfig, database: Database
) -> Iterator[dg.MaterializeResult[None] | dg.AssetObservation]:
    """Form today's squads, audit past days."""
    with plainly():
        before = _gap(database, "before")
        run = DriverRun(context.run.run_id)
        outcomes = run_days(
            database.engine(),
            days_of(context),
            form_squads.form_squads,
            audit_day,
            run,
            dry_run=config.dry_run,
        )
        told = {day: {**before, **one} for day, one in _told(database, outcomes).items()}
        version = _version(database, outcomes)
    yield from reports.results(context, told, version, dry_run=config.dry_run)


FORMATION_ASSETS: Final = (squads_formed,)


def _gap(database: Database, moment: str) -> Mapping[str, dg.MetadataValue]:
    with database.engine().connect() as connection:
        return reports.gap_metadata(moment, gaps.size(connection, form_squads.GAP))


def _told(database: Database, outcomes: Mapping[date, Outcome]) -> dict[date, dict[str, dg.MetadataValue]]:
    """What the UI shows of each day: what was done, what it holds, and its largest seeds."""
    after = _gap(database, "after")
    with database.engine().connect() as connection:
        return {
            day: {
                **reports.outcome_metadata(outcome),
                **reports.formations_metadata(formation_facts.summary(connection, day, day)),
                **reports.formations_table(formation_facts.largest(connection, day, LARGEST)),
                **after,
            }
            for day, outcome in outcomes.items()
        }


def _version(database: Database, outcomes: Mapping[date, Outcome]) -> str:
    with database.engine().connect() as connection:
        return formation_facts.summary(connection, min(outcomes), max(outcomes)).fingerprint
