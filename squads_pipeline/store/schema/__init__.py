"""The tables, with their comments: the one truth for migrations, docs and column schemas. No queries."""

from squads_pipeline.store.schema.base import metadata
from squads_pipeline.store.schema.credit import (
    credit_dividends,
    dividends,
    outcomes,
    outcomes_unsettled,
    policy_calibration,
)
from squads_pipeline.store.schema.formation import knowledge_gaps, squad_events, squads_formed, unpaid_seeds
from squads_pipeline.store.schema.funding import (
    contributor_totals,
    qf_claims,
    qf_matches,
    qf_put_aside,
    qf_rounds,
    qf_standings,
    qf_unclaimed,
    squad_grants,
)
from squads_pipeline.store.schema.harvest import distributions, harvest_distributions
from squads_pipeline.store.schema.knowledge import (
    agent_contributions,
    artifact_provenance,
    bubbled_findings,
    outbox,
    reviewed_findings,
)
from squads_pipeline.store.schema.ledger import accounts, entries, transfers
from squads_pipeline.store.schema.market import fairness, gap_coverage, squad_market
from squads_pipeline.store.schema.marts import (
    agent_statements,
    mechanism_comparison,
    squad_pools,
    token_supply,
)
from squads_pipeline.store.schema.members import squad_join_bids, squad_members, squad_merges
from squads_pipeline.store.schema.operations import (
    alerts,
    driver_runs,
    gap_failures,
    ledger_verifications,
    paused_gaps,
    policies,
    policy_adoptions,
)
from squads_pipeline.store.schema.pledges import (
    pledge_wakeups,
    pledged_contributions,
    pledges,
    pledges_in_force,
)
from squads_pipeline.store.schema.restatements import restatements
from squads_pipeline.store.schema.seals import ledger_seals, transfer_seals, unsealed_transfers
from squads_pipeline.store.schema.squads import agents, criteria_met, research_squads, squad_crews
from squads_pipeline.store.schema.work import (
    finding_reviews,
    findings_in_review,
    squad_findings,
    squad_journal,
)

__all__ = [
    "accounts",
    "agent_contributions",
    "agent_statements",
    "agents",
    "alerts",
    "artifact_provenance",
    "bubbled_findings",
    "contributor_totals",
    "credit_dividends",
    "criteria_met",
    "distributions",
    "dividends",
    "driver_runs",
    "entries",
    "fairness",
    "finding_reviews",
    "findings_in_review",
    "gap_coverage",
    "gap_failures",
    "harvest_distributions",
    "knowledge_gaps",
    "ledger_seals",
    "ledger_verifications",
    "mechanism_comparison",
    "metadata",
    "outbox",
    "outcomes",
    "outcomes_unsettled",
    "paused_gaps",
    "pledge_wakeups",
    "pledged_contributions",
    "pledges",
    "pledges_in_force",
    "policies",
    "policy_adoptions",
    "policy_calibration",
    "qf_claims",
    "qf_matches",
    "qf_put_aside",
    "qf_rounds",
    "qf_standings",
    "qf_unclaimed",
    "research_squads",
    "restatements",
    "reviewed_findings",
    "squad_crews",
    "squad_events",
    "squad_findings",
    "squad_grants",
    "squad_join_bids",
    "squad_journal",
    "squad_market",
    "squad_members",
    "squad_merges",
    "squad_pools",
    "squads_formed",
    "token_supply",
    "transfer_seals",
    "transfers",
    "unpaid_seeds",
    "unsealed_transfers",
]
