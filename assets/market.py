"""Marts of squads, targets and payments: the market, coverage, fairness. How they are worked out: `marts`."""

from typing import Final

import dagster as dg
import pandas as pd

from assets import columns, derived, reports
from assets.credit import credit_dividends
from assets.failures import plainly
from assets.formation import squads_formed
from assets.funding import qf_matches
from assets.harvest import harvest_distributions
from assets.partitions import days_of
from assets.pledges import pledged_contributions
from assets.rosters import squad_rosters
from assets.sources import contributions, knowledge_gaps, research_squads, squad_join_bids
from resources.database import Database
from squads_pipeline.marts import fairness as judging
from squads_pipeline.marts import gap_coverage as covering
from squads_pipeline.marts import squad_market as offering
from squads_pipeline.rules.formation import least_ppm
from squads_pipeline.store import market, schema
from squads_pipeline.store.schema.squads import TARGET_TYPES


@derived.mart(
    deps=[
        knowledge_gaps,
        research_squads,
        squads_formed,
        squad_rosters,
        squad_join_bids,
        contributions,
        pledged_contributions,
        qf_matches,
        harvest_distributions,
    ],
    description=(
        "An open squad as an agent sees it: pool, importance, expected match of one more token, dividend "
        "multiplier, places left, time left."
    ),
    metadata=columns.of_table(schema.squad_market),
    code_version=offering.VERSION,
)
def squad_market(context: dg.AssetExecutionContext, database: Database) -> derived.Result:
    """Show the squads that were open at the end of each day."""
    days = days_of(context)
    with plainly(), database.snapshot() as connection:
        shown = []
        for day in days:
            terms = market.terms(connection, day)
            shown.append(
                offering.market(
                    market.open_squads(connection, day),
                    effective_on=day,
                    as_of=terms.as_of,
                    matching_pool_micro=terms.matching_pool_micro,
                    policy=terms.policy,
                )
            )
    return reports.mart_result(context, pd.concat(shown, ignore_index=True), days, ["pool_micro"])


@derived.mart(
    deps=[
        knowledge_gaps,
        research_squads,
        squads_formed,
        squad_rosters,
        contributions,
        pledged_contributions,
        qf_matches,
        harvest_distributions,
    ],
    description="How far squads cover the open targets, by type and importance: covered, waiting, and for how long.",
    metadata=columns.of_table(schema.gap_coverage),
    code_version=covering.VERSION,
)
def gap_coverage(context: dg.AssetExecutionContext, database: Database) -> derived.Result:
    """Sum up the targets that were open at the end of each day."""
    days = days_of(context)
    with plainly(), database.snapshot() as connection:
        covered = [
            covering.coverage(
                market.open_targets(connection, day),
                effective_on=day,
                least_ppm=least_ppm(market.terms(connection, day).policy.min_importance),
                types=TARGET_TYPES,
            )
            for day in days
        ]
    summed = ["open_targets", "covered_targets", "waiting_targets", "pools_micro"]
    return reports.mart_result(context, pd.concat(covered, ignore_index=True), days, summed)


@derived.mart(
    deps=[qf_matches, harvest_distributions, credit_dividends],
    description="How evenly matches, payouts and dividends are spread: Gini coefficient, share of the top ten, median.",
    metadata=columns.of_table(schema.fairness),
    code_version=judging.VERSION,
)
def fairness(context: dg.AssetExecutionContext, database: Database) -> derived.Result:
    """Judge the payments of each day."""
    days = days_of(context)
    with plainly(), database.snapshot() as connection:
        payments = market.payments(connection, days[0], days[-1])
    judged = judging.fairness(payments, days)
    return reports.mart_result(context, judged, days, ["receivers", "total_micro"], charted=payments)


MARKET: Final = (squad_market, gap_coverage, fairness)
