"""Pledges: agents' standing consent, which one counts, and what was paid under it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "pledges",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Running number; of an agent's rows the newest counts",
        ),
        sa.Column("agent_id", sa.Text(), nullable=False, comment="Who consents"),
        sa.Column(
            "squads",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Ids of the only squads to fund, the dearest first; an empty list for any squad",
        ),
        sa.Column(
            "reserve_micro", sa.BigInteger(), nullable=False, comment="What the wallet is to keep, in µT"
        ),
        sa.Column(
            "revoked",
            sa.Boolean(),
            server_default="false",
            nullable=False,
            comment="True for a row that ends the agent's pledge",
        ),
        sa.Column("pledged_at", sa.DateTime(timezone=True), nullable=False, comment="When the agent said so"),
        sa.CheckConstraint("NOT revoked OR squads = '[]'", name=op.f("pledges_revocation_names_nobody")),
        sa.CheckConstraint("jsonb_typeof(squads) = 'array'", name=op.f("pledges_squads_is_a_list")),
        sa.CheckConstraint("reserve_micro >= 0", name=op.f("pledges_reserve_is_not_negative")),
        sa.ForeignKeyConstraint(["agent_id"], ["squads.agents.id"], name=op.f("pledges_agent_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("pledges_pkey")),
        schema="squads",
        comment="Agents' standing consent to fund squads, and its revocations. Facts: a new row replaces the one before.",
    )
    op.create_table(
        "pledged_contributions",
        sa.Column(
            "cycle",
            sa.BigInteger(),
            nullable=False,
            comment="Cycle: seconds since 1970-01-01 UTC, divided by pledges.cycle_seconds, without remainder",
        ),
        sa.Column("agent_id", sa.Text(), nullable=False, comment="Whose pledge paid"),
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad funded"),
        sa.Column(
            "slot",
            sa.SmallInteger(),
            nullable=False,
            comment="Its place among the agent's squads of the cycle, from 1",
        ),
        sa.Column("pledge_id", sa.BigInteger(), nullable=False, comment="The pledge that allowed it"),
        sa.Column("transfer_id", sa.BigInteger(), nullable=False, comment="The contribution"),
        sa.Column(
            "balance_before_micro",
            sa.BigInteger(),
            nullable=False,
            comment="What the wallet held before the payment, in µT",
        ),
        sa.Column("amount_micro", sa.BigInteger(), nullable=False, comment="Amount paid, in µT"),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When the driver read the clock; the cycle follows from it",
        ),
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
        sa.CheckConstraint(
            "amount_micro > 0 AND amount_micro <= balance_before_micro",
            name=op.f("pledged_contributions_amount_is_there"),
        ),
        sa.CheckConstraint("slot > 0", name=op.f("pledged_contributions_slot_is_counted_from_one")),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["squads.agents.id"], name=op.f("pledged_contributions_agent_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["pledge_id"], ["squads.pledges.id"], name=op.f("pledged_contributions_pledge_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["squads.policies.id"], name=op.f("pledged_contributions_policy_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["squad_id"], ["squads.research_squads.id"], name=op.f("pledged_contributions_squad_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["transfer_id"], ["squads.transfers.id"], name=op.f("pledged_contributions_transfer_id_fkey")
        ),
        sa.PrimaryKeyConstraint("cycle", "agent_id", "squad_id", name=op.f("pledged_contributions_pkey")),
        sa.UniqueConstraint(
            "cycle", "agent_id", "slot", name=op.f("pledged_contributions_cycle_agent_id_slot_key")
        ),
        sa.UniqueConstraint("transfer_id", name=op.f("pledged_contributions_transfer_id_key")),
        schema="squads",
        comment="Contributions made for agents under their pledges, with every input of the amount. Facts.",
    )
    op.create_index(
        "pledged_contributions_effective_on_brin",
        "pledged_contributions",
        ["effective_on"],
        unique=False,
        schema="squads",
        postgresql_using="brin",
    )
    op.create_table(
        "pledges_in_force",
        sa.Column("agent_id", sa.Text(), nullable=False, comment="Who has consented"),
        sa.Column(
            "pledge_id", sa.BigInteger(), nullable=False, comment="The agent's newest pledge, not revoked"
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["squads.agents.id"], name=op.f("pledges_in_force_agent_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["pledge_id"], ["squads.pledges.id"], name=op.f("pledges_in_force_pledge_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pledges_in_force_pkey")),
        schema="squads",
        comment="Which pledge of an agent counts now. State, written by a trigger on pledges: the gap reads it instead of history, and its row is the lock of an agent's cycle.",
    )


def downgrade() -> None:
    """Undo the revision."""
    op.drop_table("pledges_in_force", schema="squads")
    op.drop_index(
        "pledged_contributions_effective_on_brin",
        table_name="pledged_contributions",
        schema="squads",
        postgresql_using="brin",
    )
    op.drop_table("pledged_contributions", schema="squads")
    op.drop_table("pledges", schema="squads")
