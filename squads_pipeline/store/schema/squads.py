"""Tables of who acts and where: agents and research squads. No queries."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from squads_pipeline.store.schema.base import SCHEMA, metadata, moment

LIVE_STATUSES = ("forming", "recruiting", "active", "harvesting")
FUNDABLE_STATUSES = ("recruiting", "active")
MATCHABLE_STATUSES = ("recruiting", "active", "harvesting")
TARGET_TYPES = ("gap", "hypothesis", "challenge", "analysis")

agents = Table(
    "agents",
    metadata,
    Column("id", Text, primary_key=True, comment="Name by which the agent is addressed"),
    Column(
        "kind",
        Text,
        nullable=False,
        server_default="agent",
        comment="person, persona, worker or agent (unknown)",
    ),
    moment("created_at", "When the agent became known"),
    CheckConstraint("kind IN ('person', 'persona', 'worker', 'agent')", name="kind_is_known"),
    CheckConstraint("id ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$'", name="id_is_plain"),
    schema=SCHEMA,
    comment="Actors of the community: people, LLM personas and worker programs. Each has a wallet.",
)

research_squads = Table(
    "research_squads",
    metadata,
    Column("id", Text, primary_key=True, comment="Squad id"),
    Column("name", Text, nullable=False, comment="Short name, for people"),
    Column("charter", Text, nullable=False, comment="The goal, in one paragraph"),
    Column("parent_quest_id", Text, comment="Quest to which findings bubble up"),
    Column("target_artifact_type", Text, nullable=False, comment="gap, hypothesis, challenge or analysis"),
    Column("target_artifact_id", Text, nullable=False, comment="The artifact that the squad is about"),
    Column("status", Text, nullable=False, comment="forming, recruiting, active, harvesting or disbanded"),
    Column("success_criteria", JSONB, comment="Measurable criteria, a JSON list"),
    moment("formed_at", "When the squad was formed"),
    moment("recruitment_closes_at", "When the recruiting window ends", nullable=True),
    moment("target_disband_at", "When work should end", nullable=True),
    moment("disbanded_at", "When the squad was disbanded", nullable=True),
    Column(
        "parent_squad_id",
        Text,
        ForeignKey(f"{SCHEMA}.research_squads.id"),
        comment="The squad that this one was forked from; null for a root squad",
    ),
    Column(
        "merged_into",
        Text,
        ForeignKey(f"{SCHEMA}.research_squads.id"),
        comment="The squad that took over its members, money and findings; null unless it was merged",
    ),
    Column("created_by", Text, comment="Agent or driver that created it"),
    Column("workspace_branch", Text, comment="Git branch of the squad's work"),
    Column(
        "findings_bubbled",
        Integer,
        nullable=False,
        server_default="0",
        comment="Findings merged into the knowledge graph",
    ),
    Column("metadata", JSONB, comment="Anything else that its makers noted"),
    CheckConstraint("id ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$'", name="id_is_plain"),
    CheckConstraint(
        "status IN ('forming', 'recruiting', 'active', 'harvesting', 'disbanded')", name="status_is_known"
    ),
    CheckConstraint(
        "target_artifact_type IN ('gap', 'hypothesis', 'challenge', 'analysis')", name="target_type_is_known"
    ),
    CheckConstraint("(status = 'disbanded') = (disbanded_at IS NOT NULL)", name="disbanded_has_its_time"),
    CheckConstraint("merged_into IS NULL OR status = 'disbanded'", name="merged_means_disbanded"),
    Index("research_squads_status_idx", "status"),
    Index("research_squads_target_idx", "target_artifact_type", "target_artifact_id"),
    Index(
        "research_squads_merged_into_idx",
        "merged_into",
        postgresql_where=text("merged_into IS NOT NULL"),
    ),
    Index(
        "research_squads_one_live_root_per_target",
        "target_artifact_type",
        "target_artifact_id",
        unique=True,
        postgresql_where=text("status <> 'disbanded' AND parent_squad_id IS NULL"),
    ),
    schema=SCHEMA,
    comment="Squads: short-lived, pool-funded teams around a target. The pool's balance is in squad_balances.",
)

# What triggers work out of the tables that they stand on needs no foreign keys.
criteria_met = Table(
    "criteria_met",
    metadata,
    Column("squad_id", Text, primary_key=True, comment="Squad at work"),
    schema=SCHEMA,
    comment=(
        "Squads at work that met all their success criteria when last something of it changed. State, kept by "
        "triggers: the gap looks at these again, instead of at the criteria of every squad."
    ),
)

squad_crews = Table(
    "squad_crews",
    metadata,
    Column("squad_id", Text, primary_key=True, comment="Squad that lives"),
    Column("members", Integer, nullable=False, comment="Members now, observers not counted"),
    # Which squads are full, however many there are.
    Index("squad_crews_members_idx", "members"),
    schema=SCHEMA,
    comment="How many work in each squad that lives. State, kept by triggers; its truth is squad_members.",
)
