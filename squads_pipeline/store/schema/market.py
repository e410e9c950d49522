"""Squads, targets and payments for analysts, a UTC day at a time, replaceable at any time. No queries."""

from sqlalchemy import BigInteger, Column, Date, DateTime, Integer, Numeric, PrimaryKeyConstraint, Table, Text

from squads_pipeline.store.schema.base import MARTS, metadata, micro
from squads_pipeline.store.schema.lineage import COVER, ENDS, JUDGED, OF_POOLS, lineage

squad_market = Table(
    "squad_market",
    metadata,
    Column("effective_on", Date, nullable=False, comment="UTC day"),
    Column("squad_id", Text, nullable=False, comment="Open squad", info=lineage("research_squads.id")),
    Column(
        "name", Text, nullable=False, comment="Its name, for people", info=lineage("research_squads.name")
    ),
    Column(
        "status",
        Text,
        nullable=False,
        comment="forming, recruiting or active at the end of the day",
        info=lineage("squad_rosters.to_status", "research_squads.status"),
    ),
    Column(
        "target_artifact_type",
        Text,
        nullable=False,
        comment="Type of its target",
        info=lineage("research_squads.target_artifact_type"),
    ),
    Column(
        "target_artifact_id",
        Text,
        nullable=False,
        comment="Id of its target",
        info=lineage("research_squads.target_artifact_id"),
    ),
    Column(
        "importance_ppm",
        Integer,
        comment="Importance of the target, in millionths; null for an artifact that is no known target",
        info=lineage("knowledge_gaps.importance_ppm"),
    ),
    Column(
        "importance",
        Numeric(7, 6),
        comment="The same as a share, 0 to 1",
        info=lineage("knowledge_gaps.importance_ppm"),
    ),
    micro("pool_micro", "What the pool holds, in µT", lineage=OF_POOLS),
    Column(
        "contributors",
        Integer,
        nullable=False,
        comment="Contributors that weigh so far, after dust",
        info=lineage("qf_matches.contributors"),
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
        info=lineage("squad_join_bids.agent_id"),
    ),
    Column(
        "ends_at",
        DateTime(timezone=True),
        comment="When recruitment closes, or work should end; null if no end is set",
        info=lineage(*ENDS),
    ),
    Column(
        "seconds_left",
        BigInteger,
        comment="Seconds until then, from the end of the day or from when today was read; null without an end",
        info=lineage(*ENDS),
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
        info=lineage("knowledge_gaps.artifact_type"),
    ),
    Column(
        "importance_from_ppm",
        Integer,
        nullable=False,
        comment="Where the band of importance begins, in millionths: 0, 250000, 500000 or 750000",
        info=lineage("knowledge_gaps.importance_ppm"),
    ),
    Column(
        "open_targets",
        Integer,
        nullable=False,
        comment="Targets open at the end of the day",
        info=lineage("knowledge_gaps.artifact_id"),
    ),
    Column(
        "important_targets",
        Integer,
        nullable=False,
        comment="Those important enough for a squad by the policy",
        info=lineage("knowledge_gaps.importance_ppm"),
    ),
    Column(
        "covered_targets",
        Integer,
        nullable=False,
        comment="Those with a live squad",
        info=lineage(*COVER),
    ),
    Column(
        "waiting_targets",
        Integer,
        nullable=False,
        comment="Those important enough that have none",
        info=lineage("knowledge_gaps.importance_ppm", *COVER),
    ),
    Column(
        "mean_wait_seconds",
        Numeric(18, 3),
        comment="How long those that wait have had no squad, in the mean, in seconds; null where none waits",
        info=lineage("knowledge_gaps.created_at", "research_squads.disbanded_at"),
    ),
    micro("pools_micro", "What the pools of their live squads hold, in µT", lineage=OF_POOLS),
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
    Column(
        "receivers",
        Integer,
        nullable=False,
        comment="Squads or agents that received something",
        info=lineage("qf_matches.squad_id", "harvest_distributions.agent_id", "credit_dividends.agent_id"),
    ),
    micro("total_micro", "What they received together, in µT", lineage=JUDGED),
    Column(
        "gini",
        Numeric(12, 9),
        comment="Gini coefficient of what each received: 0 for all the same, near 1 for one who has it all; or null",
        info=lineage(*JUDGED),
    ),
    Column(
        "top_10_share",
        Numeric(12, 9),
        comment="Part of the total that the ten who received most got, 0 to 1; null without receivers",
        info=lineage(*JUDGED),
    ),
    micro(
        "median_micro",
        "Median of what each received, in µT, rounded down; null without receivers",
        nullable=True,
        lineage=JUDGED,
    ),
    PrimaryKeyConstraint("effective_on", "kind"),
    schema=MARTS,
    comment="How evenly each kind of payment is spread over its receivers, by day.",
)
