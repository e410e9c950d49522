"""Tables of credit: outcomes, dividends along provenance, and what the policy learns from them. No queries."""

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
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from squads_pipeline.store.schema.base import SCHEMA, metadata, micro, moment, stamps

OUTCOME_KINDS = ("cited", "replicated", "refuted", "adopted")


def _outcome(comment: str, *, primary_key: bool = False) -> Column[int]:
    return Column(
        "outcome_id",
        BigInteger,
        ForeignKey(f"{SCHEMA}.outcomes.id"),
        primary_key=primary_key,
        autoincrement=False,
        nullable=False,
        comment=comment,
    )


outcomes = Table(
    "outcomes",
    metadata,
    Column(
        "id", BigInteger, Identity(always=True), primary_key=True, comment="Running number of the outcome"
    ),
    Column("artifact_type", Text, nullable=False, comment="Type of the artifact that it befell"),
    Column("artifact_id", Text, nullable=False, comment="Id of that artifact"),
    Column("kind", Text, nullable=False, comment="cited, replicated, refuted or adopted"),
    Column("evidence", Text, nullable=False, comment="Where it can be seen, such as a link"),
    Column("recorded_by", Text, nullable=False, comment="Agent or operator that recorded it"),
    moment("recorded_at", "When it was recorded"),
    Column("request_key", Text, unique=True, comment="Names the request; one that is repeated adds nothing"),
    CheckConstraint("kind IN ('cited', 'replicated', 'refuted', 'adopted')", name="kind_is_known"),
    CheckConstraint("evidence ~ '[^[:space:]]' AND length(evidence) <= 4000", name="evidence_says_something"),
    Index("outcomes_artifact_idx", "artifact_type", "artifact_id"),
    # What was seen in one place happened once, whoever saw it: hashed, because evidence may be long.
    Index("outcomes_once", "artifact_type", "artifact_id", "kind", text("md5(evidence)"), unique=True),
    schema=SCHEMA,
    comment="What later became of artifacts: the reason for dividends. Facts: never updated or deleted.",
)

outcomes_unsettled = Table(
    "outcomes_unsettled",
    metadata,
    _outcome("Outcome without a row of dividends", primary_key=True),
    Column("kind", Text, nullable=False, comment="cited, replicated, refuted or adopted"),
    moment("recorded_at", "When it was recorded"),
    schema=SCHEMA,
    comment="The inbox of credit_dividends: outcomes that are not settled. State, kept by triggers.",
)

dividends = Table(
    "dividends",
    metadata,
    _outcome("Outcome that was settled; a primary key, so that it happens once", primary_key=True),
    micro("amount_micro", "What the outcome is worth under the policy, in µT"),
    micro("paid_micro", "What was paid: the amount, or zero with the reason why, in µT"),
    Column("agents", Integer, nullable=False, comment="Agents paid"),
    Column(
        "reason",
        Text,
        nullable=False,
        comment="paid, refuted, nobody to credit, or worth nothing under the policy",
    ),
    moment("settled_at", "When it was settled"),
    *stamps(),
    CheckConstraint("paid_micro IN (0, amount_micro)", name="all_or_nothing"),
    Index("dividends_effective_on_idx", "effective_on"),
    schema=SCHEMA,
    comment="The settlement of each outcome, once. Facts: never updated or deleted.",
)

credit_dividends = Table(
    "credit_dividends",
    metadata,
    Column(
        "outcome_id",
        BigInteger,
        ForeignKey(f"{SCHEMA}.dividends.outcome_id"),
        nullable=False,
        comment="Outcome",
    ),
    Column("agent_id", Text, ForeignKey(f"{SCHEMA}.agents.id"), nullable=False, comment="Who is credited"),
    Column(
        "revision", Integer, nullable=False, server_default="0", comment="0: as first paid; more: restated"
    ),
    Column("contributions", Integer, nullable=False, comment="Contributions found along the provenance"),
    Column("via_squad", Integer, nullable=False, comment="How many of them were made through a squad"),
    Column(
        "weight",
        Numeric,
        nullable=False,
        comment="Weight of the agent, an exact integer; comparable within the outcome only",
    ),
    Column(
        "derivation",
        JSONB,
        nullable=False,
        comment="By artifact: hops, contributions, multiplier and weight, a JSON list",
    ),
    micro(
        "share_micro",
        "What the agent was paid, in µT",
        lineage=["outcomes.kind", "agent_contributions.agent_id", "artifact_provenance.source_id"],
    ),
    *stamps(),
    PrimaryKeyConstraint("outcome_id", "agent_id", "revision"),
    CheckConstraint("share_micro >= 0", name="share_is_not_negative"),
    Index("credit_dividends_effective_on_idx", "effective_on"),
    Index("credit_dividends_agent_id_idx", "agent_id"),
    schema=SCHEMA,
    comment="Each agent's share of an outcome's dividend, with its derivation. Facts: never updated or deleted.",
)

policy_calibration = Table(
    "policy_calibration",
    metadata,
    Column(
        "id",
        BigInteger,
        Identity(always=True),
        primary_key=True,
        comment="Running number; squads policy adopt takes it",
    ),
    Column(
        "evaluated_policy_id",
        Text,
        ForeignKey(f"{SCHEMA}.policies.id"),
        nullable=False,
        comment="Policy whose payouts were compared with outcomes",
    ),
    Column(
        "parameter",
        Text,
        comment="Parameter that is proposed to change; null when the evidence asks for none",
    ),
    Column("current_value", Text, comment="Its value now, as the policy file has it"),
    Column("proposed_value", Text, comment="The value proposed, as the policy file has it"),
    Column(
        "proposed_policy_id",
        Text,
        ForeignKey(f"{SCHEMA}.policies.id"),
        comment="The policy that adopting brings into force; null when none is proposed",
    ),
    Column("outcomes", Integer, nullable=False, comment="Outcomes that were compared"),
    Column("outcomes_through", BigInteger, nullable=False, comment="The newest outcome that was compared"),
    Column(
        "rank_correlation",
        Numeric(8, 6),
        comment="Spearman's rank correlation of payouts and outcomes, -1 to 1; null when undefined",
    ),
    Column(
        "evidence",
        JSONB,
        nullable=False,
        comment="Agents' payouts and outcomes by rank, and each reviewer's verdicts against outcomes",
    ),
    moment("proposed_at", "When it was proposed"),
    *stamps(),
    Index("policy_calibration_effective_on_idx", "effective_on"),
    schema=SCHEMA,
    comment="Proposed parameters with their evidence. Facts; adopting one is in policy_adoptions.",
)
