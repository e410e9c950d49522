"""Rosters: the edges that squads take by themselves between recruitment and harvest. No rules."""

from datetime import date
from typing import Final

import dagster as dg
from sqlalchemy import Connection

from assets import columns, driven
from assets.formation import squads_formed
from assets.sources import agents, research_squads, squad_join_bids
from resources.database import Database
from squads_pipeline.drivers import fill_rosters
from squads_pipeline.drivers.audit_rosters import audit_day
from squads_pipeline.rules.rosters import RULE_VERSION
from squads_pipeline.store import roster_facts, schema


def _edges_of_day(connection: Connection, day: date) -> driven.Metadata:
    """What a day holds."""
    summary = roster_facts.summary(connection, day, day)
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(summary.edges),
        "activated on the day": dg.MetadataValue.int(summary.activated),
        "extended on the day": dg.MetadataValue.int(summary.extended),
        "harvests begun on the day": dg.MetadataValue.int(summary.harvested),
    }


_ROSTERS: Final = driven.Driven(
    driver=fill_rosters.fill_rosters,
    auditor=audit_day,
    of_day=_edges_of_day,
    fingerprint=lambda connection, first, last: roster_facts.summary(connection, first, last).fingerprint,
)


# A squad opens when its seed is posted, and is harvested early when its work meets its criteria. How much work that is,
# squads and their members have as counts; edges from journal and findings would lead from the harvest back to here.
@driven.asset(
    driver=fill_rosters.NAME,
    deps=[agents, squads_formed, research_squads, squad_join_bids],
    description=(
        "An edge that a squad took by itself: opened to recruitment, extended, activated with its lead, harvested. "
        "Today: takes the edges that are due and decides the bids that rules decide. A past day: decides its edges "
        "again from their facts and changes nothing."
    ),
    group_name="formation",
    kinds={"postgres", "view"},
    metadata={**columns.of_table(schema.squad_events), "dagster/table_name": "squads.squad_rosters"},
    code_version=RULE_VERSION,
)
def squad_rosters(
    context: dg.AssetExecutionContext, config: driven.DrivenConfig, database: Database
) -> driven.Results:
    """Take today's edges, audit past days."""
    yield from driven.run(_ROSTERS, context, config, database)


ROSTER_ASSETS: Final = (squad_rosters,)
