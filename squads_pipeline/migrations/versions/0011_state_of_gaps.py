"""What gaps read instead of counting: squads that met their criteria, members of each, findings with reviews."""

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
    op.create_table(
        "squad_crews",
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad that lives"),
        sa.Column("members", sa.Integer(), nullable=False, comment="Members now, observers not counted"),
        sa.PrimaryKeyConstraint("squad_id", name=op.f("squad_crews_pkey")),
        schema="squads",
        comment="How many work in each squad that lives. State, kept by triggers; its truth is squad_members.",
    )
    op.create_index("squad_crews_members_idx", "squad_crews", ["members"], unique=False, schema="squads")
    op.execute(
        """
        INSERT INTO squads.squad_crews (squad_id, members)
        SELECT squad.id, count(member.agent_id)
        FROM squads.research_squads AS squad
        LEFT JOIN squads.squad_members AS member
            ON member.squad_id = squad.id AND member.left_at IS NULL AND member.role <> 'observer'
        WHERE squad.status <> 'disbanded' GROUP BY squad.id
        """
    )
    op.create_table(
        "findings_in_review",
        sa.Column(
            "finding_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Pending finding with a review",
        ),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("findings_in_review_pkey")),
        schema="squads",
        comment=(
            "Pending findings that somebody has reviewed: the inbox of reviewed_findings. State, kept by triggers."
        ),
    )
    op.execute(
        """
        INSERT INTO squads.findings_in_review (finding_id)
        SELECT id FROM squads.squad_findings
        WHERE bubble_up_status = 'pending' AND id IN (SELECT finding_id FROM squads.finding_reviews)
        """
    )
    op.create_index(
        "qf_matches_squad_id_round_id_idx",
        "qf_matches",
        ["squad_id", "round_id"],
        unique=False,
        schema="squads",
    )


def downgrade() -> None:
    """Undo the revision."""
    op.drop_index("qf_matches_squad_id_round_id_idx", table_name="qf_matches", schema="squads")
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
    op.execute("DROP FUNCTION IF EXISTS squads.count_crews(text[]) CASCADE")
    op.execute("DROP FUNCTION IF EXISTS squads.await_verdict() CASCADE")
    op.execute("DROP FUNCTION IF EXISTS squads.end_wait_for_verdict() CASCADE")
    op.drop_table("findings_in_review", schema="squads")
    op.drop_table("squad_crews", schema="squads")
    op.drop_table("criteria_met", schema="squads")
