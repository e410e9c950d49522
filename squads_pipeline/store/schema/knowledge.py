"""Tables of what becomes of findings: verdicts, merges with their credit, provenance, the outbox. No queries."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from squads_pipeline.store.schema.base import SCHEMA, metadata, moment, stamps


def _finding(comment: str) -> Column[int]:
    key = ForeignKey(f"{SCHEMA}.squad_findings.id")
    return Column("finding_id", BigInteger, key, primary_key=True, autoincrement=False, comment=comment)


def _squad(name: str, comment: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, ForeignKey(f"{SCHEMA}.research_squads.id"), nullable=nullable, comment=comment)


def _agent(name: str, comment: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, ForeignKey(f"{SCHEMA}.agents.id"), nullable=nullable, comment=comment)


reviewed_findings = Table(
    "reviewed_findings",
    metadata,
    _finding("Finding that was decided"),
    _squad("squad_id", "Squad that answers for it"),
    Column("verdict", Text, nullable=False, comment="accepted or rejected"),
    Column("reason", Text, nullable=False, comment="reviews, or review_timeout"),
    Column("accepts", Integer, nullable=False, comment="Reviews that accepted it"),
    Column("rejects", Integer, nullable=False, comment="Reviews that rejected it"),
    Column(
        "confidence",
        Numeric(7, 6),
        nullable=False,
        comment="Confidence that counts from here on: the accepting reviewers' mean, else the author's",
    ),
    _agent("reviewed_by", "Reviewer whose review decided; null after a time-out", nullable=True),
    moment("decided_at", "When it was decided"),
    *stamps(),
    CheckConstraint("verdict IN ('accepted', 'rejected')", name="verdict_is_known"),
    CheckConstraint("reason IN ('reviews', 'review_timeout')", name="reason_is_known"),
    CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence_is_a_share"),
    Index("reviewed_findings_effective_on_idx", "effective_on"),
    schema=SCHEMA,
    comment="Verdicts on findings, one for each. Facts: never updated or deleted.",
)

bubbled_findings = Table(
    "bubbled_findings",
    metadata,
    _finding("Finding that was merged into the knowledge graph"),
    _squad("squad_id", "Squad that is credited"),
    Column("artifact_type", Text, nullable=False, comment="Type of the artifact that the finding bears on"),
    Column("artifact_id", Text, nullable=False, comment="Id of that artifact"),
    Column(
        "credited", Integer, nullable=False, comment="Members credited: those active when it was reviewed"
    ),
    moment("bubbled_at", "When it was merged"),
    *stamps(),
    Index("bubbled_findings_effective_on_idx", "effective_on"),
    schema=SCHEMA,
    comment="Findings merged into the knowledge graph, once each. Facts: never updated or deleted.",
)

agent_contributions = Table(
    "agent_contributions",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Running number"),
    _agent("agent_id", "Who is credited"),
    Column(
        "contribution_type", Text, nullable=False, comment="squad_finding, or what another source calls it"
    ),
    Column(
        "artifact_type", Text, nullable=False, comment="Type of the artifact that it was a contribution to"
    ),
    Column("artifact_id", Text, nullable=False, comment="Id of that artifact"),
    _squad("via_squad", "Squad through which it was made; null for an ordinary contribution", nullable=True),
    Column(
        "reference_id",
        Text,
        nullable=False,
        comment="What it was, such as finding:17; with agent and artifact unique",
    ),
    moment("created_at", "When it was made"),
    *stamps(),
    UniqueConstraint("artifact_type", "artifact_id", "agent_id", "reference_id"),
    Index("agent_contributions_agent_id_idx", "agent_id"),
    Index("agent_contributions_reference_id_idx", "reference_id"),
    Index("agent_contributions_effective_on_idx", "effective_on"),
    schema=SCHEMA,
    comment="Who contributed to which artifact: what dividends follow. Facts: never updated or deleted.",
)

artifact_provenance = Table(
    "artifact_provenance",
    metadata,
    Column("artifact_type", Text, nullable=False, comment="Type of the artifact that was derived"),
    Column("artifact_id", Text, nullable=False, comment="Its id"),
    Column("source_type", Text, nullable=False, comment="Type of the artifact that it was derived from"),
    Column("source_id", Text, nullable=False, comment="Its id"),
    Column("relation", Text, nullable=False, comment="How: derived_from, or what the recorder calls it"),
    Column("recorded_by", Text, nullable=False, comment="Agent, operator or driver that recorded it"),
    moment("recorded_at", "When it was recorded"),
    PrimaryKeyConstraint("artifact_type", "artifact_id", "source_type", "source_id"),
    CheckConstraint("(artifact_type, artifact_id) <> (source_type, source_id)", name="artifacts_differ"),
    schema=SCHEMA,
    comment="What each artifact was derived from; credit is walked along it. Facts: never updated or deleted.",
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Order of delivery"),
    Column(
        "message_key", Text, nullable=False, unique=True, comment="Stable id; the receiver may see it twice"
    ),
    Column("topic", Text, nullable=False, comment="What it is about: finding.merged"),
    Column("payload", JSONB, nullable=False, comment="The message itself"),
    moment("created_at", "When it was put here, in the transaction of what it tells of"),
    moment("delivered_at", "When the sink took it; null while it waits", nullable=True),
    Column("attempts", Integer, nullable=False, server_default="0", comment="Deliveries tried so far"),
    Column("last_error", Text, comment="What the last failed delivery said; null after a good one"),
    moment("retry_at", "When to try again after a failure; null for at once", nullable=True),
    Index("outbox_waiting", "id", postgresql_where=text("delivered_at IS NULL")),
    schema=SCHEMA,
    comment="Messages to the knowledge graph, delivered at least once under a stable id. State of their delivery.",
)
