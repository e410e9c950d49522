"""Squads that met their criteria, so that the gap of rosters need not read those of every squad."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "criteria_met",
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad at work"),
        sa.PrimaryKeyConstraint("squad_id", name=op.f("criteria_met_pkey")),
        schema="squads",
        comment=(
            "Squads at work that met all their success criteria when last something of it changed. State, kept by "
            "triggers: the gap looks at these again, instead of at the criteria of every squad."
        ),
    )
    # The gap looks at each again, so that those which have not met theirs do no harm until they change.
    op.execute(
        "INSERT INTO squads.criteria_met (squad_id) SELECT id FROM squads.research_squads WHERE status = 'active'"
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
    op.execute("DROP FUNCTION IF EXISTS squads.weigh_changed_squads() CASCADE")
    op.execute("DROP FUNCTION IF EXISTS squads.weigh_changed_members() CASCADE")
    op.execute("DROP FUNCTION IF EXISTS squads.weigh_criteria(text[]) CASCADE")
    op.drop_table("criteria_met", schema="squads")
