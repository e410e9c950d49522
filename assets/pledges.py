"""Contributions under pledges: today they are made, a past day is audited. No rules."""

from datetime import date
from typing import Final

import dagster as dg
from sqlalchemy import Connection

from assets import columns, driven
from assets.rosters import squad_rosters
from assets.sources import agents, pledges, research_squads, squad_join_bids
from resources.database import Database
from squads_pipeline.drivers import honour_pledges
from squads_pipeline.drivers.audit_pledges import audit_day
from squads_pipeline.rules.money import format_tokens
from squads_pipeline.rules.pledges import RULE_VERSION
from squads_pipeline.store import pledge_facts, schema

GAP: Final = "pledged_contributions"


def _paid_of_day(connection: Connection, day: date) -> driven.Metadata:
    """What a day holds."""
    summary = pledge_facts.summary(connection, day, day)
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(summary.payments),
        "agents of the day": dg.MetadataValue.int(summary.agents),
        "squads of the day": dg.MetadataValue.int(summary.squads),
        "contributed on the day, tokens": dg.MetadataValue.text(format_tokens(summary.amount_micro)),
    }


_PLEDGED: Final = driven.Driven(
    driver=honour_pledges.honour_pledges,
    auditor=audit_day,
    of_day=_paid_of_day,
    fingerprint=lambda connection, first, last: pledge_facts.summary(connection, first, last).fingerprint,
)


# Squads take money while they recruit and work, and those that an agent has joined come first. What it has given and
# earned before is in the ledger; edges from there would close circles.
@driven.asset(
    driver=honour_pledges.NAME,
    deps=[agents, pledges, research_squads, squad_rosters, squad_join_bids],
    description=(
        "A contribution made for an agent under its pledge. Today: pays for every agent with a free place in "
        "this cycle, all or nothing. A past day: recomputes its payments from their frozen inputs and pays nobody."
    ),
    group_name="funding",
    metadata=columns.of_table(schema.pledged_contributions),
    code_version=RULE_VERSION,
)
def pledged_contributions(
    context: dg.AssetExecutionContext, config: driven.DrivenConfig, database: Database
) -> driven.Results:
    """Honour pledges today, audit past days."""
    yield from driven.run(_PLEDGED, context, config, database)
