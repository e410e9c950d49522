"""Restatements: what was put right of which fact."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "restatements",
        sa.Column(
            "fact",
            sa.Text(),
            nullable=False,
            comment=(
                "Fact that was restated: match:<round>:<squad>, payout:<squad>:<agent> or dividend:<outcome>:<agent>"
            ),
        ),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="Revision of the fact that it made; the correction's key is correction:<fact>:<revision>",
        ),
        sa.Column(
            "asset",
            sa.Text(),
            nullable=False,
            comment="Asset whose fact it is, and table of its revisions",
        ),
        sa.Column(
            "fact_on",
            sa.Date(),
            nullable=False,
            comment="UTC day of the fact, the partition that was restated",
        ),
        sa.Column(
            "holder_account_id", sa.BigInteger(), nullable=False, comment="Account that gains or loses"
        ),
        sa.Column(
            "counterpart_account_id",
            sa.BigInteger(),
            nullable=False,
            comment="Account at the other end of the correction: the fact's payer",
        ),
        sa.Column(
            "was_micro",
            sa.BigInteger(),
            nullable=False,
            comment="What the fact said before, in µT; zero if there was none",
        ),
        sa.Column("is_micro", sa.BigInteger(), nullable=False, comment="What the fact says now, in µT"),
        sa.Column(
            "accounted_before_micro",
            sa.BigInteger(),
            nullable=False,
            comment=(
                "What had been posted for the fact, earlier restatements and what they reported included, in µT"
            ),
        ),
        sa.Column(
            "moved_micro",
            sa.BigInteger(),
            nullable=False,
            comment="What the correction brought the holder, in µT; negative for what it took",
        ),
        sa.Column(
            "unrecovered_micro",
            sa.BigInteger(),
            nullable=False,
            comment="What the holder should have given back and no longer had, in µT; not negative",
        ),
        sa.Column(
            "undeliverable_micro",
            sa.BigInteger(),
            nullable=False,
            comment=(
                "What the holder should have got and could not, its account being closed or its payer's short, in µT"
            ),
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="The operator's reason"),
        sa.Column("restated_at", sa.DateTime(timezone=True), nullable=False, comment="When it was restated"),
        sa.Column("policy_id", sa.Text(), nullable=False, comment="Policy in force, by its content"),
        sa.Column("rule_version", sa.Text(), nullable=False, comment="Version of the rule that decided"),
        sa.Column("driver", sa.Text(), nullable=False, comment="Driver or command that wrote the row"),
        sa.Column(
            "run_id",
            sa.Text(),
            nullable=False,
            comment="Dagster run, import or command call that wrote the row",
        ),
        sa.Column(
            "effective_on",
            sa.Date(),
            nullable=False,
            comment="UTC day that the row belongs to; the partition",
        ),
        sa.CheckConstraint("revision > 0", name=op.f("restatements_revision_is_later")),
        sa.CheckConstraint(
            "unrecovered_micro >= 0 AND undeliverable_micro >= 0",
            name=op.f("restatements_reports_are_not_negative"),
        ),
        sa.CheckConstraint(
            "is_micro = accounted_before_micro + moved_micro - unrecovered_micro + undeliverable_micro",
            name=op.f("restatements_difference_is_accounted_for"),
        ),
        sa.ForeignKeyConstraint(
            ["counterpart_account_id"],
            ["squads.accounts.id"],
            name=op.f("restatements_counterpart_account_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["holder_account_id"], ["squads.accounts.id"], name=op.f("restatements_holder_account_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["squads.policies.id"], name=op.f("restatements_policy_id_fkey")
        ),
        sa.PrimaryKeyConstraint("fact", "revision", name=op.f("restatements_pkey")),
        schema="squads",
        comment="Facts put right, a row for each new revision; effective_on is the day it was done. Facts: never updated.",
    )
    op.create_index("restatements_fact_on_idx", "restatements", ["fact_on"], unique=False, schema="squads")


def downgrade() -> None:
    """Undo the revision."""
    # Views are made anew by whichever version migrates next; older revisions know only some of them.
    op.execute("DROP VIEW IF EXISTS squads.restated_facts CASCADE")
    op.drop_table("restatements", schema="squads")
