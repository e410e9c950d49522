"""Tables of pledges: agents' standing consent to fund squads, and what was paid under it. No queries."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from squads_pipeline.store.schema.base import SCHEMA, metadata, micro, moment, stamps

pledges = Table(
    "pledges",
    metadata,
    Column(
        "id",
        BigInteger,
        Identity(always=True),
        primary_key=True,
        comment="Running number; of an agent's rows the newest counts",
    ),
    Column("agent_id", Text, ForeignKey(f"{SCHEMA}.agents.id"), nullable=False, comment="Who consents"),
    Column(
        "squads",
        JSONB,
        nullable=False,
        comment="Ids of the only squads to fund, the dearest first; an empty list for any squad",
    ),
    micro("reserve_micro", "What the wallet is to keep, in µT"),
    Column(
        "revoked",
        Boolean,
        nullable=False,
        server_default="false",
        comment="True for a row that ends the agent's pledge",
    ),
    moment("pledged_at", "When the agent said so"),
    CheckConstraint("reserve_micro >= 0", name="reserve_is_not_negative"),
    CheckConstraint("jsonb_typeof(squads) = 'array'", name="squads_is_a_list"),
    CheckConstraint("NOT revoked OR squads = '[]'", name="revocation_names_nobody"),
    schema=SCHEMA,
    comment="Agents' standing consent to fund squads, and its revocations. Facts: a new row replaces the one before.",
)

pledges_in_force = Table(
    "pledges_in_force",
    metadata,
    Column(
        "agent_id", Text, ForeignKey(f"{SCHEMA}.agents.id"), primary_key=True, comment="Who has consented"
    ),
    Column(
        "pledge_id",
        BigInteger,
        ForeignKey(f"{SCHEMA}.pledges.id"),
        nullable=False,
        comment="The agent's newest pledge, not revoked",
    ),
    Column(
        "quiet_until",
        DateTime(timezone=True),
        nullable=False,
        server_default="epoch",
        comment="Until when nothing but a wake-up lets it pay; 1970 for one that is to be looked at",
    ),
    Column(
        "rests_for",
        Text,
        comment="What it lacks while it rests: places in the cycle, means in the wallet, or squads; else null",
    ),
    CheckConstraint("rests_for IN ('places', 'means', 'squads')", name="rests_for_is_known"),
    CheckConstraint("(rests_for IS NULL) = (quiet_until = 'epoch')", name="rest_has_its_reason"),
    # A look at the gap reads those that are not at rest, however many are in force.
    Index("pledges_in_force_quiet_until_idx", "quiet_until"),
    Index("pledges_in_force_resting_idx", "rests_for", postgresql_where=text("rests_for = 'squads'")),
    schema=SCHEMA,
    comment=(
        "Which pledge of an agent counts now. State, written by a trigger on pledges: the gap reads it instead of "
        "history, and its row is the lock of an agent's cycle."
    ),
)

# No foreign key and no unique key: whoever writes here while moving money must wait for nobody.
pledge_wakeups = Table(
    "pledge_wakeups",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Running number"),
    Column(
        "agent_id", Text, comment="Whose pledge may pay now; null for all that rest for what the cause brings"
    ),
    Column("cause", Text, nullable=False, comment="means, squads or policy: what has changed"),
    CheckConstraint("cause IN ('means', 'squads', 'policy')", name="cause_is_known"),
    schema=SCHEMA,
    comment="What may let resting pledges pay: written by triggers, emptied by the driver before it looks. State.",
)

pledged_contributions = Table(
    "pledged_contributions",
    metadata,
    Column(
        "cycle",
        BigInteger,
        nullable=False,
        comment="Cycle: seconds since 1970-01-01 UTC, divided by pledges.cycle_seconds, without remainder",
    ),
    Column("agent_id", Text, ForeignKey(f"{SCHEMA}.agents.id"), nullable=False, comment="Whose pledge paid"),
    Column(
        "squad_id", Text, ForeignKey(f"{SCHEMA}.research_squads.id"), nullable=False, comment="Squad funded"
    ),
    Column(
        "slot",
        SmallInteger,
        nullable=False,
        comment="Its place among the agent's squads of the cycle, from 1",
    ),
    Column(
        "pledge_id",
        BigInteger,
        ForeignKey(f"{SCHEMA}.pledges.id"),
        nullable=False,
        comment="The pledge that allowed it",
    ),
    Column(
        "transfer_id",
        BigInteger,
        ForeignKey(f"{SCHEMA}.transfers.id"),
        nullable=False,
        unique=True,
        comment="The contribution",
    ),
    micro("balance_before_micro", "What the wallet held before the payment, in µT"),
    micro("amount_micro", "Amount paid, in µT", lineage=["pledges.reserve_micro"]),
    moment("decided_at", "When the driver read the clock; the cycle follows from it"),
    *stamps(),
    PrimaryKeyConstraint("cycle", "agent_id", "squad_id"),
    # Two runs at once cannot both take an agent's first place, whatever else should fail.
    UniqueConstraint("cycle", "agent_id", "slot"),
    CheckConstraint("slot > 0", name="slot_is_counted_from_one"),
    CheckConstraint("amount_micro > 0 AND amount_micro <= balance_before_micro", name="amount_is_there"),
    Index("pledged_contributions_effective_on_brin", "effective_on", postgresql_using="brin"),
    schema=SCHEMA,
    comment="Contributions made for agents under their pledges, with every input of the amount. Facts.",
)
