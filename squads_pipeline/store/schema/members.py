"""Tables of who is in a squad: members, bids to join, and mergers that leads have proposed. No queries."""

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

from squads_pipeline.store.schema.base import SCHEMA, metadata, moment

ROLES = ("lead", "researcher", "reviewer", "observer")
BID_STATUSES = ("pending", "accepted", "declined", "withdrawn", "lapsed")


def _squad(name: str, comment: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, ForeignKey(f"{SCHEMA}.research_squads.id"), nullable=nullable, comment=comment)


def _agent(name: str, comment: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, ForeignKey(f"{SCHEMA}.agents.id"), nullable=nullable, comment=comment)


squad_members = Table(
    "squad_members",
    metadata,
    _squad("squad_id", "Squad"),
    _agent("agent_id", "Member"),
    Column("role", Text, nullable=False, comment="lead, researcher, reviewer or observer"),
    moment("joined_at", "When the agent became a member"),
    moment("left_at", "When the agent left before the squad's end; null for a member", nullable=True),
    Column(
        "contribution_score",
        Numeric(26, 6),
        nullable=False,
        server_default="0",
        comment="Score that the pool was shared out by, in points; zero until the harvest",
    ),
    Column(
        "journal_entries", Integer, nullable=False, server_default="0", comment="Journal entries written here"
    ),
    Column(
        "findings_authored", Integer, nullable=False, server_default="0", comment="Findings authored here"
    ),
    PrimaryKeyConstraint("squad_id", "agent_id"),
    CheckConstraint("role IN ('lead', 'researcher', 'reviewer', 'observer')", name="role_is_known"),
    CheckConstraint("contribution_score >= 0", name="score_is_not_negative"),
    Index("squad_members_agent_id_idx", "agent_id"),
    Index(
        "squad_members_one_lead",
        "squad_id",
        unique=True,
        postgresql_where=text("role = 'lead' AND left_at IS NULL"),
    ),
    schema=SCHEMA,
    comment="Who is, or was, in a squad. State; counts follow the journal and the findings.",
)

squad_join_bids = Table(
    "squad_join_bids",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Running number of the bid"),
    _squad("squad_id", "Squad that the agent wants to join"),
    _agent("agent_id", "Who bids"),
    Column(
        "role", Text, nullable=False, comment="Role that the agent bids for: researcher, reviewer or observer"
    ),
    Column("pitch", Text, nullable=False, comment="Why the agent fits, in its own words"),
    Column(
        "status",
        Text,
        nullable=False,
        server_default="pending",
        comment="pending, accepted, declined, withdrawn or lapsed",
    ),
    moment("bid_at", "When the agent bid"),
    moment("decided_at", "When the bid was decided; null while it is pending", nullable=True),
    Column(
        "decided_by", Text, comment="Agent, operator, judge or driver that decided; null while it is pending"
    ),
    Column(
        "fit_ppm",
        Integer,
        comment="Fit of the pitch to the charter as judged, in millionths; the best of the accepted leads",
    ),
    Column("rationale", Text, comment="Why it was decided so"),
    CheckConstraint("role IN ('researcher', 'reviewer', 'observer')", name="role_is_known"),
    CheckConstraint(
        "status IN ('pending', 'accepted', 'declined', 'withdrawn', 'lapsed')", name="status_is_known"
    ),
    CheckConstraint("(status = 'pending') = (decided_at IS NULL)", name="decided_has_its_time"),
    CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name="decided_has_its_author"),
    CheckConstraint("fit_ppm BETWEEN 0 AND 1000000", name="fit_is_a_share"),
    CheckConstraint("pitch ~ '[^[:space:]]' AND length(pitch) <= 4000", name="pitch_says_something"),
    Index("squad_join_bids_squad_id_idx", "squad_id"),
    Index(
        "squad_join_bids_one_pending",
        "squad_id",
        "agent_id",
        unique=True,
        postgresql_where=text("status = 'pending'"),
    ),
    schema=SCHEMA,
    comment="Agents' bids to join squads, with their pitch and what was decided.",
)

squad_merges = Table(
    "squad_merges",
    metadata,
    _squad("squad_id", "Squad that is to be absorbed"),
    _squad("into_squad_id", "Squad that is to go on"),
    _agent("proposed_by", "Lead of one of the two who proposed it"),
    moment("proposed_at", "When it was proposed"),
    PrimaryKeyConstraint("squad_id", "into_squad_id"),
    CheckConstraint("squad_id <> into_squad_id", name="squads_differ"),
    schema=SCHEMA,
    comment="Mergers that the lead of one squad has proposed and the other's has not agreed to. State.",
)
