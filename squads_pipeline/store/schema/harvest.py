"""Tables of the harvest: what became of a squad's pool, and each member's share. No queries."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from squads_pipeline.store.schema.base import SCHEMA, metadata, micro, moment, stamps

distributions = Table(
    "distributions",
    metadata,
    Column(
        "squad_id",
        Text,
        ForeignKey(f"{SCHEMA}.research_squads.id"),
        primary_key=True,
        comment="Squad whose pool was shared out; a primary key, so that it happens once",
    ),
    Column("manner", Text, nullable=False, comment="by_score, equal_parts, refund or empty"),
    micro("pool_micro", "What the pool held, in µT"),
    Column("total_score", Numeric(26, 6), nullable=False, comment="Sum of the members' scores, in points"),
    Column("members", Integer, nullable=False, comment="Members with a share, or sources that were refunded"),
    moment("distributed_at", "When it was shared out"),
    *stamps(),
    CheckConstraint("manner IN ('by_score', 'equal_parts', 'refund', 'empty')", name="manner_is_known"),
    CheckConstraint("pool_micro >= 0", name="pool_is_not_negative"),
    Index("distributions_effective_on_idx", "effective_on"),
    schema=SCHEMA,
    comment="The sharing-out of each squad's pool, once. Facts: never updated or deleted.",
)

harvest_distributions = Table(
    "harvest_distributions",
    metadata,
    Column("squad_id", Text, ForeignKey(f"{SCHEMA}.distributions.squad_id"), nullable=False, comment="Squad"),
    Column("agent_id", Text, ForeignKey(f"{SCHEMA}.agents.id"), nullable=False, comment="Member"),
    Column(
        "revision", Integer, nullable=False, server_default="0", comment="0: as first paid; more: restated"
    ),
    Column("role", Text, nullable=False, comment="Role at the harvest"),
    Column("journal_entries", Integer, nullable=False, comment="Journal entries that counted"),
    Column("findings_authored", Integer, nullable=False, comment="Findings authored that counted"),
    Column(
        "merged_confidence",
        Numeric(26, 6),
        nullable=False,
        comment="Sum of the confidence of the member's merged findings",
    ),
    Column("reviews", Integer, nullable=False, comment="Reviews of others' findings that counted"),
    Column("score", Numeric(26, 6), nullable=False, comment="Score by the policy's weights, in points"),
    micro("share_micro", "What the member was paid, in µT"),
    Column(
        "rounded_up",
        Integer,
        nullable=False,
        server_default="0",
        comment="1 if the largest remainder gave the share a µT more than its floor",
    ),
    *stamps(),
    PrimaryKeyConstraint("squad_id", "agent_id", "revision"),
    CheckConstraint("share_micro >= 0", name="share_is_not_negative"),
    Index("harvest_distributions_effective_on_idx", "effective_on"),
    Index("harvest_distributions_agent_id_idx", "agent_id"),
    schema=SCHEMA,
    comment="Each member's share of a pool, with every input of the score. Facts: never updated or deleted.",
)
