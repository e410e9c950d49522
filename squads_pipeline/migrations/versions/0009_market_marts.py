"""Marts of the market, coverage and fairness."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "fairness",
        sa.Column("effective_on", sa.Date(), nullable=False, comment="UTC day of the payments"),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="match, received by squads; payout or dividend, received by agents",
        ),
        sa.Column(
            "receivers", sa.Integer(), nullable=False, comment="Squads or agents that received something"
        ),
        sa.Column(
            "total_micro", sa.BigInteger(), nullable=False, comment="What they received together, in µT"
        ),
        sa.Column(
            "gini",
            sa.Numeric(precision=12, scale=9),
            nullable=True,
            comment="Gini coefficient of what each received: 0 for all the same, near 1 for one who has it all; or null",
        ),
        sa.Column(
            "top_10_share",
            sa.Numeric(precision=12, scale=9),
            nullable=True,
            comment="Part of the total that the ten who received most got, 0 to 1; null without receivers",
        ),
        sa.Column(
            "median_micro",
            sa.BigInteger(),
            nullable=True,
            comment="Median of what each received, in µT, rounded down; null without receivers",
        ),
        sa.PrimaryKeyConstraint("effective_on", "kind", name=op.f("fairness_pkey")),
        schema="marts",
        comment="How evenly each kind of payment is spread over its receivers, by day.",
    )
    op.create_table(
        "gap_coverage",
        sa.Column("effective_on", sa.Date(), nullable=False, comment="UTC day"),
        sa.Column(
            "artifact_type",
            sa.Text(),
            nullable=False,
            comment="Type of target: gap, hypothesis, challenge or analysis",
        ),
        sa.Column(
            "importance_from_ppm",
            sa.Integer(),
            nullable=False,
            comment="Where the band of importance begins, in millionths: 0, 250000, 500000 or 750000",
        ),
        sa.Column("open_targets", sa.Integer(), nullable=False, comment="Targets open at the end of the day"),
        sa.Column(
            "important_targets",
            sa.Integer(),
            nullable=False,
            comment="Those important enough for a squad by the policy",
        ),
        sa.Column("covered_targets", sa.Integer(), nullable=False, comment="Those with a live squad"),
        sa.Column(
            "waiting_targets", sa.Integer(), nullable=False, comment="Those important enough that have none"
        ),
        sa.Column(
            "mean_wait_seconds",
            sa.Numeric(precision=18, scale=3),
            nullable=True,
            comment="How long those that wait have had no squad, in the mean, in seconds; null where none waits",
        ),
        sa.Column(
            "pools_micro",
            sa.BigInteger(),
            nullable=False,
            comment="What the pools of their live squads hold, in µT",
        ),
        sa.PrimaryKeyConstraint(
            "effective_on", "artifact_type", "importance_from_ppm", name=op.f("gap_coverage_pkey")
        ),
        schema="marts",
        comment="Open targets and how far squads cover them, by day, type and band of importance.",
    )
    op.create_table(
        "squad_market",
        sa.Column("effective_on", sa.Date(), nullable=False, comment="UTC day"),
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Open squad"),
        sa.Column("name", sa.Text(), nullable=False, comment="Its name, for people"),
        sa.Column(
            "status", sa.Text(), nullable=False, comment="forming, recruiting or active at the end of the day"
        ),
        sa.Column("target_artifact_type", sa.Text(), nullable=False, comment="Type of its target"),
        sa.Column("target_artifact_id", sa.Text(), nullable=False, comment="Id of its target"),
        sa.Column(
            "importance_ppm",
            sa.Integer(),
            nullable=True,
            comment="Importance of the target, in millionths; null for an artifact that is no known target",
        ),
        sa.Column(
            "importance",
            sa.Numeric(precision=7, scale=6),
            nullable=True,
            comment="The same as a share, 0 to 1",
        ),
        sa.Column("pool_micro", sa.BigInteger(), nullable=False, comment="What the pool holds, in µT"),
        sa.Column(
            "contributors", sa.Integer(), nullable=False, comment="Contributors that weigh so far, after dust"
        ),
        sa.Column(
            "expected_match_micro",
            sa.BigInteger(),
            nullable=True,
            comment="Match that one more token of a new contributor adds, in µT: min(due with it, cap) - min(due now, cap), not below zero; due is the weight less what was matched, the cap the policy's part of the budget that the matching pool gives now; unmatched contributions that wait are not counted; null under pairwise",
        ),
        sa.Column(
            "dividend_multiplier",
            sa.Numeric(precision=12, scale=6),
            nullable=False,
            comment="Weight in later dividends of a contribution made through the squad, against 1 for an ordinary one",
        ),
        sa.Column(
            "places_left",
            sa.Integer(),
            nullable=False,
            comment="Members that it can still take, observers not counted",
        ),
        sa.Column(
            "ends_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When recruitment closes, or work should end; null if no end is set",
        ),
        sa.Column(
            "seconds_left",
            sa.BigInteger(),
            nullable=True,
            comment="Seconds until then, from the end of the day or from when today was read; null without an end",
        ),
        sa.PrimaryKeyConstraint("effective_on", "squad_id", name=op.f("squad_market_pkey")),
        schema="marts",
        comment="Open squads as an agent sees them who looks for one to join or fund, by day.",
    )


def downgrade() -> None:
    """Undo the revision."""
    op.drop_table("squad_market", schema="marts")
    op.drop_table("gap_coverage", schema="marts")
    op.drop_table("fairness", schema="marts")
