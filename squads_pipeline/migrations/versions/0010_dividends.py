"""Dividends: the inbox of outcomes that are not settled, outcomes recorded once, weights of any size."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_REASON = "paid, refuted, or nobody to credit"


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "outcomes_unsettled",
        sa.Column(
            "outcome_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Outcome without a row of dividends",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="cited, replicated, refuted or adopted"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, comment="When it was recorded"),
        sa.ForeignKeyConstraint(
            ["outcome_id"], ["squads.outcomes.id"], name=op.f("outcomes_unsettled_outcome_id_fkey")
        ),
        sa.PrimaryKeyConstraint("outcome_id", name=op.f("outcomes_unsettled_pkey")),
        schema="squads",
        comment="The inbox of credit_dividends: outcomes that are not settled. State, kept by triggers.",
    )
    op.execute(
        """
        INSERT INTO squads.outcomes_unsettled (outcome_id, kind, recorded_at)
        SELECT id, kind, recorded_at FROM squads.outcomes
        WHERE id NOT IN (SELECT outcome_id FROM squads.dividends)
        """
    )
    op.create_check_constraint(
        op.f("outcomes_evidence_says_something"),
        "outcomes",
        "evidence ~ '[^[:space:]]' AND length(evidence) <= 4000",
        schema="squads",
    )
    op.create_index(
        "outcomes_once",
        "outcomes",
        ["artifact_type", "artifact_id", "kind", sa.text("md5(evidence)")],
        unique=True,
        schema="squads",
    )
    op.alter_column("credit_dividends", "weight", type_=sa.Numeric(), schema="squads")
    op.alter_column(
        "dividends",
        "reason",
        comment="paid, refuted, nobody to credit, or worth nothing under the policy",
        existing_comment=_REASON,
        schema="squads",
    )


def downgrade() -> None:
    """Undo the revision."""
    # Views are made anew by whichever version migrates next; older revisions know only some of them.
    op.execute(
        """
        DO $$
        DECLARE
            view text;
        BEGIN
            FOR view IN SELECT viewname FROM pg_views WHERE schemaname = 'squads' LOOP
                EXECUTE format('DROP VIEW IF EXISTS squads.%I CASCADE', view);
            END LOOP;
        END $$
        """
    )
    # The functions outlive the table that they write into.
    op.execute("DROP FUNCTION IF EXISTS squads.await_dividend() CASCADE")
    op.execute("DROP FUNCTION IF EXISTS squads.end_wait_for_dividend() CASCADE")
    op.alter_column("dividends", "reason", comment=_REASON, schema="squads")
    op.alter_column("credit_dividends", "weight", type_=sa.Numeric(60, 0), schema="squads")
    op.drop_index("outcomes_once", table_name="outcomes", schema="squads")
    op.drop_constraint(op.f("outcomes_evidence_says_something"), "outcomes", schema="squads", type_="check")
    op.drop_table("outcomes_unsettled", schema="squads")
