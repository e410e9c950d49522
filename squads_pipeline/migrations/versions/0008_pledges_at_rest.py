"""Pledges at rest, their wake-ups, and squads that rounds put aside."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "pledge_wakeups",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Running number"),
        sa.Column(
            "agent_id",
            sa.Text(),
            nullable=True,
            comment="Whose pledge may pay now; null for all that rest for what the cause brings",
        ),
        sa.Column("cause", sa.Text(), nullable=False, comment="means, squads or policy: what has changed"),
        sa.CheckConstraint(
            "cause IN ('means', 'squads', 'policy')", name=op.f("pledge_wakeups_cause_is_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pledge_wakeups_pkey")),
        schema="squads",
        comment="What may let resting pledges pay: written by triggers, emptied by the driver before it looks. State.",
    )
    op.create_table(
        "qf_put_aside",
        sa.Column("round_id", sa.BigInteger(), nullable=False, comment="Round"),
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad that the round left out"),
        sa.Column("error", sa.Text(), nullable=False, comment="What went wrong when it was last tried"),
        sa.ForeignKeyConstraint(
            ["round_id"], ["squads.qf_rounds.id"], name=op.f("qf_put_aside_round_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["squad_id"], ["squads.research_squads.id"], name=op.f("qf_put_aside_squad_id_fkey")
        ),
        sa.PrimaryKeyConstraint("round_id", "squad_id", name=op.f("qf_put_aside_pkey")),
        schema="squads",
        comment="Squads that rounds left out because their data failed. Facts: never updated or deleted.",
    )
    op.add_column(
        "pledges_in_force",
        sa.Column(
            "quiet_until",
            sa.DateTime(timezone=True),
            server_default="epoch",
            nullable=False,
            comment="Until when nothing but a wake-up lets it pay; 1970 for one that is to be looked at",
        ),
        schema="squads",
    )
    op.add_column(
        "pledges_in_force",
        sa.Column(
            "rests_for",
            sa.Text(),
            nullable=True,
            comment="What it lacks while it rests: places in the cycle, means in the wallet, or squads; else null",
        ),
        schema="squads",
    )
    op.create_index(
        "pledges_in_force_quiet_until_idx", "pledges_in_force", ["quiet_until"], unique=False, schema="squads"
    )
    op.create_index(
        "pledges_in_force_resting_idx",
        "pledges_in_force",
        ["rests_for"],
        unique=False,
        schema="squads",
        postgresql_where=sa.text("rests_for = 'squads'"),
    )
    op.create_check_constraint(
        op.f("pledges_in_force_rests_for_is_known"),
        "pledges_in_force",
        "rests_for IN ('places', 'means', 'squads')",
        schema="squads",
    )
    op.create_check_constraint(
        op.f("pledges_in_force_rest_has_its_reason"),
        "pledges_in_force",
        "(rests_for IS NULL) = (quiet_until = 'epoch')",
        schema="squads",
    )


def downgrade() -> None:
    """Undo the revision."""
    # Views and triggers are of `store/sql`, which a newer version makes again; they need what is to go.
    op.execute("DROP VIEW IF EXISTS squads.pledges_awake CASCADE")
    for program in ("wake_for_means", "wake_for_account", "wake_for_squads", "wake_for_policy"):
        op.execute(f"DROP FUNCTION IF EXISTS squads.{program}() CASCADE")
    op.drop_constraint(op.f("pledges_in_force_rest_has_its_reason"), "pledges_in_force", schema="squads")
    op.drop_constraint(op.f("pledges_in_force_rests_for_is_known"), "pledges_in_force", schema="squads")
    op.drop_index(
        "pledges_in_force_resting_idx",
        table_name="pledges_in_force",
        schema="squads",
        postgresql_where=sa.text("rests_for = 'squads'"),
    )
    op.drop_index("pledges_in_force_quiet_until_idx", table_name="pledges_in_force", schema="squads")
    op.drop_column("pledges_in_force", "rests_for", schema="squads")
    op.drop_column("pledges_in_force", "quiet_until", schema="squads")
    op.drop_table("qf_put_aside", schema="squads")
    op.drop_table("pledge_wakeups", schema="squads")
