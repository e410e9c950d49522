"""The life of a squad: members, work, verdicts, harvest, credit; and units of work that failed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "artifact_provenance",
        sa.Column(
            "artifact_type", sa.Text(), nullable=False, comment="Type of the artifact that was derived"
        ),
        sa.Column("artifact_id", sa.Text(), nullable=False, comment="Its id"),
        sa.Column(
            "source_type", sa.Text(), nullable=False, comment="Type of the artifact that it was derived from"
        ),
        sa.Column("source_id", sa.Text(), nullable=False, comment="Its id"),
        sa.Column(
            "relation", sa.Text(), nullable=False, comment="How: derived_from, or what the recorder calls it"
        ),
        sa.Column(
            "recorded_by", sa.Text(), nullable=False, comment="Agent, operator or driver that recorded it"
        ),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, comment="When it was recorded"),
        sa.CheckConstraint(
            "(artifact_type, artifact_id) <> (source_type, source_id)",
            name=op.f("artifact_provenance_artifacts_differ"),
        ),
        sa.PrimaryKeyConstraint(
            "artifact_type", "artifact_id", "source_type", "source_id", name=op.f("artifact_provenance_pkey")
        ),
        schema="squads",
        comment="What each artifact was derived from; credit is walked along it. Facts: never updated or deleted.",
    )
    op.create_table(
        "gap_failures",
        sa.Column("gap", sa.Text(), nullable=False, comment="Gap that the unit belongs to"),
        sa.Column(
            "unit", sa.Text(), nullable=False, comment="Unit of work that cannot be done, as the gap names it"
        ),
        sa.Column("error", sa.Text(), nullable=False, comment="What went wrong at the last attempt"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="Failed attempts so far"),
        sa.Column(
            "first_failed_at", sa.DateTime(timezone=True), nullable=False, comment="When it failed first"
        ),
        sa.Column(
            "last_failed_at", sa.DateTime(timezone=True), nullable=False, comment="When it failed last"
        ),
        sa.Column(
            "retry_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it is tried again; the delay grows with the attempts",
        ),
        sa.Column("run_id", sa.Text(), nullable=False, comment="Run of the last attempt"),
        sa.PrimaryKeyConstraint("gap", "unit", name=op.f("gap_failures_pkey")),
        schema="squads",
        comment="Units of work that failed, so that the others go on without them. State: a unit that succeeds is removed.",
    )
    op.create_table(
        "outbox",
        sa.Column(
            "id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Order of delivery"
        ),
        sa.Column(
            "message_key", sa.Text(), nullable=False, comment="Stable id; the receiver may see it twice"
        ),
        sa.Column("topic", sa.Text(), nullable=False, comment="What it is about: finding.merged"),
        sa.Column(
            "payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="The message itself"
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was put here, in the transaction of what it tells of",
        ),
        sa.Column(
            "delivered_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the sink took it; null while it waits",
        ),
        sa.Column(
            "attempts", sa.Integer(), server_default="0", nullable=False, comment="Deliveries tried so far"
        ),
        sa.Column(
            "last_error",
            sa.Text(),
            nullable=True,
            comment="What the last failed delivery said; null after a good one",
        ),
        sa.Column(
            "retry_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When to try again after a failure; null for at once",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_pkey")),
        sa.UniqueConstraint("message_key", name=op.f("outbox_message_key_key")),
        schema="squads",
        comment="Messages to the knowledge graph, delivered at least once under a stable id. State of their delivery.",
    )
    op.create_index(
        "outbox_waiting",
        "outbox",
        ["id"],
        unique=False,
        schema="squads",
        postgresql_where=sa.text("delivered_at IS NULL"),
    )
    op.create_table(
        "outcomes",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Running number of the outcome",
        ),
        sa.Column("artifact_type", sa.Text(), nullable=False, comment="Type of the artifact that it befell"),
        sa.Column("artifact_id", sa.Text(), nullable=False, comment="Id of that artifact"),
        sa.Column("kind", sa.Text(), nullable=False, comment="cited, replicated, refuted or adopted"),
        sa.Column("evidence", sa.Text(), nullable=False, comment="Where it can be seen, such as a link"),
        sa.Column("recorded_by", sa.Text(), nullable=False, comment="Agent or operator that recorded it"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, comment="When it was recorded"),
        sa.Column(
            "request_key",
            sa.Text(),
            nullable=True,
            comment="Names the request; one that is repeated adds nothing",
        ),
        sa.CheckConstraint(
            "kind IN ('cited', 'replicated', 'refuted', 'adopted')", name=op.f("outcomes_kind_is_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("outcomes_pkey")),
        sa.UniqueConstraint("request_key", name=op.f("outcomes_request_key_key")),
        schema="squads",
        comment="What later became of artifacts: the reason for dividends. Facts: never updated or deleted.",
    )
    op.create_index(
        "outcomes_artifact_idx", "outcomes", ["artifact_type", "artifact_id"], unique=False, schema="squads"
    )
    op.create_table(
        "agent_contributions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Running number"),
        sa.Column("agent_id", sa.Text(), nullable=False, comment="Who is credited"),
        sa.Column(
            "contribution_type",
            sa.Text(),
            nullable=False,
            comment="squad_finding, or what another source calls it",
        ),
        sa.Column(
            "artifact_type",
            sa.Text(),
            nullable=False,
            comment="Type of the artifact that it was a contribution to",
        ),
        sa.Column("artifact_id", sa.Text(), nullable=False, comment="Id of that artifact"),
        sa.Column(
            "via_squad",
            sa.Text(),
            nullable=True,
            comment="Squad through which it was made; null for an ordinary contribution",
        ),
        sa.Column(
            "reference_id",
            sa.Text(),
            nullable=False,
            comment="What it was, such as finding:17; with agent and artifact unique",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="When it was made"),
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
        sa.ForeignKeyConstraint(
            ["agent_id"], ["squads.agents.id"], name=op.f("agent_contributions_agent_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["squads.policies.id"], name=op.f("agent_contributions_policy_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["via_squad"], ["squads.research_squads.id"], name=op.f("agent_contributions_via_squad_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("agent_contributions_pkey")),
        sa.UniqueConstraint(
            "artifact_type",
            "artifact_id",
            "agent_id",
            "reference_id",
            name=op.f("agent_contributions_artifact_type_artifact_id_agent_id_reference_id_key"),
        ),
        schema="squads",
        comment="Who contributed to which artifact: what dividends follow. Facts: never updated or deleted.",
    )
    op.create_index(
        "agent_contributions_agent_id_idx", "agent_contributions", ["agent_id"], unique=False, schema="squads"
    )
    op.create_index(
        "agent_contributions_effective_on_idx",
        "agent_contributions",
        ["effective_on"],
        unique=False,
        schema="squads",
    )
    op.create_index(
        "agent_contributions_reference_id_idx",
        "agent_contributions",
        ["reference_id"],
        unique=False,
        schema="squads",
    )
    op.create_table(
        "distributions",
        sa.Column(
            "squad_id",
            sa.Text(),
            nullable=False,
            comment="Squad whose pool was shared out; a primary key, so that it happens once",
        ),
        sa.Column("manner", sa.Text(), nullable=False, comment="by_score, equal_parts, refund or empty"),
        sa.Column("pool_micro", sa.BigInteger(), nullable=False, comment="What the pool held, in µT"),
        sa.Column(
            "total_score",
            sa.Numeric(precision=26, scale=6),
            nullable=False,
            comment="Sum of the members' scores, in points",
        ),
        sa.Column(
            "members",
            sa.Integer(),
            nullable=False,
            comment="Members with a share, or sources that were refunded",
        ),
        sa.Column(
            "distributed_at", sa.DateTime(timezone=True), nullable=False, comment="When it was shared out"
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
            "manner IN ('by_score', 'equal_parts', 'refund', 'empty')",
            name=op.f("distributions_manner_is_known"),
        ),
        sa.CheckConstraint("pool_micro >= 0", name=op.f("distributions_pool_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["squads.policies.id"], name=op.f("distributions_policy_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["squad_id"], ["squads.research_squads.id"], name=op.f("distributions_squad_id_fkey")
        ),
        sa.PrimaryKeyConstraint("squad_id", name=op.f("distributions_pkey")),
        schema="squads",
        comment="The sharing-out of each squad's pool, once. Facts: never updated or deleted.",
    )
    op.create_index(
        "distributions_effective_on_idx", "distributions", ["effective_on"], unique=False, schema="squads"
    )
    op.create_table(
        "dividends",
        sa.Column(
            "outcome_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Outcome that was settled; a primary key, so that it happens once",
        ),
        sa.Column(
            "amount_micro",
            sa.BigInteger(),
            nullable=False,
            comment="What the outcome is worth under the policy, in µT",
        ),
        sa.Column(
            "paid_micro",
            sa.BigInteger(),
            nullable=False,
            comment="What was paid: the amount, or zero with the reason why, in µT",
        ),
        sa.Column("agents", sa.Integer(), nullable=False, comment="Agents paid"),
        sa.Column("reason", sa.Text(), nullable=False, comment="paid, refuted, or nobody to credit"),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False, comment="When it was settled"),
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
        sa.CheckConstraint("paid_micro IN (0, amount_micro)", name=op.f("dividends_all_or_nothing")),
        sa.ForeignKeyConstraint(
            ["outcome_id"], ["squads.outcomes.id"], name=op.f("dividends_outcome_id_fkey")
        ),
        sa.ForeignKeyConstraint(["policy_id"], ["squads.policies.id"], name=op.f("dividends_policy_id_fkey")),
        sa.PrimaryKeyConstraint("outcome_id", name=op.f("dividends_pkey")),
        schema="squads",
        comment="The settlement of each outcome, once. Facts: never updated or deleted.",
    )
    op.create_index(
        "dividends_effective_on_idx", "dividends", ["effective_on"], unique=False, schema="squads"
    )
    op.create_table(
        "policy_calibration",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Running number; squads policy adopt takes it",
        ),
        sa.Column(
            "evaluated_policy_id",
            sa.Text(),
            nullable=False,
            comment="Policy whose payouts were compared with outcomes",
        ),
        sa.Column(
            "parameter",
            sa.Text(),
            nullable=True,
            comment="Parameter that is proposed to change; null when the evidence asks for none",
        ),
        sa.Column(
            "current_value", sa.Text(), nullable=True, comment="Its value now, as the policy file has it"
        ),
        sa.Column(
            "proposed_value",
            sa.Text(),
            nullable=True,
            comment="The value proposed, as the policy file has it",
        ),
        sa.Column(
            "proposed_policy_id",
            sa.Text(),
            nullable=True,
            comment="The policy that adopting brings into force; null when none is proposed",
        ),
        sa.Column("outcomes", sa.Integer(), nullable=False, comment="Outcomes that were compared"),
        sa.Column(
            "outcomes_through",
            sa.BigInteger(),
            nullable=False,
            comment="The newest outcome that was compared",
        ),
        sa.Column(
            "rank_correlation",
            sa.Numeric(precision=8, scale=6),
            nullable=True,
            comment="Spearman's rank correlation of payouts and outcomes, -1 to 1; null when undefined",
        ),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Agents' payouts and outcomes by rank, and each reviewer's verdicts against outcomes",
        ),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False, comment="When it was proposed"),
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
        sa.ForeignKeyConstraint(
            ["evaluated_policy_id"],
            ["squads.policies.id"],
            name=op.f("policy_calibration_evaluated_policy_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["squads.policies.id"], name=op.f("policy_calibration_policy_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_policy_id"],
            ["squads.policies.id"],
            name=op.f("policy_calibration_proposed_policy_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("policy_calibration_pkey")),
        schema="squads",
        comment="Proposed parameters with their evidence. Facts; adopting one is in policy_adoptions.",
    )
    op.create_index(
        "policy_calibration_effective_on_idx",
        "policy_calibration",
        ["effective_on"],
        unique=False,
        schema="squads",
    )
    op.create_table(
        "squad_findings",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Running number of the finding; finding:<id> names it as an artifact",
        ),
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad that found it"),
        sa.Column("author_agent_id", sa.Text(), nullable=False, comment="Member who authored it"),
        sa.Column(
            "finding_type",
            sa.Text(),
            nullable=False,
            comment="hypothesis, evidence, kg_edge, wiki_edit, analysis or review",
        ),
        sa.Column(
            "target_artifact_type",
            sa.Text(),
            nullable=True,
            comment="Type of the artifact that it bears on; null for the squad's target",
        ),
        sa.Column(
            "target_artifact_id",
            sa.Text(),
            nullable=True,
            comment="Id of that artifact; null for the squad's target",
        ),
        sa.Column("title", sa.Text(), nullable=False, comment="The finding, on one line"),
        sa.Column("summary", sa.Text(), nullable=True, comment="The finding with its evidence"),
        sa.Column(
            "confidence",
            sa.Numeric(precision=7, scale=6),
            server_default="0.5",
            nullable=False,
            comment="How sure its author is, 0 to 1; exact, because money follows it",
        ),
        sa.Column(
            "bubble_up_status",
            sa.Text(),
            server_default="pending",
            nullable=False,
            comment="pending, reviewed (and accepted), merged or rejected",
        ),
        sa.Column(
            "reviewed_by",
            sa.Text(),
            nullable=True,
            comment="Reviewer whose review decided; null until then, and after a time-out",
        ),
        sa.Column(
            "bubbled_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was merged into the knowledge graph",
        ),
        sa.Column(
            "metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="Anything else that its author noted",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="When it was recorded"),
        sa.Column(
            "request_key",
            sa.Text(),
            nullable=True,
            comment="Names the request; one that is repeated adds nothing",
        ),
        sa.CheckConstraint(
            "(bubble_up_status = 'merged') = (bubbled_at IS NOT NULL)",
            name=op.f("squad_findings_merged_has_its_time"),
        ),
        sa.CheckConstraint(
            "bubble_up_status IN ('pending', 'reviewed', 'merged', 'rejected')",
            name=op.f("squad_findings_bubble_up_status_is_known"),
        ),
        sa.CheckConstraint(
            "finding_type IN ('hypothesis', 'evidence', 'kg_edge', 'wiki_edit', 'analysis', 'review')",
            name=op.f("squad_findings_finding_type_is_known"),
        ),
        sa.CheckConstraint(
            "title ~ '^[^[:cntrl:]]+$' AND length(title) <= 500", name=op.f("squad_findings_title_is_plain")
        ),
        sa.CheckConstraint(
            "(target_artifact_type IS NULL) = (target_artifact_id IS NULL)",
            name=op.f("squad_findings_target_is_whole"),
        ),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("squad_findings_confidence_is_a_share")),
        sa.CheckConstraint(
            "reviewed_by <> author_agent_id", name=op.f("squad_findings_nobody_reviews_their_own")
        ),
        sa.ForeignKeyConstraint(
            ["author_agent_id"], ["squads.agents.id"], name=op.f("squad_findings_author_agent_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by"], ["squads.agents.id"], name=op.f("squad_findings_reviewed_by_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["squad_id"], ["squads.research_squads.id"], name=op.f("squad_findings_squad_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("squad_findings_pkey")),
        sa.UniqueConstraint("request_key", name=op.f("squad_findings_request_key_key")),
        schema="squads",
        comment="What squads found. What a row says is never changed; its bubble-up status moves forward.",
    )
    op.create_index(
        "squad_findings_squad_id_idx", "squad_findings", ["squad_id"], unique=False, schema="squads"
    )
    op.create_index(
        "squad_findings_waiting",
        "squad_findings",
        ["bubble_up_status", "squad_id"],
        unique=False,
        schema="squads",
        postgresql_where=sa.text("bubble_up_status IN ('pending', 'reviewed')"),
    )
    op.create_table(
        "squad_join_bids",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Running number of the bid",
        ),
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad that the agent wants to join"),
        sa.Column("agent_id", sa.Text(), nullable=False, comment="Who bids"),
        sa.Column(
            "role",
            sa.Text(),
            nullable=False,
            comment="Role that the agent bids for: researcher, reviewer or observer",
        ),
        sa.Column("pitch", sa.Text(), nullable=False, comment="Why the agent fits, in its own words"),
        sa.Column(
            "status",
            sa.Text(),
            server_default="pending",
            nullable=False,
            comment="pending, accepted, declined, withdrawn or lapsed",
        ),
        sa.Column("bid_at", sa.DateTime(timezone=True), nullable=False, comment="When the agent bid"),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the bid was decided; null while it is pending",
        ),
        sa.Column(
            "decided_by",
            sa.Text(),
            nullable=True,
            comment="Agent, operator, judge or driver that decided; null while it is pending",
        ),
        sa.Column(
            "fit_ppm",
            sa.Integer(),
            nullable=True,
            comment="Fit of the pitch to the charter as judged, in millionths; the best of the accepted leads",
        ),
        sa.Column("rationale", sa.Text(), nullable=True, comment="Why it was decided so"),
        sa.CheckConstraint(
            "(status = 'pending') = (decided_at IS NULL)", name=op.f("squad_join_bids_decided_has_its_time")
        ),
        sa.CheckConstraint(
            "pitch ~ '[^[:space:]]' AND length(pitch) <= 4000",
            name=op.f("squad_join_bids_pitch_says_something"),
        ),
        sa.CheckConstraint(
            "role IN ('researcher', 'reviewer', 'observer')", name=op.f("squad_join_bids_role_is_known")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'accepted', 'declined', 'withdrawn', 'lapsed')",
            name=op.f("squad_join_bids_status_is_known"),
        ),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (decided_by IS NULL)", name=op.f("squad_join_bids_decided_has_its_author")
        ),
        sa.CheckConstraint("fit_ppm BETWEEN 0 AND 1000000", name=op.f("squad_join_bids_fit_is_a_share")),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["squads.agents.id"], name=op.f("squad_join_bids_agent_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["squad_id"], ["squads.research_squads.id"], name=op.f("squad_join_bids_squad_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("squad_join_bids_pkey")),
        schema="squads",
        comment="Agents' bids to join squads, with their pitch and what was decided.",
    )
    op.create_index(
        "squad_join_bids_one_pending",
        "squad_join_bids",
        ["squad_id", "agent_id"],
        unique=True,
        schema="squads",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "squad_join_bids_squad_id_idx", "squad_join_bids", ["squad_id"], unique=False, schema="squads"
    )
    op.create_table(
        "squad_journal",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Running number of the entry",
        ),
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad"),
        sa.Column("author_agent_id", sa.Text(), nullable=False, comment="Member who wrote it"),
        sa.Column(
            "entry_type",
            sa.Text(),
            nullable=False,
            comment="progress, finding, block, decision, milestone or note",
        ),
        sa.Column("title", sa.Text(), nullable=False, comment="What it is about, on one line"),
        sa.Column("body", sa.Text(), nullable=False, comment="The entry itself"),
        sa.Column(
            "references_artifacts",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="Artifacts that it refers to: a JSON list of type:id",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="When it was written"),
        sa.Column(
            "request_key",
            sa.Text(),
            nullable=True,
            comment="Names the request; one that is repeated adds nothing",
        ),
        sa.CheckConstraint(
            "entry_type IN ('progress', 'finding', 'block', 'decision', 'milestone', 'note')",
            name=op.f("squad_journal_entry_type_is_known"),
        ),
        sa.CheckConstraint(
            "jsonb_typeof(references_artifacts) = 'array'", name=op.f("squad_journal_references_are_a_list")
        ),
        sa.CheckConstraint(
            "title ~ '^[^[:cntrl:]]+$' AND length(title) <= 500", name=op.f("squad_journal_title_is_plain")
        ),
        sa.ForeignKeyConstraint(
            ["author_agent_id"], ["squads.agents.id"], name=op.f("squad_journal_author_agent_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["squad_id"], ["squads.research_squads.id"], name=op.f("squad_journal_squad_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("squad_journal_pkey")),
        sa.UniqueConstraint("request_key", name=op.f("squad_journal_request_key_key")),
        schema="squads",
        comment="What members noted while a squad worked. Facts: never updated or deleted.",
    )
    op.create_index(
        "squad_journal_squad_id_idx", "squad_journal", ["squad_id"], unique=False, schema="squads"
    )
    op.create_table(
        "squad_members",
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad"),
        sa.Column("agent_id", sa.Text(), nullable=False, comment="Member"),
        sa.Column("role", sa.Text(), nullable=False, comment="lead, researcher, reviewer or observer"),
        sa.Column(
            "joined_at", sa.DateTime(timezone=True), nullable=False, comment="When the agent became a member"
        ),
        sa.Column(
            "left_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the agent left before the squad's end; null for a member",
        ),
        sa.Column(
            "contribution_score",
            sa.Numeric(precision=26, scale=6),
            server_default="0",
            nullable=False,
            comment="Score that the pool was shared out by, in points; zero until the harvest",
        ),
        sa.Column(
            "journal_entries",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="Journal entries written here",
        ),
        sa.Column(
            "findings_authored",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="Findings authored here",
        ),
        sa.CheckConstraint(
            "role IN ('lead', 'researcher', 'reviewer', 'observer')", name=op.f("squad_members_role_is_known")
        ),
        sa.CheckConstraint("contribution_score >= 0", name=op.f("squad_members_score_is_not_negative")),
        sa.ForeignKeyConstraint(["agent_id"], ["squads.agents.id"], name=op.f("squad_members_agent_id_fkey")),
        sa.ForeignKeyConstraint(
            ["squad_id"], ["squads.research_squads.id"], name=op.f("squad_members_squad_id_fkey")
        ),
        sa.PrimaryKeyConstraint("squad_id", "agent_id", name=op.f("squad_members_pkey")),
        schema="squads",
        comment="Who is, or was, in a squad. State; counts follow the journal and the findings.",
    )
    op.create_index(
        "squad_members_agent_id_idx", "squad_members", ["agent_id"], unique=False, schema="squads"
    )
    op.create_index(
        "squad_members_one_lead",
        "squad_members",
        ["squad_id"],
        unique=True,
        schema="squads",
        postgresql_where=sa.text("role = 'lead' AND left_at IS NULL"),
    )
    op.create_table(
        "squad_merges",
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad that is to be absorbed"),
        sa.Column("into_squad_id", sa.Text(), nullable=False, comment="Squad that is to go on"),
        sa.Column("proposed_by", sa.Text(), nullable=False, comment="Lead of one of the two who proposed it"),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False, comment="When it was proposed"),
        sa.CheckConstraint("squad_id <> into_squad_id", name=op.f("squad_merges_squads_differ")),
        sa.ForeignKeyConstraint(
            ["into_squad_id"], ["squads.research_squads.id"], name=op.f("squad_merges_into_squad_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["squads.agents.id"], name=op.f("squad_merges_proposed_by_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["squad_id"], ["squads.research_squads.id"], name=op.f("squad_merges_squad_id_fkey")
        ),
        sa.PrimaryKeyConstraint("squad_id", "into_squad_id", name=op.f("squad_merges_pkey")),
        schema="squads",
        comment="Mergers that the lead of one squad has proposed and the other's has not agreed to. State.",
    )
    op.create_table(
        "bubbled_findings",
        sa.Column(
            "finding_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Finding that was merged into the knowledge graph",
        ),
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad that is credited"),
        sa.Column(
            "artifact_type",
            sa.Text(),
            nullable=False,
            comment="Type of the artifact that the finding bears on",
        ),
        sa.Column("artifact_id", sa.Text(), nullable=False, comment="Id of that artifact"),
        sa.Column(
            "credited",
            sa.Integer(),
            nullable=False,
            comment="Members credited: those active when it was reviewed",
        ),
        sa.Column("bubbled_at", sa.DateTime(timezone=True), nullable=False, comment="When it was merged"),
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
        sa.ForeignKeyConstraint(
            ["finding_id"], ["squads.squad_findings.id"], name=op.f("bubbled_findings_finding_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["squads.policies.id"], name=op.f("bubbled_findings_policy_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["squad_id"], ["squads.research_squads.id"], name=op.f("bubbled_findings_squad_id_fkey")
        ),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("bubbled_findings_pkey")),
        schema="squads",
        comment="Findings merged into the knowledge graph, once each. Facts: never updated or deleted.",
    )
    op.create_index(
        "bubbled_findings_effective_on_idx",
        "bubbled_findings",
        ["effective_on"],
        unique=False,
        schema="squads",
    )
    op.create_table(
        "credit_dividends",
        sa.Column("outcome_id", sa.BigInteger(), nullable=False, comment="Outcome"),
        sa.Column("agent_id", sa.Text(), nullable=False, comment="Who is credited"),
        sa.Column(
            "revision",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="0: as first paid; more: restated",
        ),
        sa.Column(
            "contributions", sa.Integer(), nullable=False, comment="Contributions found along the provenance"
        ),
        sa.Column(
            "via_squad", sa.Integer(), nullable=False, comment="How many of them were made through a squad"
        ),
        sa.Column(
            "weight",
            sa.Numeric(precision=60, scale=0),
            nullable=False,
            comment="Weight of the agent, an exact integer; comparable within the outcome only",
        ),
        sa.Column(
            "derivation",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="By artifact: hops, contributions, multiplier and weight, a JSON list",
        ),
        sa.Column("share_micro", sa.BigInteger(), nullable=False, comment="What the agent was paid, in µT"),
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
        sa.CheckConstraint("share_micro >= 0", name=op.f("credit_dividends_share_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["squads.agents.id"], name=op.f("credit_dividends_agent_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["outcome_id"], ["squads.dividends.outcome_id"], name=op.f("credit_dividends_outcome_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["squads.policies.id"], name=op.f("credit_dividends_policy_id_fkey")
        ),
        sa.PrimaryKeyConstraint("outcome_id", "agent_id", "revision", name=op.f("credit_dividends_pkey")),
        schema="squads",
        comment="Each agent's share of an outcome's dividend, with its derivation. Facts: never updated or deleted.",
    )
    op.create_index(
        "credit_dividends_agent_id_idx", "credit_dividends", ["agent_id"], unique=False, schema="squads"
    )
    op.create_index(
        "credit_dividends_effective_on_idx",
        "credit_dividends",
        ["effective_on"],
        unique=False,
        schema="squads",
    )
    op.create_table(
        "finding_reviews",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Running number of the review",
        ),
        sa.Column("finding_id", sa.BigInteger(), nullable=False, comment="Finding"),
        sa.Column(
            "reviewer_agent_id", sa.Text(), nullable=False, comment="Who reviewed; never the finding's author"
        ),
        sa.Column("verdict", sa.Text(), nullable=False, comment="accept or reject"),
        sa.Column(
            "confidence",
            sa.Numeric(precision=7, scale=6),
            nullable=True,
            comment="How sure the reviewer is that it holds, 0 to 1; null for the author's",
        ),
        sa.Column("rationale", sa.Text(), nullable=False, comment="Why"),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), nullable=False, comment="When the review was given"
        ),
        sa.CheckConstraint("verdict IN ('accept', 'reject')", name=op.f("finding_reviews_verdict_is_known")),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("finding_reviews_confidence_is_a_share")),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["squads.squad_findings.id"], name=op.f("finding_reviews_finding_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_agent_id"], ["squads.agents.id"], name=op.f("finding_reviews_reviewer_agent_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("finding_reviews_pkey")),
        sa.UniqueConstraint(
            "finding_id", "reviewer_agent_id", name=op.f("finding_reviews_finding_id_reviewer_agent_id_key")
        ),
        schema="squads",
        comment="Reviews of findings, by people and agents. Facts: never updated or deleted.",
    )
    op.create_index(
        "finding_reviews_reviewer_agent_id_idx",
        "finding_reviews",
        ["reviewer_agent_id"],
        unique=False,
        schema="squads",
    )
    op.create_table(
        "harvest_distributions",
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad"),
        sa.Column("agent_id", sa.Text(), nullable=False, comment="Member"),
        sa.Column(
            "revision",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="0: as first paid; more: restated",
        ),
        sa.Column("role", sa.Text(), nullable=False, comment="Role at the harvest"),
        sa.Column("journal_entries", sa.Integer(), nullable=False, comment="Journal entries that counted"),
        sa.Column(
            "findings_authored", sa.Integer(), nullable=False, comment="Findings authored that counted"
        ),
        sa.Column(
            "merged_confidence",
            sa.Numeric(precision=26, scale=6),
            nullable=False,
            comment="Sum of the confidence of the member's merged findings",
        ),
        sa.Column(
            "reviews", sa.Integer(), nullable=False, comment="Reviews of others' findings that counted"
        ),
        sa.Column(
            "score",
            sa.Numeric(precision=26, scale=6),
            nullable=False,
            comment="Score by the policy's weights, in points",
        ),
        sa.Column("share_micro", sa.BigInteger(), nullable=False, comment="What the member was paid, in µT"),
        sa.Column(
            "rounded_up",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="1 if the largest remainder gave the share a µT more than its floor",
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
        sa.CheckConstraint("share_micro >= 0", name=op.f("harvest_distributions_share_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["squads.agents.id"], name=op.f("harvest_distributions_agent_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["squads.policies.id"], name=op.f("harvest_distributions_policy_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["squad_id"], ["squads.distributions.squad_id"], name=op.f("harvest_distributions_squad_id_fkey")
        ),
        sa.PrimaryKeyConstraint("squad_id", "agent_id", "revision", name=op.f("harvest_distributions_pkey")),
        schema="squads",
        comment="Each member's share of a pool, with every input of the score. Facts: never updated or deleted.",
    )
    op.create_index(
        "harvest_distributions_agent_id_idx",
        "harvest_distributions",
        ["agent_id"],
        unique=False,
        schema="squads",
    )
    op.create_index(
        "harvest_distributions_effective_on_idx",
        "harvest_distributions",
        ["effective_on"],
        unique=False,
        schema="squads",
    )
    op.create_table(
        "reviewed_findings",
        sa.Column(
            "finding_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Finding that was decided",
        ),
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad that answers for it"),
        sa.Column("verdict", sa.Text(), nullable=False, comment="accepted or rejected"),
        sa.Column("reason", sa.Text(), nullable=False, comment="reviews, or review_timeout"),
        sa.Column("accepts", sa.Integer(), nullable=False, comment="Reviews that accepted it"),
        sa.Column("rejects", sa.Integer(), nullable=False, comment="Reviews that rejected it"),
        sa.Column(
            "confidence",
            sa.Numeric(precision=7, scale=6),
            nullable=False,
            comment="Confidence that counts from here on: the accepting reviewers' mean, else the author's",
        ),
        sa.Column(
            "reviewed_by",
            sa.Text(),
            nullable=True,
            comment="Reviewer whose review decided; null after a time-out",
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When it was decided"),
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
            "reason IN ('reviews', 'review_timeout')", name=op.f("reviewed_findings_reason_is_known")
        ),
        sa.CheckConstraint(
            "verdict IN ('accepted', 'rejected')", name=op.f("reviewed_findings_verdict_is_known")
        ),
        sa.CheckConstraint(
            "confidence BETWEEN 0 AND 1", name=op.f("reviewed_findings_confidence_is_a_share")
        ),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["squads.squad_findings.id"], name=op.f("reviewed_findings_finding_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["squads.policies.id"], name=op.f("reviewed_findings_policy_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by"], ["squads.agents.id"], name=op.f("reviewed_findings_reviewed_by_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["squad_id"], ["squads.research_squads.id"], name=op.f("reviewed_findings_squad_id_fkey")
        ),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("reviewed_findings_pkey")),
        schema="squads",
        comment="Verdicts on findings, one for each. Facts: never updated or deleted.",
    )
    op.create_index(
        "reviewed_findings_effective_on_idx",
        "reviewed_findings",
        ["effective_on"],
        unique=False,
        schema="squads",
    )
    op.add_column(
        "research_squads",
        sa.Column(
            "merged_into",
            sa.Text(),
            nullable=True,
            comment="The squad that took over its members, money and findings; null unless it was merged",
        ),
        schema="squads",
    )
    op.create_index(
        "research_squads_merged_into_idx",
        "research_squads",
        ["merged_into"],
        unique=False,
        schema="squads",
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("research_squads_merged_into_fkey"),
        "research_squads",
        "research_squads",
        ["merged_into"],
        ["id"],
        source_schema="squads",
        referent_schema="squads",
    )
    op.create_check_constraint(
        op.f("research_squads_merged_means_disbanded"),
        "research_squads",
        "merged_into IS NULL OR status = 'disbanded'",
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
    op.drop_constraint(
        op.f("research_squads_merged_means_disbanded"), "research_squads", schema="squads", type_="check"
    )
    op.drop_constraint(
        op.f("research_squads_merged_into_fkey"), "research_squads", schema="squads", type_="foreignkey"
    )
    op.drop_index(
        "research_squads_merged_into_idx",
        table_name="research_squads",
        schema="squads",
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.drop_column("research_squads", "merged_into", schema="squads")
    op.drop_index("reviewed_findings_effective_on_idx", table_name="reviewed_findings", schema="squads")
    op.drop_table("reviewed_findings", schema="squads")
    op.drop_index(
        "harvest_distributions_effective_on_idx", table_name="harvest_distributions", schema="squads"
    )
    op.drop_index("harvest_distributions_agent_id_idx", table_name="harvest_distributions", schema="squads")
    op.drop_table("harvest_distributions", schema="squads")
    op.drop_index("finding_reviews_reviewer_agent_id_idx", table_name="finding_reviews", schema="squads")
    op.drop_table("finding_reviews", schema="squads")
    op.drop_index("credit_dividends_effective_on_idx", table_name="credit_dividends", schema="squads")
    op.drop_index("credit_dividends_agent_id_idx", table_name="credit_dividends", schema="squads")
    op.drop_table("credit_dividends", schema="squads")
    op.drop_index("bubbled_findings_effective_on_idx", table_name="bubbled_findings", schema="squads")
    op.drop_table("bubbled_findings", schema="squads")
    op.drop_table("squad_merges", schema="squads")
    op.drop_index(
        "squad_members_one_lead",
        table_name="squad_members",
        schema="squads",
        postgresql_where=sa.text("role = 'lead' AND left_at IS NULL"),
    )
    op.drop_index("squad_members_agent_id_idx", table_name="squad_members", schema="squads")
    op.drop_table("squad_members", schema="squads")
    op.drop_index("squad_journal_squad_id_idx", table_name="squad_journal", schema="squads")
    op.drop_table("squad_journal", schema="squads")
    op.drop_index("squad_join_bids_squad_id_idx", table_name="squad_join_bids", schema="squads")
    op.drop_index(
        "squad_join_bids_one_pending",
        table_name="squad_join_bids",
        schema="squads",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.drop_table("squad_join_bids", schema="squads")
    op.drop_index(
        "squad_findings_waiting",
        table_name="squad_findings",
        schema="squads",
        postgresql_where=sa.text("bubble_up_status IN ('pending', 'reviewed')"),
    )
    op.drop_index("squad_findings_squad_id_idx", table_name="squad_findings", schema="squads")
    op.drop_table("squad_findings", schema="squads")
    op.drop_index("policy_calibration_effective_on_idx", table_name="policy_calibration", schema="squads")
    op.drop_table("policy_calibration", schema="squads")
    op.drop_index("dividends_effective_on_idx", table_name="dividends", schema="squads")
    op.drop_table("dividends", schema="squads")
    op.drop_index("distributions_effective_on_idx", table_name="distributions", schema="squads")
    op.drop_table("distributions", schema="squads")
    op.drop_index("agent_contributions_reference_id_idx", table_name="agent_contributions", schema="squads")
    op.drop_index("agent_contributions_effective_on_idx", table_name="agent_contributions", schema="squads")
    op.drop_index("agent_contributions_agent_id_idx", table_name="agent_contributions", schema="squads")
    op.drop_table("agent_contributions", schema="squads")
    op.drop_index("outcomes_artifact_idx", table_name="outcomes", schema="squads")
    op.drop_table("outcomes", schema="squads")
    op.drop_index(
        "outbox_waiting",
        table_name="outbox",
        schema="squads",
        postgresql_where=sa.text("delivered_at IS NULL"),
    )
    op.drop_table("outbox", schema="squads")
    op.drop_table("gap_failures", schema="squads")
    op.drop_table("artifact_provenance", schema="squads")
