"""Where the lineage starts: what agents write through commands, as external assets. Nothing is made here.

Each is in the group of the assets that it leads to, so that the graph reads from left to right:
formation, funding, harvest, knowledge, and what tells of them all.
"""

from collections.abc import Sequence
from typing import Any, Final

import dagster as dg
from sqlalchemy import Column, Table

from assets import columns
from squads_pipeline.store import schema

OWNERS: Final = ["team:economy"]
KINDS: Final = {"postgres", "table"}


def _renamed(column: Column[Any], name: str) -> Column[Any]:
    return Column(name, column.type, comment=column.comment, nullable=column.nullable)


def _external(group: str, table: Table, description: str, deps: Sequence[str] = ()) -> dg.AssetSpec:
    return dg.AssetSpec(
        table.name,
        deps=deps,
        description=description,
        group_name=group,
        owners=OWNERS,
        kinds=KINDS,
        metadata=columns.of_table(table),
    )


agents: Final = _external(
    "formation",
    schema.agents,
    "Actors of the community: people, LLM personas and worker programs. Each has a wallet.",
)

knowledge_gaps: Final = _external(
    "formation",
    schema.knowledge_gaps,
    "Targets: the gaps, hypotheses, challenges and analyses that squads are formed around.",
)

# Those that agents found are written by commands, those around targets come from the driver.
research_squads: Final = _external(
    "formation",
    schema.research_squads,
    "Squads: short-lived, pool-funded teams around a gap, a hypothesis or a challenge.",
    deps=["squads_formed"],
)

squad_join_bids: Final = _external(
    "formation",
    schema.squad_join_bids,
    "Agents' bids to join squads, with their pitch and what was decided.",
    deps=["agents", "research_squads"],
)

pledges: Final = _external(
    "funding",
    schema.pledges,
    "Agents' standing consent to fund squads automatically, and its revocations.",
    deps=["agents"],
)

# Those that agents make are written by commands, those under pledges come from the driver.
contributions: Final = dg.AssetSpec(
    "contributions",
    deps=[agents, research_squads, "pledged_contributions"],
    description="Grants from agents' wallets into squads' pools, with the round that matched them.",
    group_name="funding",
    owners=OWNERS,
    kinds={"postgres", "view"},
    metadata={
        "dagster/table_name": "squads.contributions",
        "dagster/column_schema": columns.schema(
            [
                *(
                    schema.squad_grants.c[name]
                    for name in ("id", "squad_id", "agent_id", "amount_micro", "granted_at")
                ),
                *(schema.transfers.c[name] for name in ("occurred_at", "effective_on")),
                _renamed(schema.qf_claims.c.round_id, "round_id"),
            ]
        ),
    },
)

squad_journal: Final = _external(
    "harvest", schema.squad_journal, "What members noted while a squad worked.", deps=["research_squads"]
)

squad_findings: Final = _external(
    "harvest",
    schema.squad_findings,
    "What squads found, from the author's record to the merge.",
    deps=["research_squads"],
)

finding_reviews: Final = _external(
    "harvest", schema.finding_reviews, "Reviews of findings, by people and agents.", deps=["squad_findings"]
)

outcomes: Final = _external(
    "knowledge",
    schema.outcomes,
    "What later became of artifacts: cited, replicated, refuted or adopted, with the evidence.",
)

# Ordinary ones are written by commands, those through squads come from the driver.
agent_contributions: Final = _external(
    "knowledge",
    schema.agent_contributions,
    "Who contributed to which artifact, through a squad or not: what dividends follow.",
    deps=["bubbled_findings"],
)

# That of squads' findings comes from the driver, all other is written by commands.
artifact_provenance: Final = _external(
    "knowledge",
    schema.artifact_provenance,
    "What each artifact was derived from: the ways along which credit goes back.",
    deps=["bubbled_findings"],
)

SOURCES: Final = (
    agents,
    knowledge_gaps,
    research_squads,
    squad_join_bids,
    pledges,
    contributions,
    squad_journal,
    squad_findings,
    finding_reviews,
    outcomes,
    agent_contributions,
    artifact_provenance,
)
