"""Rosters: the edges that squads take by themselves between recruitment and harvest, and their checks. No rules."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

import dagster as dg
from sqlalchemy import Connection

from assets import columns, driven
from assets.checks import Find, verdict
from assets.partitions import span_of
from assets.sources import agents, research_squads, squad_join_bids
from resources.database import Database
from squads_pipeline.drivers import fill_rosters
from squads_pipeline.drivers.audit_rosters import audit_day, findings_since
from squads_pipeline.rules.rosters import RULE_VERSION
from squads_pipeline.store import roster_facts, schema
from squads_pipeline.store.formation_invariants import FORMATION_INVARIANTS
from squads_pipeline.store.roster_invariants import ROSTER_INVARIANTS

RECOMPUTED: Final = "edges_recompute_equal"
REPLAYED: Final = "events_replay_to_the_state"


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


@driven.asset(
    driver=fill_rosters.NAME,
    deps=[agents, research_squads, squad_join_bids],
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


_INVARIANTS: Final = (*ROSTER_INVARIANTS, *(one for one in FORMATION_INVARIANTS if one.name == REPLAYED))

_CHECKS: Final[Mapping[str, Find]] = {
    **{one.name: one.find for one in _INVARIANTS},
    RECOMPUTED: findings_since,
}


@dg.multi_asset_check(
    specs=[
        *(
            dg.AssetCheckSpec(
                one.name, asset=squad_rosters, blocking=True, description=f"{one.number}: {one.description}"
            )
            for one in _INVARIANTS
        ),
        dg.AssetCheckSpec(
            RECOMPUTED,
            asset=squad_rosters,
            blocking=True,
            description="I10: Decided again from the facts of its moment, each edge is the one that was taken.",
        ),
    ],
    can_subset=True,
)
def roster_checks(
    context: dg.AssetCheckExecutionContext, database: Database
) -> Iterator[dg.AssetCheckResult]:
    """Look for what does not hold of squads' rosters, in one snapshot."""
    span = span_of(context)
    with database.snapshot() as connection:
        for key in sorted(context.selected_asset_check_keys):
            yield verdict(key, _CHECKS[key.name](connection, span and span[0]))


ROSTER_ASSETS: Final = (squad_rosters,)
ROSTER_CHECKS: Final = (roster_checks,)
