"""Funding: matches by rounds, squads' daily statements, what other mechanisms would have paid. No rules."""

from datetime import date
from typing import Final

import dagster as dg
from sqlalchemy import Connection

from assets import columns, derived, driven, reports
from assets.automation import AFTER_EACH_ROUND
from assets.failures import plainly
from assets.formation import squads_formed
from assets.partitions import days_of
from assets.pledges import pledged_contributions
from assets.rosters import squad_rosters
from assets.sources import contributions, research_squads
from resources.database import Database
from squads_pipeline.drivers import match_round
from squads_pipeline.drivers.audit_matches import audit_day, audit_range
from squads_pipeline.drivers.restate_matches import restate_day
from squads_pipeline.marts import mechanism_comparison as comparing
from squads_pipeline.marts import squad_pools as stating
from squads_pipeline.rules.quadratic import RULE_VERSION
from squads_pipeline.store import comparisons, match_facts, schema, statements

LARGEST: Final = 10
"""Matches shown of a round."""


def _matches_of_day(connection: Connection, day: date) -> driven.Metadata:
    """What a day holds, and its last round's largest matches."""
    return {
        **reports.day_metadata(match_facts.summary(connection, day, day)),
        **reports.matches_table(match_facts.largest(connection, day, LARGEST)),
    }


_MATCHES: Final = driven.Driven(
    driver=match_round.match_round,
    auditor=audit_day,
    of_day=_matches_of_day,
    fingerprint=lambda connection, first, last: match_facts.summary(connection, first, last).fingerprint,
    range_auditor=audit_range,
    restater=restate_day,
)


# What is given to a squad that has begun to harvest does not wait to settle.
@driven.asset(
    driver=match_round.NAME,
    deps=[contributions, research_squads, pledged_contributions, squad_rosters],
    description=(
        "A squad's match in a quadratic-funding round. Today: claims what waits, weighs the squads and pays, "
        "all or nothing. A past day: recomputes its rounds from their frozen inputs and pays nobody, "
        "unless told to restate."
    ),
    group_name="funding",
    metadata=columns.of_table(schema.qf_matches),
    code_version=RULE_VERSION,
)
def qf_matches(
    context: dg.AssetExecutionContext, config: driven.RestatableConfig, database: Database
) -> driven.Results:
    """Drive today's round, audit past days."""
    yield from driven.run(_MATCHES, context, config, database)


@derived.mart(
    deps=[
        research_squads,
        squads_formed,
        contributions,
        pledged_contributions,
        qf_matches,
        dg.AssetKey("harvest_distributions"),  # its module imports this one
    ],
    description="A squad's statement for a day: opening, what came in by source, what went out, closing.",
    group_name="funding",
    metadata=columns.of_table(schema.squad_pools),
    code_version=stating.VERSION,
)
def squad_pools(context: dg.AssetExecutionContext, database: Database) -> derived.Result:
    """State every squad's pool, from one snapshot of the ledger."""
    days = days_of(context)
    with plainly(), database.snapshot() as connection:
        pools = statements.holders(connection, statements.SQUADS, days[0])
        flows = statements.flows(connection, statements.SQUADS, days[0], days[-1])
    stated = stating.statements(pools, flows, days)
    return reports.mart_result(
        context, stated, days, ["contributions_micro", "matches_micro", "closing_micro"], charted=stated
    )


@derived.mart(
    deps=[contributions, research_squads, qf_matches],
    description="What each mechanism would have paid in each round, beside what was paid.",
    metadata={**columns.of_table(schema.mechanism_comparison), "pairs bound": comparing.PAIRS_BOUND},
    code_version=RULE_VERSION,
    automation_condition=AFTER_EACH_ROUND,
    freshness_policy=None,
)
def mechanism_comparison(context: dg.AssetExecutionContext, database: Database) -> derived.Result:
    """Weigh each round's frozen inputs by every mechanism."""
    days = days_of(context)
    with plainly(), database.snapshot() as connection:
        compared = comparing.together(
            comparing.compare(
                one.standings,
                comparisons.totals(connection, one, comparing.undecided(one.standings)),
                effective_on=one.round.effective_on,
                round_id=one.round.id,
                budget_micro=one.round.budget_micro,
                policy=one.policy,
            )
            for one in comparisons.inputs(connection, days[0], days[-1])
        )
    notes = {"rounds not weighed pairwise": dg.MetadataValue.json(comparing.unpaired(compared))}
    return reports.mart_result(context, compared, days, ["match_micro"], notes)


ASSETS: Final = (pledged_contributions, qf_matches, squad_pools, mechanism_comparison)
