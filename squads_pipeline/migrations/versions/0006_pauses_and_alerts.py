"""Pauses, alerts, verifications of the ledger, and what each driver did last."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Running number"),
        sa.Column(
            "alert_key", sa.Text(), nullable=False, comment="What it is about; raised again it adds nothing"
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="run_failed or check_failed"),
        sa.Column("subject", sa.Text(), nullable=False, comment="The run's assets, or asset and check"),
        sa.Column("message", sa.Text(), nullable=False, comment="What went wrong, for a person"),
        sa.Column("run_id", sa.Text(), nullable=False, comment="Dagster run that it came from"),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False, comment="When it was raised"),
        sa.Column(
            "acknowledged_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When somebody took note; null while it is open",
        ),
        sa.Column(
            "acknowledged_by", sa.Text(), nullable=True, comment="Who took note; null while it is open"
        ),
        sa.Column(
            "sent_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the webhook took it; null without one, or while it does not answer",
        ),
        sa.CheckConstraint("kind IN ('run_failed', 'check_failed')", name=op.f("alerts_kind_is_known")),
        sa.CheckConstraint(
            "(acknowledged_at IS NULL) = (acknowledged_by IS NULL)",
            name=op.f("alerts_acknowledged_has_its_author"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("alerts_pkey")),
        sa.UniqueConstraint("alert_key", name=op.f("alerts_alert_key_key")),
        schema="squads",
        comment="Failed runs and failed checks, until somebody takes note. State of their delivery and of the note.",
    )
    op.create_index(
        "alerts_open",
        "alerts",
        ["id"],
        unique=False,
        schema="squads",
        postgresql_where=sa.text("acknowledged_at IS NULL"),
    )
    op.create_index(
        "alerts_unsent",
        "alerts",
        ["id"],
        unique=False,
        schema="squads",
        postgresql_where=sa.text("sent_at IS NULL"),
    )
    op.create_table(
        "ledger_verifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Running number"),
        sa.Column("findings", sa.Integer(), nullable=False, comment="What did not hold; 0 is well"),
        sa.Column(
            "broken",
            sa.Text(),
            nullable=False,
            comment="Numbers of the invariants that did not hold, or empty",
        ),
        sa.Column(
            "through_transfer",
            sa.BigInteger(),
            nullable=True,
            comment="Newest transfer that was there; null on an empty ledger",
        ),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=False, comment="When it was verified"),
        sa.PrimaryKeyConstraint("id", name=op.f("ledger_verifications_pkey")),
        schema="squads",
        comment="Each time that the whole ledger was verified. Facts: never updated or deleted.",
    )
    op.create_table(
        "paused_gaps",
        sa.Column("gap", sa.Text(), nullable=False, comment="Gap that nobody closes until it is resumed"),
        sa.Column("paused_by", sa.Text(), nullable=False, comment="Who paused it"),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why"),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False, comment="When it was paused"),
        sa.PrimaryKeyConstraint("gap", name=op.f("paused_gaps_pkey")),
        schema="squads",
        comment="Gaps whose sensor asks for no runs. State: a gap that is resumed is removed.",
    )
    op.create_index("driver_runs_driver_idx", "driver_runs", ["driver", "id"], unique=False, schema="squads")


def downgrade() -> None:
    """Undo the revision."""
    op.drop_index("driver_runs_driver_idx", table_name="driver_runs", schema="squads")
    op.drop_table("paused_gaps", schema="squads")
    op.drop_table("ledger_verifications", schema="squads")
    op.drop_index(
        "alerts_unsent", table_name="alerts", schema="squads", postgresql_where=sa.text("sent_at IS NULL")
    )
    op.drop_index(
        "alerts_open",
        table_name="alerts",
        schema="squads",
        postgresql_where=sa.text("acknowledged_at IS NULL"),
    )
    op.drop_table("alerts", schema="squads")
