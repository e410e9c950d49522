"""The tables, with their comments: the one truth for migrations, docs and column schemas. No queries."""

from squads_pipeline.store.schema.base import metadata
from squads_pipeline.store.schema.formation import knowledge_gaps, squad_events, squads_formed, unpaid_seeds
from squads_pipeline.store.schema.funding import (
    contributor_totals,
    qf_claims,
    qf_matches,
    qf_rounds,
    qf_standings,
    qf_unclaimed,
    squad_grants,
)
from squads_pipeline.store.schema.ledger import accounts, entries, transfers
from squads_pipeline.store.schema.marts import (
    agent_statements,
    mechanism_comparison,
    squad_pools,
    token_supply,
)
from squads_pipeline.store.schema.operations import driver_runs, policies, policy_adoptions
from squads_pipeline.store.schema.pledges import pledged_contributions, pledges, pledges_in_force
from squads_pipeline.store.schema.squads import agents, research_squads

__all__ = [
    "accounts",
    "agent_statements",
    "agents",
    "contributor_totals",
    "driver_runs",
    "entries",
    "knowledge_gaps",
    "mechanism_comparison",
    "metadata",
    "pledged_contributions",
    "pledges",
    "pledges_in_force",
    "policies",
    "policy_adoptions",
    "qf_claims",
    "qf_matches",
    "qf_rounds",
    "qf_standings",
    "qf_unclaimed",
    "research_squads",
    "squad_events",
    "squad_grants",
    "squad_pools",
    "squads_formed",
    "token_supply",
    "transfers",
    "unpaid_seeds",
]
