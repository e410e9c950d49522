"""Tables of what squads do: journal, findings, and reviews of findings. No queries."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from squads_pipeline.store.schema.base import SCHEMA, metadata, moment

ENTRY_TYPES = ("progress", "finding", "block", "decision", "milestone", "note")
FINDING_TYPES = ("hypothesis", "evidence", "kg_edge", "wiki_edit", "analysis", "review")
VERDICTS = ("accept", "reject")


def _id(comment: str) -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True, comment=comment)


def _squad(comment: str) -> Column[str]:
    return Column(
        "squad_id", Text, ForeignKey(f"{SCHEMA}.research_squads.id"), nullable=False, comment=comment
    )


def _agent(name: str, comment: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, ForeignKey(f"{SCHEMA}.agents.id"), nullable=nullable, comment=comment)


def _request_key() -> Column[str]:
    return Column(
        "request_key", Text, unique=True, comment="Names the request; one that is repeated adds nothing"
    )


squad_journal = Table(
    "squad_journal",
    metadata,
    _id("Running number of the entry"),
    _squad("Squad"),
    _agent("author_agent_id", "Member who wrote it"),
    Column(
        "entry_type", Text, nullable=False, comment="progress, finding, block, decision, milestone or note"
    ),
    Column("title", Text, nullable=False, comment="What it is about, on one line"),
    Column("body", Text, nullable=False, comment="The entry itself"),
    Column("references_artifacts", JSONB, comment="Artifacts that it refers to: a JSON list of type:id"),
    moment("created_at", "When it was written"),
    _request_key(),
    CheckConstraint(
        "entry_type IN ('progress', 'finding', 'block', 'decision', 'milestone', 'note')",
        name="entry_type_is_known",
    ),
    CheckConstraint("title ~ '^[^[:cntrl:]]+$' AND length(title) <= 500", name="title_is_plain"),
    CheckConstraint("jsonb_typeof(references_artifacts) = 'array'", name="references_are_a_list"),
    Index("squad_journal_squad_id_idx", "squad_id"),
    schema=SCHEMA,
    comment="What members noted while a squad worked. Facts: never updated or deleted.",
)

squad_findings = Table(
    "squad_findings",
    metadata,
    _id("Running number of the finding; finding:<id> names it as an artifact"),
    _squad("Squad that found it"),
    _agent("author_agent_id", "Member who authored it"),
    Column(
        "finding_type",
        Text,
        nullable=False,
        comment="hypothesis, evidence, kg_edge, wiki_edit, analysis or review",
    ),
    Column(
        "target_artifact_type",
        Text,
        comment="Type of the artifact that it bears on; null for the squad's target",
    ),
    Column("target_artifact_id", Text, comment="Id of that artifact; null for the squad's target"),
    Column("title", Text, nullable=False, comment="The finding, on one line"),
    Column("summary", Text, comment="The finding with its evidence"),
    Column(
        "confidence",
        Numeric(7, 6),
        nullable=False,
        server_default="0.5",
        comment="How sure its author is, 0 to 1; exact, because money follows it",
    ),
    Column(
        "bubble_up_status",
        Text,
        nullable=False,
        server_default="pending",
        comment="pending, reviewed (and accepted), merged or rejected",
    ),
    _agent(
        "reviewed_by", "Reviewer whose review decided; null until then, and after a time-out", nullable=True
    ),
    moment("bubbled_at", "When it was merged into the knowledge graph", nullable=True),
    Column("metadata", JSONB, comment="Anything else that its author noted"),
    moment("created_at", "When it was recorded"),
    _request_key(),
    CheckConstraint(
        "finding_type IN ('hypothesis', 'evidence', 'kg_edge', 'wiki_edit', 'analysis', 'review')",
        name="finding_type_is_known",
    ),
    CheckConstraint("title ~ '^[^[:cntrl:]]+$' AND length(title) <= 500", name="title_is_plain"),
    CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence_is_a_share"),
    CheckConstraint(
        "bubble_up_status IN ('pending', 'reviewed', 'merged', 'rejected')", name="bubble_up_status_is_known"
    ),
    CheckConstraint("(bubble_up_status = 'merged') = (bubbled_at IS NOT NULL)", name="merged_has_its_time"),
    CheckConstraint("reviewed_by <> author_agent_id", name="nobody_reviews_their_own"),
    CheckConstraint("(target_artifact_type IS NULL) = (target_artifact_id IS NULL)", name="target_is_whole"),
    Index("squad_findings_squad_id_idx", "squad_id"),
    # What waits is little however long the history is.
    Index(
        "squad_findings_waiting",
        "bubble_up_status",
        "squad_id",
        postgresql_where=text("bubble_up_status IN ('pending', 'reviewed')"),
    ),
    schema=SCHEMA,
    comment="What squads found. What a row says is never changed; its bubble-up status moves forward.",
)

finding_reviews = Table(
    "finding_reviews",
    metadata,
    _id("Running number of the review"),
    Column(
        "finding_id", BigInteger, ForeignKey(f"{SCHEMA}.squad_findings.id"), nullable=False, comment="Finding"
    ),
    _agent("reviewer_agent_id", "Who reviewed; never the finding's author"),
    Column("verdict", Text, nullable=False, comment="accept or reject"),
    Column(
        "confidence",
        Numeric(7, 6),
        comment="How sure the reviewer is that it holds, 0 to 1; null for the author's",
    ),
    Column("rationale", Text, nullable=False, comment="Why"),
    moment("created_at", "When the review was given"),
    UniqueConstraint("finding_id", "reviewer_agent_id"),
    CheckConstraint("verdict IN ('accept', 'reject')", name="verdict_is_known"),
    CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence_is_a_share"),
    Index("finding_reviews_reviewer_agent_id_idx", "reviewer_agent_id"),
    schema=SCHEMA,
    comment="Reviews of findings, by people and agents. Facts: never updated or deleted.",
)

findings_in_review = Table(
    "findings_in_review",
    metadata,
    Column(
        "finding_id",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="Pending finding with a review",
    ),
    schema=SCHEMA,
    comment="Pending findings that somebody has reviewed: the inbox of reviewed_findings. State, kept by triggers.",
)
