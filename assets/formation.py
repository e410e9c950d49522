"""Formation: squads formed around targets, with their seeds. No rules."""

from collections.abc import Iterator
from datetime import date
from typing import Final

import dagster as dg
from pydantic import Field
from sqlalchemy import Connection

from assets import columns, driven, reports
from assets.partitions import UTC_DAYS
from assets.sources import KINDS, OWNERS, knowledge_gaps
from resources.database import Database
from squads_pipeline.drivers import form_squads
from squads_pipeline.drivers.audit_formations import audit_day
from squads_pipeline.rules.formation import RULE_VERSION
from squads_pipeline.store import formation_facts, schema

LARGEST: Final = 10
"""Formations shown of a day."""


def _formed_of_day(connection: Connection, day: date) -> driven.Metadata:
    """What a day holds, and its largest seeds."""
    return {
        **reports.formations_metadata(formation_facts.summary(connection, day, day)),
        **reports.formations_table(formation_facts.largest(connection, day, LARGEST)),
    }


_FORMED: Final = driven.Driven(
    gap=form_squads.GAP,
    driver=form_squads.form_squads,
    auditor=audit_day,
    of_day=_formed_of_day,
    fingerprint=lambda connection, first, last: formation_facts.summary(connection, first, last).fingerprint,
)


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
    yield from driven.run(_FORMED, context, database, dry_run=config.dry_run)


FORMATION_ASSETS: Final = (squads_formed,)
