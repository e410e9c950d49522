"""Where the lineage starts: what agents write through commands, as external assets. Nothing is made here."""

from collections.abc import Sequence
from typing import Any, Final

import dagster as dg
from sqlalchemy import Column, Table

from assets import columns
from squads_pipeline.store import schema

OWNERS: Final = ["team:economy"]
KINDS: Final = {"postgres", "table"}
GROUP: Final = "sources"


def _renamed(column: Column[Any], name: str) -> Column[Any]:
    return Column(name, column.type, comment=column.comment, nullable=column.nullable)


def _external(table: Table, description: str, deps: Sequence[str] = ()) -> dg.AssetSpec:
    return dg.AssetSpec(
        table.name,
        deps=deps,
        description=description,
        group_name=GROUP,
        owners=OWNERS,
        kinds=KINDS,
        metadata=columns.of_table(table),
    )


agents: Final = _external(
    schema.agents, "Actors of the community: people, LLM personas and worker programs. Each has a wallet."
)

knowledge_gaps: Final = _external(
    schema.knowledge_gaps,
    "Targets: the gaps, hypotheses, challenges and analyses that squads are formed around.",
)

# Those that agents found are written by commands, those around targets come from the driver.
research_squads: Final = _external(
    schema.research_squads,
    "Squads: short-lived, pool-funded teams around a gap, a hypothesis or a challenge.",
    deps=["squads_formed"],
)

squad_join_bids: Final = _external(
    schema.squad_join_bids,
    "Agents' bids to join squads, with their pitch and what was decided.",
    deps=["agents", "research_squads"],
)

pledges: Final = _external(
    schema.pledges, "Agents' standing consent to fund squads automatically, and its revocations."
)

contributions: Final = dg.AssetSpec(
    "contributions",
    deps=[agents, research_squads],
    description="Grants from agents' wallets into squads' pools, with the round that matched them.",
    group_name=GROUP,
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
    schema.squad_journal, "What members noted while a squad worked.", deps=["research_squads"]
)

squad_findings: Final = _external(
    schema.squad_findings,
    "What squads found, from the author's record to the merge.",
    deps=["research_squads"],
)

finding_reviews: Final = _external(
    schema.finding_reviews, "Reviews of findings, by people and agents.", deps=["squad_findings"]
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
)
