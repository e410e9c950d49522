"""Tables of funding: grants into pools, rounds, claims and matches. No queries."""

from sqlalchemy import (
    BigInteger,
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

from squads_pipeline.store.schema.base import SCHEMA, metadata, micro, moment, stamps, wide_micro


def _squad(comment: str) -> Column[str]:
    key = ForeignKey(f"{SCHEMA}.research_squads.id")
    return Column("squad_id", Text, key, nullable=False, comment=comment)


squad_grants = Table(
    "squad_grants",
    metadata,
    Column(
        "id",
        BigInteger,
        ForeignKey(f"{SCHEMA}.transfers.id"),
        primary_key=True,
        autoincrement=False,
        comment="The transfer that moved the money; a contribution's id",
    ),
    _squad("Squad whose pool received the money"),
    Column("from_account", Text, nullable=False, comment="Name of the account that paid"),
    Column(
        "agent_id",
        Text,
        ForeignKey(f"{SCHEMA}.agents.id"),
        comment="The agent whose wallet paid; null when a system account or a squad paid",
    ),
    micro("amount_micro", "Amount, in µT"),
    Column(
        "purpose",
        Text,
        nullable=False,
        comment="contribution, quadratic_funding, seed, sponsorship, milestone_bonus, fork_grant or merge_sweep",
    ),
    moment("granted_at", "When the money arrived"),
    CheckConstraint("purpose <> 'contribution' OR agent_id IS NOT NULL", name="contribution_has_an_agent"),
    Index("squad_grants_squad_id_idx", "squad_id"),
    schema=SCHEMA,
    comment="Money into pools. Written by a trigger on transfers, so that no grant is without its transfer.",
)

qf_unclaimed = Table(
    "qf_unclaimed",
    metadata,
    Column(
        "contribution_id",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="A contribution that no round has claimed yet",
    ),
    Column("squad_id", Text, nullable=False, comment="Its squad"),
    Column("agent_id", Text, nullable=False, comment="Its contributor"),
    micro("amount_micro", "Its amount, in µT"),
    moment("granted_at", "When it was made"),
    Index("qf_unclaimed_granted_at_idx", "granted_at"),
    schema=SCHEMA,
    comment="The matching round's inbox: filled by a trigger on squad_grants, emptied by the claim.",
)

qf_rounds = Table(
    "qf_rounds",
    metadata,
    Column(
        "id",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="Round number, without a hole: given out under the matching pool's lock, not by a sequence",
    ),
    moment("opened_at", "When the round was opened"),
    Column("mechanism", Text, nullable=False, comment="Mechanism that weighed the squads"),
    micro("pool_before_micro", "Balance of the matching pool before the round, in µT"),
    micro("budget_micro", "The most that the round may pay, in µT"),
    *stamps(),
    Index("qf_rounds_effective_on_idx", "effective_on"),
    schema=SCHEMA,
    comment="Matching rounds. Facts: never updated or deleted.",
)

qf_claims = Table(
    "qf_claims",
    metadata,
    Column(
        "contribution_id",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="The contribution; a primary key, so that no second round can have it",
    ),
    Column("round_id", BigInteger, nullable=False, comment="The one round that has it"),
    # Claims arrive round by round, so a round's claims are a few adjacent pages.
    Index("qf_claims_round_id_brin", "round_id", postgresql_using="brin"),
    schema=SCHEMA,
    comment="Which round each contribution belongs to. Facts: never updated or deleted.",
)

# The inbox, the claims, the totals and the standings have no foreign keys: their rows come set-wise from
# squad_grants, which has them, and a check per row would cost a large round as much as the rest of it.
contributor_totals = Table(
    "contributor_totals",
    metadata,
    Column("squad_id", Text, nullable=False, comment="Squad"),
    Column("agent_id", Text, nullable=False, comment="Contributor"),
    micro("total_micro", "Sum of this contributor's claimed contributions to this squad, in µT"),
    PrimaryKeyConstraint("squad_id", "agent_id"),
    CheckConstraint("total_micro > 0", name="total_is_positive"),
    schema=SCHEMA,
    comment="Claimed money by squad and contributor. State; its truth is squad_grants joined to qf_claims.",
)

qf_standings = Table(
    "qf_standings",
    metadata,
    Column("squad_id", Text, primary_key=True, comment="Squad"),
    Column(
        "contributors", Integer, nullable=False, comment="Contributors whose total is at least dust_micro"
    ),
    Column(
        "root_sum",
        Numeric(60, 0),
        nullable=False,
        comment="Sum of their roots, each isqrt(total_micro · 10³⁶): √µT in units of 10⁻¹⁸",
    ),
    micro("contributed_micro", "Sum of their totals, in µT"),
    micro("matched_micro", "Matches paid to the squad so far, in µT"),
    micro("dust_micro", "Dust threshold under which the sums were made, in µT"),
    schema=SCHEMA,
    comment="Each squad's sums for weighing, kept up to date by the claim so that a round never reads history.",
)

_GIVEN = ("contributions.amount_micro",)

qf_matches = Table(
    "qf_matches",
    metadata,
    Column("round_id", BigInteger, ForeignKey(f"{SCHEMA}.qf_rounds.id"), nullable=False, comment="Round"),
    _squad("Squad that was weighed"),
    Column(
        "revision", Integer, nullable=False, server_default="0", comment="0: as first paid; more: restated"
    ),
    Column("contributors", Integer, nullable=False, comment="Contributors that weigh, after dust"),
    Column("root_sum", Numeric(60, 0), nullable=False, comment="Sum of their roots: √µT in units of 10⁻¹⁸"),
    micro("contributed_micro", "Sum of their totals so far, in µT", lineage=_GIVEN),
    wide_micro(
        "weight_micro", "Weight under the round's mechanism, in µT; for quadratic ⌊(Σ√c)²⌋", lineage=_GIVEN
    ),
    micro("matched_before_micro", "Matches paid to the squad before this round, in µT"),
    wide_micro("due_micro", "Weight less what was matched before, not below zero, in µT", lineage=_GIVEN),
    micro("cap_micro", "The most that the squad could get in this round, in µT"),
    micro("match_micro", "What the round paid, in µT", lineage=_GIVEN),
    Column("reason", Text, nullable=False, comment="Why the match is what it is"),
    *stamps(),
    PrimaryKeyConstraint("round_id", "squad_id", "revision"),
    CheckConstraint("match_micro BETWEEN 0 AND cap_micro", name="match_within_cap"),
    Index("qf_matches_effective_on_idx", "effective_on"),
    # A squad's standing at the end of a past day is its newest row until then.
    Index("qf_matches_squad_id_round_id_idx", "squad_id", "round_id"),
    schema=SCHEMA,
    comment="What each round decided for each squad, with every input. Facts: never updated or deleted.",
)

qf_put_aside = Table(
    "qf_put_aside",
    metadata,
    Column("round_id", BigInteger, ForeignKey(f"{SCHEMA}.qf_rounds.id"), nullable=False, comment="Round"),
    _squad("Squad that the round left out"),
    Column("error", Text, nullable=False, comment="What went wrong when it was last tried"),
    PrimaryKeyConstraint("round_id", "squad_id"),
    schema=SCHEMA,
    comment="Squads that rounds left out because their data failed. Facts: never updated or deleted.",
)
