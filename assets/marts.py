"""Marts of the ledger and of rounds: daily statements, the supply of tokens, mechanisms compared. No rules."""

from typing import Final

import dagster as dg

from assets import columns, derived, reports
from assets.automation import AFTER_EACH_ROUND
from assets.credit import credit_dividends
from assets.failures import plainly
from assets.formation import squads_formed
from assets.funding import qf_matches
from assets.harvest import harvest_distributions
from assets.partitions import days_of
from assets.pledges import pledged_contributions
from assets.sources import agents, contributions, research_squads
from resources.database import Database
from squads_pipeline.marts import agent_statements as stating_agents
from squads_pipeline.marts import mechanism_comparison as comparing
from squads_pipeline.marts import squad_pools as stating_squads
from squads_pipeline.marts import token_supply as supplying
from squads_pipeline.rules.quadratic import RULE_VERSION
from squads_pipeline.store import comparisons, schema, statements
from squads_pipeline.store.schema.ledger import ACCOUNT_KINDS


# No event tells Dagster of a contribution. The rounds, which claim contributions, stand for them.
@derived.mart(
    deps=[
        research_squads,
        squads_formed,
        contributions,
        pledged_contributions,
        qf_matches,
        harvest_distributions,
    ],
    description="A squad's statement for a day: opening, what came in by source, what went out, closing.",
    metadata=columns.of_table(schema.squad_pools),
    code_version=stating_squads.VERSION,
)
def squad_pools(context: dg.AssetExecutionContext, database: Database) -> derived.Result:
    """State every squad's pool, from one snapshot of the ledger."""
    days = days_of(context)
    with plainly(), database.snapshot() as connection:
        pools = statements.holders(connection, statements.SQUADS, days[0])
        flows = statements.flows(connection, statements.SQUADS, days[0], days[-1])
    stated = stating_squads.statements(pools, flows, days)
    return reports.mart_result(
        context, stated, days, ["contributions_micro", "matches_micro", "closing_micro"], charted=stated
    )


@derived.mart(
    deps=[
        agents,
        contributions,
        pledged_contributions,
        qf_matches,
        harvest_distributions,
        credit_dividends,
    ],
    description=(
        "An agent's day: opening, what was received by kind, what was given, closing. Only agents with a "
        "balance or a movement on the day: who is not stated had nothing."
    ),
    metadata=columns.of_table(schema.agent_statements),
    code_version=stating_agents.VERSION,
)
def agent_statements(context: dg.AssetExecutionContext, database: Database) -> derived.Result:
    """State agents' wallets, from one snapshot of the ledger."""
    days = days_of(context)
    with plainly(), database.snapshot() as connection:
        wallets = statements.holders(connection, statements.AGENTS, days[0])
        flows = statements.flows(connection, statements.AGENTS, days[0], days[-1])
    stated = stating_agents.statements(wallets, flows, days)
    return reports.mart_result(
        context, stated, days, ["minted_micro", "contributions_micro", "closing_micro"]
    )


@derived.mart(
    deps=[
        agents,
        research_squads,
        squads_formed,
        contributions,
        pledged_contributions,
        qf_matches,
        harvest_distributions,
        credit_dividends,
    ],
    description=(
        "Tokens issued and where they sit: for each kind of account opening, minted, received, paid, closing. "
        "What was minted left issuance, so openings, mints and closings each sum to zero."
    ),
    metadata=columns.of_table(schema.token_supply),
    code_version=supplying.VERSION,
)
def token_supply(context: dg.AssetExecutionContext, database: Database) -> derived.Result:
    """State what each kind of account holds, from one snapshot of the ledger."""
    days = days_of(context)
    with plainly(), database.snapshot() as connection:
        balances = statements.holders(connection, statements.SUPPLY, days[0])
        flows = statements.flows(connection, statements.SUPPLY, days[0], days[-1])
    supply = supplying.supply(balances, flows, days, ACCOUNT_KINDS)
    return reports.mart_result(context, supply, days, ["received_micro", "paid_micro", "closing_micro"])


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


MARTS: Final = (squad_pools, agent_statements, token_supply, mechanism_comparison)
