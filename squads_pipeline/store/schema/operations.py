"""Tables of how the pipeline runs: policies and what drivers did. No queries."""

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Integer, PrimaryKeyConstraint, Table, Text
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
