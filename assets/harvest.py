"""The harvest: pools shared out among members, squads disbanded. No rules."""

from datetime import date
from typing import Final

import dagster as dg
from sqlalchemy import Connection

from assets import columns, driven, reports
from assets.findings import bubbled_findings, reviewed_findings
from assets.formation import squads_formed
from assets.funding import qf_matches
from assets.rosters import squad_rosters
from assets.sources import (
    contributions,
    finding_reviews,
    research_squads,
    squad_findings,
    squad_join_bids,
    squad_journal,
)
from resources.database import Database
from squads_pipeline.drivers import distribute_pools, restate_distributions
from squads_pipeline.drivers.audit_distributions import audit_day
from squads_pipeline.rules.distribution import RULE_VERSION
from squads_pipeline.rules.money import format_tokens
from squads_pipeline.store import distribution_facts, schema

LARGEST: Final = 10
"""Pools shown of a day."""


def _shared_on_day(connection: Connection, day: date) -> driven.Metadata:
    """What a day holds, and its largest pools."""
    summary = distribution_facts.summary(connection, day, day)
    largest = distribution_facts.largest(connection, day, LARGEST)
    rows = [(one.squad_id, one.manner, format_tokens(one.pool_micro), one.members) for one in largest]
    table = reports.markdown_table(("squad", "manner", "pool", "shares"), rows)
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(summary.shares),
        "squads of the day": dg.MetadataValue.int(summary.squads),
        "shared on the day, tokens": dg.MetadataValue.text(format_tokens(summary.shared_micro)),
        **({"largest pools": dg.MetadataValue.md(table)} if rows else {}),
    }


_SHARED: Final = driven.Driven(
    driver=distribute_pools.distribute_pools,
    auditor=audit_day,
    of_day=_shared_on_day,
    fingerprint=lambda connection, first, last: (
        distribution_facts.summary(connection, first, last).fingerprint
    ),
    restater=restate_distributions.restate_day,
)


# In this order: who harvests and who is in it; what the pool was filled by and a refund goes back to; what scores are
# made of; and what has to be over before, besides rounds.
@driven.asset(
    driver=distribute_pools.NAME,
    deps=[
        research_squads,
        squad_rosters,
        squad_join_bids,
        squads_formed,
        contributions,
        qf_matches,
        squad_journal,
        squad_findings,
        finding_reviews,
        reviewed_findings,
        bubbled_findings,
    ],
    description=(
        "A member's share of its squad's pool, with every input of the score. Today: shares out the pools of squads "
        "at their end and disbands them. A past day: recomputes scores and shares and pays nobody."
    ),
    group_name="harvest",
    metadata=columns.of_table(schema.harvest_distributions),
    code_version=RULE_VERSION,
)
def harvest_distributions(
    context: dg.AssetExecutionContext, config: driven.RestatableConfig, database: Database
) -> driven.Results:
    """Share out today's pools, audit past days."""
    yield from driven.run(_SHARED, context, config, database)


HARVEST_ASSETS: Final = (harvest_distributions,)
