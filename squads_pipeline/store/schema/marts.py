"""Tables for analysts, a UTC day at a time, derived from facts and replaceable at any time. No queries."""

from sqlalchemy import BigInteger, Column, Date, Integer, Numeric, PrimaryKeyConstraint, Table, Text

from squads_pipeline.store.schema.base import MARTS, metadata, micro, moment, wide_micro


def _lineage(*columns: str) -> dict[str, list[str]]:
    return {"lineage": list(columns)}


_MATCH_AND_GIFT = ("contributions.amount_micro", "qf_matches.match_micro")

squad_pools = Table(
    "squad_pools",
    metadata,
    Column("effective_on", Date, nullable=False, comment="UTC day of the statement"),
    Column(
        "squad_id",
        Text,
        nullable=False,
        comment="Squad",
        info=_lineage("research_squads.id", "qf_matches.squad_id"),
    ),
    micro("opening_micro", "Pool at the start of the day, in µT", lineage=_MATCH_AND_GIFT),
    micro("seeds_micro", "Seeds received, in µT"),
    micro("contributions_micro", "Contributions received, in µT", lineage=["contributions.amount_micro"]),
    micro("matches_micro", "Matches received, in µT", lineage=["qf_matches.match_micro"]),
    micro("other_grants_micro", "Sponsorships, bonuses, forks, merges and corrections received, in µT"),
    micro("payouts_micro", "Money that left the pool, in µT; not negative"),
    micro("closing_micro", "Pool at the end of the day, in µT", lineage=_MATCH_AND_GIFT),
    PrimaryKeyConstraint("effective_on", "squad_id"),
    schema=MARTS,
    comment="A squad's statement for a day: opening, what came in by source, what went out, closing.",
)

agent_statements = Table(
    "agent_statements",
    metadata,
    Column("effective_on", Date, nullable=False, comment="UTC day of the statement"),
    Column(
        "agent_id",
        Text,
        nullable=False,
        comment="Agent",
        info=_lineage("agents.id", "contributions.agent_id"),
    ),
    micro("opening_micro", "Wallet at the start of the day, in µT", lineage=["contributions.amount_micro"]),
    micro("minted_micro", "Minted into the wallet, in µT"),
    micro("payouts_micro", "Shares of squads' pools received, in µT"),
    micro("dividends_micro", "Dividends received, in µT"),
    micro("other_received_micro", "Refunds and corrections received, in µT"),
    micro(
        "contributions_micro",
        "Contributed to squads, in µT; not negative",
        lineage=["contributions.amount_micro"],
    ),
    micro("other_given_micro", "Sponsorships, bonuses and corrections given, in µT; not negative"),
    micro("closing_micro", "Wallet at the end of the day, in µT", lineage=["contributions.amount_micro"]),
    PrimaryKeyConstraint("effective_on", "agent_id"),
    schema=MARTS,
    comment="An agent's day: opening, received by kind, given, closing. Who had nothing all day has no row.",
)

token_supply = Table(
    "token_supply",
    metadata,
    Column("effective_on", Date, nullable=False, comment="UTC day of the statement"),
    Column(
        "account_kind",
        Text,
        nullable=False,
        comment="Kind of account: issuance, treasury, matching_pool, wallet or squad",
    ),
    micro(
        "opening_micro",
        "Held by all accounts of the kind at the start of the day, in µT; negative for issuance",
        lineage=_MATCH_AND_GIFT,
    ),
    micro("minted_micro", "Minted into the kind, in µT; for issuance, which it left, negative"),
    micro("received_micro", "Received otherwise, also from the same kind, in µT", lineage=_MATCH_AND_GIFT),
    micro(
        "paid_micro",
        "Paid otherwise, also to the same kind, in µT; not negative",
        lineage=_MATCH_AND_GIFT,
    ),
    micro(
        "closing_micro",
        "Held by all accounts of the kind at the end of the day, in µT; negative for issuance",
        lineage=_MATCH_AND_GIFT,
    ),
    PrimaryKeyConstraint("effective_on", "account_kind"),
    schema=MARTS,
    comment="Tokens issued and where they sit, by day and kind of account. Balances and mints sum to zero.",
)

mechanism_comparison = Table(
    "mechanism_comparison",
    metadata,
    Column("effective_on", Date, nullable=False, comment="UTC day of the round"),
    Column("round_id", BigInteger, nullable=False, comment="Round", info=_lineage("qf_matches.round_id")),
    Column("squad_id", Text, nullable=False, comment="Squad", info=_lineage("qf_matches.squad_id")),
    Column("mechanism", Text, nullable=False, comment="Mechanism: quadratic, clr or pairwise"),
    Column(
        "contributors",
        Integer,
        nullable=False,
        comment="Contributors that weigh, after dust",
        info=_lineage("qf_matches.contributors"),
    ),
    wide_micro(
        "weight_micro",
        "Weight of the squad under the mechanism, in µT",
        lineage=["qf_matches.root_sum", "contributions.amount_micro"],
    ),
    micro(
        "match_micro",
        "What the round would have paid under the mechanism, in µT",
        lineage=["qf_matches.match_micro", "contributions.amount_micro"],
    ),
    micro("paid_micro", "What the round paid, in µT", lineage=["qf_matches.match_micro"]),
    PrimaryKeyConstraint("effective_on", "round_id", "squad_id", "mechanism"),
    schema=MARTS,
    comment="What each mechanism would have paid in each round, beside what was paid.",
)

squad_market = Table(
    "squad_market",
    metadata,
    Column("effective_on", Date, nullable=False, comment="UTC day"),
    Column("squad_id", Text, nullable=False, comment="Open squad", info=_lineage("research_squads.id")),
    Column(
        "name", Text, nullable=False, comment="Its name, for people", info=_lineage("research_squads.name")
    ),
    Column("status", Text, nullable=False, comment="forming, recruiting or active at the end of the day"),
    Column(
        "target_artifact_type",
        Text,
        nullable=False,
        comment="Type of its target",
        info=_lineage("research_squads.target_artifact_type"),
    ),
    Column(
        "target_artifact_id",
        Text,
        nullable=False,
        comment="Id of its target",
        info=_lineage("research_squads.target_artifact_id"),
    ),
    Column(
        "importance_ppm",
        Integer,
        comment="Importance of the target, in millionths; null for an artifact that is no known target",
        info=_lineage("knowledge_gaps.importance_ppm"),
    ),
    Column(
        "importance",
        Numeric(7, 6),
        comment="The same as a share, 0 to 1",
        info=_lineage("knowledge_gaps.importance_ppm"),
    ),
    micro("pool_micro", "What the pool holds, in µT", lineage=_MATCH_AND_GIFT),
    Column(
        "contributors",
        Integer,
        nullable=False,
        comment="Contributors that weigh so far, after dust",
        info=_lineage("qf_matches.contributors"),
    ),
    micro(
        "expected_match_micro",
        "Match that one more token of a new contributor adds, in µT: min(due with it, cap) - min(due now, cap), not "
        "below zero; due is the weight less what was matched, the cap the policy's part of the budget that the "
        "matching pool gives now; unmatched contributions that wait are not counted; null under pairwise",
        nullable=True,
        lineage=["qf_matches.root_sum", "qf_matches.match_micro"],
    ),
    Column(
        "dividend_multiplier",
        Numeric(12, 6),
        nullable=False,
        comment="Weight in later dividends of a contribution made through the squad, against 1 for an ordinary one",
    ),
    Column(
        "places_left",
        Integer,
        nullable=False,
        comment="Members that it can still take, observers not counted",
    ),
    moment("ends_at", "When recruitment closes, or work should end; null if no end is set", nullable=True),
    Column(
        "seconds_left",
        BigInteger,
        comment="Seconds until then, from the end of the day or from when today was read; null without an end",
    ),
    PrimaryKeyConstraint("effective_on", "squad_id"),
    schema=MARTS,
    comment="Open squads as an agent sees them who looks for one to join or fund, by day.",
)

gap_coverage = Table(
    "gap_coverage",
    metadata,
    Column("effective_on", Date, nullable=False, comment="UTC day"),
    Column(
        "artifact_type",
        Text,
        nullable=False,
        comment="Type of target: gap, hypothesis, challenge or analysis",
        info=_lineage("knowledge_gaps.artifact_type"),
    ),
    Column(
        "importance_from_ppm",
        Integer,
        nullable=False,
        comment="Where the band of importance begins, in millionths: 0, 250000, 500000 or 750000",
        info=_lineage("knowledge_gaps.importance_ppm"),
    ),
    Column("open_targets", Integer, nullable=False, comment="Targets open at the end of the day"),
    Column(
        "important_targets",
        Integer,
        nullable=False,
        comment="Those important enough for a squad by the policy",
    ),
    Column(
        "covered_targets",
        Integer,
        nullable=False,
        comment="Those with a live squad",
        info=_lineage("squads_formed.artifact_id", "research_squads.target_artifact_id"),
    ),
    Column("waiting_targets", Integer, nullable=False, comment="Those important enough that have none"),
    Column(
        "mean_wait_seconds",
        Numeric(18, 3),
        comment="How long those that wait have had no squad, in the mean, in seconds; null where none waits",
    ),
    micro("pools_micro", "What the pools of their live squads hold, in µT", lineage=_MATCH_AND_GIFT),
    PrimaryKeyConstraint("effective_on", "artifact_type", "importance_from_ppm"),
    schema=MARTS,
    comment="Open targets and how far squads cover them, by day, type and band of importance.",
)

fairness = Table(
    "fairness",
    metadata,
    Column("effective_on", Date, nullable=False, comment="UTC day of the payments"),
    Column(
        "kind",
        Text,
        nullable=False,
        comment="match, received by squads; payout or dividend, received by agents",
    ),
    Column("receivers", Integer, nullable=False, comment="Squads or agents that received something"),
    micro("total_micro", "What they received together, in µT", lineage=["qf_matches.match_micro"]),
    Column(
        "gini",
        Numeric(12, 9),
        comment="Gini coefficient of what each received: 0 for all the same, near 1 for one who has it all; or null",
        info=_lineage("qf_matches.match_micro"),
    ),
    Column(
        "top_10_share",
        Numeric(12, 9),
        comment="Part of the total that the ten who received most got, 0 to 1; null without receivers",
        info=_lineage("qf_matches.match_micro"),
    ),
    micro(
        "median_micro",
        "Median of what each received, in µT, rounded down; null without receivers",
        nullable=True,
        lineage=["qf_matches.match_micro"],
    ),
    PrimaryKeyConstraint("effective_on", "kind"),
    schema=MARTS,
    comment="How evenly each kind of payment is spread over its receivers, by day.",
)
