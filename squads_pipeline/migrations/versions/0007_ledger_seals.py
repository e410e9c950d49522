"""The ledger's seal: the hash chain over transfers, its heads, and what has yet to be sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "unsealed_transfers",
        sa.Column(
            "first_transfer_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Lowest id of transfers that were posted in one statement",
        ),
        sa.Column("last_transfer_id", sa.BigInteger(), nullable=False, comment="Highest id of them"),
        sa.Column(
            "transfers",
            sa.BigInteger(),
            nullable=False,
            comment="How many there are; ids between the two may belong to others, who posted at the same time",
        ),
        sa.Column(
            "posted_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When the first of them was posted",
        ),
        sa.CheckConstraint(
            "transfers BETWEEN 1 AND last_transfer_id - first_transfer_id + 1",
            name=op.f("unsealed_transfers_ids_suffice"),
        ),
        sa.PrimaryKeyConstraint("first_transfer_id", name=op.f("unsealed_transfers_pkey")),
        schema="squads",
        comment="Where transfers await the seal, as ranges of ids. State, written by a trigger on transfers: a range commits with its transfers, however late, so that none is overlooked and nobody has to search history.",
    )
    op.create_table(
        "transfer_seals",
        sa.Column(
            "position",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Place in the chain: 1, 2, 3 … without a hole",
        ),
        sa.Column("transfer_id", sa.BigInteger(), nullable=False, comment="The transfer sealed there"),
        sa.Column(
            "hash",
            sa.LargeBinary(),
            nullable=False,
            comment="SHA-256 of the hash at the position before (32 zero bytes at the first) followed by the transfer's line in squads.transfer_lines, in UTF-8",
        ),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("transfer_seals_hash_is_sha256")),
        sa.CheckConstraint("position > 0", name=op.f("transfer_seals_position_is_counted_from_one")),
        sa.ForeignKeyConstraint(
            ["transfer_id"], ["squads.transfers.id"], name=op.f("transfer_seals_transfer_id_fkey")
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("transfer_seals_pkey")),
        sa.UniqueConstraint("transfer_id", name=op.f("transfer_seals_transfer_id_key")),
        schema="squads",
        comment="The hash chain over transfers, a link for each, in the order in which they were sealed. Facts. Transfers commit out of the order of their ids, so a lower id may stand further on.",
    )
    op.create_table(
        "ledger_seals",
        sa.Column(
            "seal_no",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Running number: 1, 2, 3 … without a hole",
        ),
        sa.Column(
            "first_position",
            sa.BigInteger(),
            nullable=False,
            comment="First position of the chain that it added",
        ),
        sa.Column(
            "last_position",
            sa.BigInteger(),
            nullable=False,
            comment="Last position of the chain that it added",
        ),
        sa.Column(
            "head",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash at the last position. Kept elsewhere, it proves all that was sealed until then",
        ),
        sa.Column(
            "sealed_at", sa.DateTime(timezone=True), nullable=False, comment="When the transfers were sealed"
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
            "first_position BETWEEN 1 AND last_position",
            name=op.f("ledger_seals_positions_are_in_order"),
        ),
        sa.CheckConstraint("octet_length(head) = 32", name=op.f("ledger_seals_head_is_sha256")),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["squads.policies.id"], name=op.f("ledger_seals_policy_id_fkey")
        ),
        sa.PrimaryKeyConstraint("seal_no", name=op.f("ledger_seals_pkey")),
        sa.UniqueConstraint("first_position", name=op.f("ledger_seals_first_position_key")),
        schema="squads",
        comment="Every sealing of transfers: the stretch of the chain that it added, and its head. Facts.",
    )
    op.create_index(
        "ledger_seals_effective_on_brin",
        "ledger_seals",
        ["effective_on"],
        unique=False,
        schema="squads",
        postgresql_using="brin",
    )
    # What was posted so far awaits the seal too. The lock lets writers finish first and holds others back until
    # the trigger, made in this same transaction, sees what they post.
    op.execute("LOCK TABLE squads.transfers IN SHARE ROW EXCLUSIVE MODE")
    op.execute(
        """
        INSERT INTO squads.unsealed_transfers (first_transfer_id, last_transfer_id, transfers, posted_at)
        SELECT min(id), max(id), count(*), min(posted_at) FROM squads.transfers GROUP BY id / 100000
        """
    )


def downgrade() -> None:
    """Undo the revision."""
    op.execute("DROP TRIGGER IF EXISTS transfers_await_seal ON squads.transfers")
    op.execute("DROP VIEW IF EXISTS squads.missing_ledger_seals, squads.transfer_lines CASCADE")
    op.drop_index(
        "ledger_seals_effective_on_brin",
        table_name="ledger_seals",
        schema="squads",
        postgresql_using="brin",
    )
    op.drop_table("ledger_seals", schema="squads")
    op.drop_table("transfer_seals", schema="squads")
    op.drop_table("unsealed_transfers", schema="squads")
