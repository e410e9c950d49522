"""Tables of formation: targets, squads formed around them, seeds, and the edges of squads' lives. No queries."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from squads_pipeline.rules.lifecycle import EDGES
from squads_pipeline.store.schema.base import SCHEMA, metadata, micro, moment, stamps


def _squad(comment: str, *, primary_key: bool = False) -> Column[str]:
    key = ForeignKey(f"{SCHEMA}.research_squads.id")
    return Column("squad_id", Text, key, primary_key=primary_key, nullable=False, comment=comment)


def _artifact() -> list[Column[str]]:
    return [
        Column("artifact_type", Text, nullable=False, comment="gap, hypothesis, challenge or analysis"),
        Column("artifact_id", Text, nullable=False, comment="The artifact's id among those of its type"),
    ]


def _importance(comment: str) -> Column[int]:
    return Column("importance_ppm", Integer, nullable=False, comment=comment)


knowledge_gaps = Table(
    "knowledge_gaps",
    metadata,
    *_artifact(),
    Column("title", Text, nullable=False, comment="What it is about, for people"),
    _importance("How much it matters, in millionths: 0 to 1,000,000; whole, because money follows it"),
    Column("status", Text, nullable=False, server_default="open", comment="open or closed"),
    moment("created_at", "When the target became known"),
    Column("created_by", Text, nullable=False, comment="Who added it"),
    moment("closed_at", "When it was closed; null while it is open", nullable=True),
    PrimaryKeyConstraint("artifact_type", "artifact_id"),
    CheckConstraint(
        "artifact_type IN ('gap', 'hypothesis', 'challenge', 'analysis')", name="artifact_type_is_known"
    ),
    CheckConstraint("artifact_id ~ '^[^[:cntrl:]]{1,200}$'", name="artifact_id_is_plain"),
    CheckConstraint("title ~ '^[^[:cntrl:]]+$' AND length(title) <= 500", name="title_is_plain"),
    CheckConstraint("importance_ppm BETWEEN 0 AND 1000000", name="importance_is_a_share"),
    CheckConstraint("status IN ('open', 'closed')", name="status_is_known"),
    CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="closed_has_its_time"),
    # The gap looks at open targets of some importance, the most important first, and at no others.
    Index(
        "knowledge_gaps_open_by_importance",
        text("importance_ppm DESC"),
        "artifact_type",
        "artifact_id",
        postgresql_where=text("status = 'open'"),
    ),
    schema=SCHEMA,
    comment="Targets: what squads may be formed around. Written by agents and by what finds gaps.",
)

squads_formed = Table(
    "squads_formed",
    metadata,
    _squad("Squad that was formed", primary_key=True),
    *_artifact(),
    _importance("Importance of the target when the squad was formed, in millionths"),
    micro(
        "seed_micro",
        "What the seed amounts to: importance times the policy's rate, rounded down, in µT",
        lineage=["knowledge_gaps.importance_ppm"],
    ),
    moment("formed_at", "When the squad was formed"),
    *stamps(),
    ForeignKeyConstraint(
        ["artifact_type", "artifact_id"],
        [f"{SCHEMA}.knowledge_gaps.artifact_type", f"{SCHEMA}.knowledge_gaps.artifact_id"],
    ),
    CheckConstraint("seed_micro >= 0", name="seed_is_not_negative"),
    Index("squads_formed_effective_on_idx", "effective_on"),
    schema=SCHEMA,
    comment="Squads that the driver formed around targets, with what decided. Facts: never updated or deleted.",
)

unpaid_seeds = Table(
    "unpaid_seeds",
    metadata,
    _squad("Squad whose seed is not fully paid", primary_key=True),
    micro("missing_micro", "What is still to be paid, in µT"),
    Column(
        "payments", Integer, nullable=False, comment="Payments so far; the next one's key follows from it"
    ),
    moment("since", "When the squad was formed"),
    CheckConstraint("missing_micro > 0", name="something_is_missing"),
    CheckConstraint("payments > 0", name="the_first_is_paid"),
    schema=SCHEMA,
    comment="Seeds that a short treasury has paid in part. State; its truth is squads_formed less the transfers.",
)


def _legal_edges() -> str:
    known = ", ".join(f"('{edge.from_status or ''}', '{edge.to_status}')" for edge in EDGES)
    return f"(coalesce(from_status, ''), to_status) IN ({known})"


squad_events = Table(
    "squad_events",
    metadata,
    _squad("Squad that took the edge"),
    Column(
        "event_no", Integer, nullable=False, comment="Running number of the edge in the squad's life, from 1"
    ),
    Column("from_status", Text, comment="Status before; null for the formation"),
    Column("to_status", Text, nullable=False, comment="Status after"),
    Column("reason", Text, nullable=False, comment="Why, for a person"),
    moment("happened_at", "When the edge was taken"),
    Column("actor", Text, nullable=False, comment="Agent, operator or driver that took it"),
    *stamps(),
    PrimaryKeyConstraint("squad_id", "event_no"),
    CheckConstraint("event_no > 0 AND (event_no = 1) = (from_status IS NULL)", name="formation_comes_first"),
    CheckConstraint(_legal_edges(), name="edge_is_legal"),
    Index("squad_events_effective_on_idx", "effective_on"),
    schema=SCHEMA,
    comment="The edges of squads' lives; replaying them gives each squad's status. Facts: never updated or deleted.",
)
