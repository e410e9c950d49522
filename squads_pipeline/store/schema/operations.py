"""Tables of how the pipeline runs: policies and what drivers did. No queries."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from squads_pipeline.store.schema.base import SCHEMA, metadata, micro, moment, stamps

policies = Table(
    "policies",
    metadata,
    Column("id", Text, primary_key=True, comment="Hash of the content: equal parameters, equal id"),
    Column("content", JSONB, nullable=False, comment="Every parameter: seconds, µT and fractions as text"),
    moment("created_at", "When the content was first stored"),
    schema=SCHEMA,
    comment="Sets of parameters, by content. Facts name the policy that was in force when they were made.",
)

policy_adoptions = Table(
    "policy_adoptions",
    metadata,
    Column(
        "id",
        BigInteger,
        Identity(always=True),
        primary_key=True,
        comment="Running number; the newest is in force",
    ),
    Column(
        "policy_id", Text, ForeignKey(f"{SCHEMA}.policies.id"), nullable=False, comment="The policy adopted"
    ),
    Column("adopted_by", Text, nullable=False, comment="Who adopted it"),
    Column("reason", Text, nullable=False, comment="Why"),
    moment("adopted_at", "When it came into force"),
    schema=SCHEMA,
    comment="Which policy came into force when. The newest row names the policy in force.",
)

driver_runs = Table(
    "driver_runs",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Running number"),
    Column("units", Integer, nullable=False, comment="Units of work closed"),
    micro("moved_micro", "Tokens moved, in µT"),
    moment("recorded_at", "When the driver's transaction wrote this row"),
    *stamps(),
    Index("driver_runs_driver_idx", "driver", "id"),
    schema=SCHEMA,
    comment="One row for each time that a driver changed something, written in the same transaction.",
)

gap_failures = Table(
    "gap_failures",
    metadata,
    Column("gap", Text, nullable=False, comment="Gap that the unit belongs to"),
    Column("unit", Text, nullable=False, comment="Unit of work that cannot be done, as the gap names it"),
    Column("error", Text, nullable=False, comment="What went wrong at the last attempt"),
    Column("attempts", Integer, nullable=False, comment="Failed attempts so far"),
    moment("first_failed_at", "When it failed first"),
    moment("last_failed_at", "When it failed last"),
    moment("retry_at", "When it is tried again; the delay grows with the attempts"),
    Column("run_id", Text, nullable=False, comment="Run of the last attempt"),
    PrimaryKeyConstraint("gap", "unit"),
    schema=SCHEMA,
    comment="Units of work that failed, so that the others go on without them. State: a unit that succeeds is removed.",
)

paused_gaps = Table(
    "paused_gaps",
    metadata,
    Column("gap", Text, primary_key=True, comment="Gap that nobody closes until it is resumed"),
    Column("paused_by", Text, nullable=False, comment="Who paused it"),
    Column("reason", Text, nullable=False, comment="Why"),
    moment("paused_at", "When it was paused"),
    schema=SCHEMA,
    comment="Gaps whose sensor asks for no runs. State: a gap that is resumed is removed.",
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Running number"),
    Column(
        "alert_key",
        Text,
        nullable=False,
        unique=True,
        comment="What it is about; raised again it adds nothing",
    ),
    Column("kind", Text, nullable=False, comment="run_failed or check_failed"),
    Column("subject", Text, nullable=False, comment="The run's assets, or asset and check"),
    Column("message", Text, nullable=False, comment="What went wrong, for a person"),
    Column("run_id", Text, nullable=False, comment="Dagster run that it came from"),
    moment("raised_at", "When it was raised"),
    moment("acknowledged_at", "When somebody took note; null while it is open", nullable=True),
    Column("acknowledged_by", Text, comment="Who took note; null while it is open"),
    moment(
        "sent_at", "When the webhook took it; null without one, or while it does not answer", nullable=True
    ),
    CheckConstraint("kind IN ('run_failed', 'check_failed')", name="kind_is_known"),
    CheckConstraint(
        "(acknowledged_at IS NULL) = (acknowledged_by IS NULL)", name="acknowledged_has_its_author"
    ),
    Index("alerts_open", "id", postgresql_where=text("acknowledged_at IS NULL")),
    Index("alerts_unsent", "id", postgresql_where=text("sent_at IS NULL")),
    schema=SCHEMA,
    comment="Failed runs and failed checks, until somebody takes note. State of their delivery and of the note.",
)

ledger_verifications = Table(
    "ledger_verifications",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Running number"),
    Column("findings", Integer, nullable=False, comment="What did not hold; 0 is well"),
    Column("broken", Text, nullable=False, comment="Numbers of the invariants that did not hold, or empty"),
    Column("through_transfer", BigInteger, comment="Newest transfer that was there; null on an empty ledger"),
    moment("verified_at", "When it was verified"),
    schema=SCHEMA,
    comment="Each time that the whole ledger was verified. Facts: never updated or deleted.",
)
