"""Marts of the ledger: agents' daily statements, the supply of tokens. What funding is told by: `funding`."""

from typing import Final

import dagster as dg

from assets import columns, derived, reports
from assets.credit import credit_dividends
from assets.failures import plainly
from assets.formation import squads_formed
from assets.funding import qf_matches
from assets.harvest import harvest_distributions
from assets.partitions import days_of
from assets.pledges import pledged_contributions
from assets.sources import agents, contributions, research_squads
from resources.database import Database
from squads_pipeline.marts import agent_statements as stating
from squads_pipeline.marts import token_supply as supplying
from squads_pipeline.store import schema, statements
from squads_pipeline.store.schema.ledger import ACCOUNT_KINDS


# No event tells Dagster of a contribution. The rounds, which claim contributions, stand for them.
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
    code_version=stating.VERSION,
)
def agent_statements(context: dg.AssetExecutionContext, database: Database) -> derived.Result:
    """State agents' wallets, from one snapshot of the ledger."""
    days = days_of(context)
    with plainly(), database.snapshot() as connection:
        wallets = statements.holders(connection, statements.AGENTS, days[0])
        flows = statements.flows(connection, statements.AGENTS, days[0], days[-1])
    stated = stating.statements(wallets, flows, days)
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


MARTS: Final = (agent_statements, token_supply)
