"""Statements of agents, and the supply of tokens, a UTC day at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "agent_statements",
        sa.Column("effective_on", sa.Date(), nullable=False, comment="UTC day of the statement"),
        sa.Column("agent_id", sa.Text(), nullable=False, comment="Agent"),
        sa.Column(
            "opening_micro", sa.BigInteger(), nullable=False, comment="Wallet at the start of the day, in µT"
        ),
        sa.Column("minted_micro", sa.BigInteger(), nullable=False, comment="Minted into the wallet, in µT"),
        sa.Column(
            "payouts_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Shares of squads' pools received, in µT",
        ),
        sa.Column("dividends_micro", sa.BigInteger(), nullable=False, comment="Dividends received, in µT"),
        sa.Column(
            "other_received_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Refunds and corrections received, in µT",
        ),
        sa.Column(
            "contributions_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Contributed to squads, in µT; not negative",
        ),
        sa.Column(
            "other_given_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Sponsorships, bonuses and corrections given, in µT; not negative",
        ),
        sa.Column(
            "closing_micro", sa.BigInteger(), nullable=False, comment="Wallet at the end of the day, in µT"
        ),
        sa.PrimaryKeyConstraint("effective_on", "agent_id", name=op.f("agent_statements_pkey")),
        schema="marts",
        comment="An agent's day: opening, received by kind, given, closing. Who had nothing all day has no row.",
    )
    op.create_table(
        "token_supply",
        sa.Column("effective_on", sa.Date(), nullable=False, comment="UTC day of the statement"),
        sa.Column(
            "account_kind",
            sa.Text(),
            nullable=False,
            comment="Kind of account: issuance, treasury, matching_pool, wallet or squad",
        ),
        sa.Column(
            "opening_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Held by all accounts of the kind at the start of the day, in µT; negative for issuance",
        ),
        sa.Column(
            "minted_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Minted into the kind, in µT; for issuance, which it left, negative",
        ),
        sa.Column(
            "received_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Received otherwise, also from the same kind, in µT",
        ),
        sa.Column(
            "paid_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Paid otherwise, also to the same kind, in µT; not negative",
        ),
        sa.Column(
            "closing_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Held by all accounts of the kind at the end of the day, in µT; negative for issuance",
        ),
        sa.PrimaryKeyConstraint("effective_on", "account_kind", name=op.f("token_supply_pkey")),
        schema="marts",
        comment="Tokens issued and where they sit, by day and kind of account. Balances and mints sum to zero.",
    )


def downgrade() -> None:
    """Undo the revision."""
    op.drop_table("token_supply", schema="marts")
    op.drop_table("agent_statements", schema="marts")
