"""Formation: squads formed around targets, with their seeds. No rules."""

from datetime import date
from typing import Final

import dagster as dg
from sqlalchemy import Connection

from assets import columns, driven, reports
from assets.sources import knowledge_gaps
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
    driver=form_squads.form_squads,
    auditor=audit_day,
    of_day=_formed_of_day,
    fingerprint=lambda connection, first, last: formation_facts.summary(connection, first, last).fingerprint,
)


# Whether a target has a squad is read in research_squads, which follow from here: that edge would close a circle.
@driven.asset(
    driver=form_squads.NAME,
    deps=[knowledge_gaps],
    description=(
        "A squad formed around a target, with its seed. Today: pays seeds in arrears and forms squads around "
        "the most important targets that have none. A past day: recomputes its seeds and pays nothing."
    ),
    group_name="formation",
    metadata=columns.of_table(schema.squads_formed),
    code_version=RULE_VERSION,
)
def squads_formed(
    context: dg.AssetExecutionContext, config: driven.DrivenConfig, database: Database
) -> driven.Results:
    """Form today's squads, audit past days."""
    yield from driven.run(_FORMED, context, config, database)


FORMATION_ASSETS: Final = (squads_formed,)
