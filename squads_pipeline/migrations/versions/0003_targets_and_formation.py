"""Targets, formation and the edges of squads' lives; squads that are there get the edges that led to them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A squad's status was all that was known of its life: the edges to it are dated to its formation.
_EDGES_SO_FAR = """
INSERT INTO squads.squad_events
    (squad_id, event_no, from_status, to_status, reason, happened_at, actor,
     policy_id, rule_version, driver, run_id, effective_on)
SELECT squad.id, edge.no, edge.from_status, edge.to_status, 'known from before edges were recorded',
       squad.formed_at, coalesce(squad.created_by, 'unknown'),
       (SELECT policy_id FROM squads.policy_adoptions ORDER BY id DESC LIMIT 1), '0', 'migration', '0002',
       (squad.formed_at AT TIME ZONE 'UTC')::date
FROM squads.research_squads AS squad
JOIN (VALUES (1, NULL, 'forming'), (2, 'forming', 'recruiting'), (3, 'recruiting', 'active'),
             (4, 'active', 'harvesting'), (5, 'harvesting', 'disbanded')) AS edge (no, from_status, to_status)
    ON edge.no <= array_position(
        ARRAY['forming', 'recruiting', 'active', 'harvesting', 'disbanded'], squad.status)
"""


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "knowledge_gaps",
        sa.Column(
            "artifact_type", sa.Text(), nullable=False, comment="gap, hypothesis, challenge or analysis"
        ),
        sa.Column(
            "artifact_id", sa.Text(), nullable=False, comment="The artifact's id among those of its type"
        ),
        sa.Column("title", sa.Text(), nullable=False, comment="What it is about, for people"),
        sa.Column(
            "importance_ppm",
            sa.Integer(),
            nullable=False,
            comment="How much it matters, in millionths: 0 to 1,000,000; whole, because money follows it",
        ),
        sa.Column("status", sa.Text(), server_default="open", nullable=False, comment="open or closed"),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), nullable=False, comment="When the target became known"
        ),
        sa.Column("created_by", sa.Text(), nullable=False, comment="Who added it"),
        sa.Column(
            "closed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was closed; null while it is open",
        ),
        sa.CheckConstraint(
            "(status = 'closed') = (closed_at IS NOT NULL)", name=op.f("knowledge_gaps_closed_has_its_time")
        ),
        sa.CheckConstraint(
            "artifact_id ~ '^[^[:cntrl:]]{1,200}$'", name=op.f("knowledge_gaps_artifact_id_is_plain")
        ),
        sa.CheckConstraint(
            "artifact_type IN ('gap', 'hypothesis', 'challenge', 'analysis')",
            name=op.f("knowledge_gaps_artifact_type_is_known"),
        ),
        sa.CheckConstraint("status IN ('open', 'closed')", name=op.f("knowledge_gaps_status_is_known")),
        sa.CheckConstraint(
            "title ~ '^[^[:cntrl:]]+$' AND length(title) <= 500", name=op.f("knowledge_gaps_title_is_plain")
        ),
        sa.CheckConstraint(
            "importance_ppm BETWEEN 0 AND 1000000", name=op.f("knowledge_gaps_importance_is_a_share")
        ),
        sa.PrimaryKeyConstraint("artifact_type", "artifact_id", name=op.f("knowledge_gaps_pkey")),
        schema="squads",
        comment="Targets: what squads may be formed around. Written by agents and by what finds gaps.",
    )
    op.create_index(
        "knowledge_gaps_open_by_importance",
        "knowledge_gaps",
        [sa.literal_column("importance_ppm DESC"), "artifact_type", "artifact_id"],
        unique=False,
        schema="squads",
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "squad_events",
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad that took the edge"),
        sa.Column(
            "event_no",
            sa.Integer(),
            nullable=False,
            comment="Running number of the edge in the squad's life, from 1",
        ),
        sa.Column("from_status", sa.Text(), nullable=True, comment="Status before; null for the formation"),
        sa.Column("to_status", sa.Text(), nullable=False, comment="Status after"),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why, for a person"),
        sa.Column(
            "happened_at", sa.DateTime(timezone=True), nullable=False, comment="When the edge was taken"
        ),
        sa.Column("actor", sa.Text(), nullable=False, comment="Agent, operator or driver that took it"),
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
            "(coalesce(from_status, ''), to_status) IN (('', 'forming'), ('forming', 'recruiting'), ('recruiting', 'recruiting'), ('recruiting', 'active'), ('recruiting', 'disbanded'), ('active', 'harvesting'), ('active', 'disbanded'), ('harvesting', 'disbanded'))",
            name=op.f("squad_events_edge_is_legal"),
        ),
        sa.CheckConstraint(
            "event_no > 0 AND (event_no = 1) = (from_status IS NULL)",
            name=op.f("squad_events_formation_comes_first"),
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["squads.policies.id"], name=op.f("squad_events_policy_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["squad_id"], ["squads.research_squads.id"], name=op.f("squad_events_squad_id_fkey")
        ),
        sa.PrimaryKeyConstraint("squad_id", "event_no", name=op.f("squad_events_pkey")),
        schema="squads",
        comment="The edges of squads' lives; replaying them gives each squad's status. Facts: never updated or deleted.",
    )
    op.create_index(
        "squad_events_effective_on_idx", "squad_events", ["effective_on"], unique=False, schema="squads"
    )
    op.create_table(
        "squads_formed",
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad that was formed"),
        sa.Column(
            "artifact_type", sa.Text(), nullable=False, comment="gap, hypothesis, challenge or analysis"
        ),
        sa.Column(
            "artifact_id", sa.Text(), nullable=False, comment="The artifact's id among those of its type"
        ),
        sa.Column(
            "importance_ppm",
            sa.Integer(),
            nullable=False,
            comment="Importance of the target when the squad was formed, in millionths",
        ),
        sa.Column(
            "seed_micro",
            sa.BigInteger(),
            nullable=False,
            comment="What the seed amounts to: importance times the policy's rate, rounded down, in µT",
        ),
        sa.Column(
            "formed_at", sa.DateTime(timezone=True), nullable=False, comment="When the squad was formed"
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
        sa.CheckConstraint("seed_micro >= 0", name=op.f("squads_formed_seed_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["artifact_type", "artifact_id"],
            ["squads.knowledge_gaps.artifact_type", "squads.knowledge_gaps.artifact_id"],
            name=op.f("squads_formed_artifact_type_artifact_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["squads.policies.id"], name=op.f("squads_formed_policy_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["squad_id"], ["squads.research_squads.id"], name=op.f("squads_formed_squad_id_fkey")
        ),
        sa.PrimaryKeyConstraint("squad_id", name=op.f("squads_formed_pkey")),
        schema="squads",
        comment="Squads that the driver formed around targets, with what decided. Facts: never updated or deleted.",
    )
    op.create_index(
        "squads_formed_effective_on_idx", "squads_formed", ["effective_on"], unique=False, schema="squads"
    )
    op.create_table(
        "unpaid_seeds",
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad whose seed is not fully paid"),
        sa.Column(
            "missing_micro", sa.BigInteger(), nullable=False, comment="What is still to be paid, in µT"
        ),
        sa.Column(
            "payments",
            sa.Integer(),
            nullable=False,
            comment="Payments so far; the next one's key follows from it",
        ),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, comment="When the squad was formed"),
        sa.CheckConstraint("missing_micro > 0", name=op.f("unpaid_seeds_something_is_missing")),
        sa.CheckConstraint("payments > 0", name=op.f("unpaid_seeds_the_first_is_paid")),
        sa.ForeignKeyConstraint(
            ["squad_id"], ["squads.research_squads.id"], name=op.f("unpaid_seeds_squad_id_fkey")
        ),
        sa.PrimaryKeyConstraint("squad_id", name=op.f("unpaid_seeds_pkey")),
        schema="squads",
        comment="Seeds that a short treasury has paid in part. State; its truth is squads_formed less the transfers.",
    )
    op.execute(_EDGES_SO_FAR)


def downgrade() -> None:
    """Undo the revision."""
    op.drop_table("unpaid_seeds", schema="squads")
    op.drop_index("squads_formed_effective_on_idx", table_name="squads_formed", schema="squads")
    op.drop_table("squads_formed", schema="squads")
    op.drop_index("squad_events_effective_on_idx", table_name="squad_events", schema="squads")
    op.drop_table("squad_events", schema="squads")
    op.drop_index(
        "knowledge_gaps_open_by_importance",
        table_name="knowledge_gaps",
        schema="squads",
        postgresql_where=sa.text("status = 'open'"),
    )
    op.drop_table("knowledge_gaps", schema="squads")
