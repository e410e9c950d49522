"""The first tables: agents, squads, ledger, funding, policies and marts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "mechanism_comparison",
        sa.Column("effective_on", sa.Date(), nullable=False, comment="UTC day of the round"),
        sa.Column("round_id", sa.BigInteger(), nullable=False, comment="Round"),
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad"),
        sa.Column("mechanism", sa.Text(), nullable=False, comment="Mechanism: quadratic, clr or pairwise"),
        sa.Column(
            "contributors", sa.Integer(), nullable=False, comment="Contributors that weigh, after dust"
        ),
        sa.Column(
            "weight_micro",
            sa.Numeric(precision=50, scale=0),
            nullable=False,
            comment="Weight of the squad under the mechanism, in µT",
        ),
        sa.Column(
            "match_micro",
            sa.BigInteger(),
            nullable=False,
            comment="What the round would have paid under the mechanism, in µT",
        ),
        sa.Column("paid_micro", sa.BigInteger(), nullable=False, comment="What the round paid, in µT"),
        sa.PrimaryKeyConstraint(
            "effective_on", "round_id", "squad_id", "mechanism", name=op.f("mechanism_comparison_pkey")
        ),
        schema="marts",
        comment="What each mechanism would have paid in each round, beside what was paid.",
    )
    op.create_table(
        "squad_pools",
        sa.Column("effective_on", sa.Date(), nullable=False, comment="UTC day of the statement"),
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad"),
        sa.Column(
            "opening_micro", sa.BigInteger(), nullable=False, comment="Pool at the start of the day, in µT"
        ),
        sa.Column("seeds_micro", sa.BigInteger(), nullable=False, comment="Seeds received, in µT"),
        sa.Column(
            "contributions_micro", sa.BigInteger(), nullable=False, comment="Contributions received, in µT"
        ),
        sa.Column("matches_micro", sa.BigInteger(), nullable=False, comment="Matches received, in µT"),
        sa.Column(
            "other_grants_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Sponsorships, bonuses, forks, merges and corrections received, in µT",
        ),
        sa.Column(
            "payouts_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Money that left the pool, in µT; not negative",
        ),
        sa.Column(
            "closing_micro", sa.BigInteger(), nullable=False, comment="Pool at the end of the day, in µT"
        ),
        sa.PrimaryKeyConstraint("effective_on", "squad_id", name=op.f("squad_pools_pkey")),
        schema="marts",
        comment="A squad's statement for a day: opening, what came in by source, what went out, closing.",
    )
    op.create_table(
        "accounts",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Account number; locks follow it",
        ),
        sa.Column(
            "name",
            sa.Text(),
            nullable=False,
            comment="issuance, treasury, matching_pool, wallet:<agent> or squad:<squad>",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="What the account is for"),
        sa.Column(
            "owner_id",
            sa.Text(),
            nullable=True,
            comment="The agent or squad that owns it; null for the three system accounts",
        ),
        sa.Column(
            "balance_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Balance now, in µT; equals balance_after_micro of the newest entry",
        ),
        sa.Column(
            "version", sa.BigInteger(), server_default="0", nullable=False, comment="Number of entries so far"
        ),
        sa.Column(
            "opened_at", sa.DateTime(timezone=True), nullable=False, comment="When the account was opened"
        ),
        sa.Column(
            "closed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the account was closed; null while it is open",
        ),
        sa.CheckConstraint("kind = 'issuance' OR balance_micro >= 0", name=op.f("accounts_not_overdrawn")),
        sa.CheckConstraint(
            "kind IN ('issuance', 'treasury', 'matching_pool', 'wallet', 'squad')",
            name=op.f("accounts_kind_is_known"),
        ),
        sa.CheckConstraint(
            "closed_at IS NULL OR balance_micro = 0", name=op.f("accounts_closed_means_empty")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("accounts_pkey")),
        sa.UniqueConstraint("name", name=op.f("accounts_name_key")),
        schema="squads",
        comment="Holders of tokens. State; its truth is the entries, from which it can be recomputed.",
    )
    op.create_index(
        "accounts_kind_owner_id_idx", "accounts", ["kind", "owner_id"], unique=False, schema="squads"
    )
    op.create_table(
        "agents",
        sa.Column("id", sa.Text(), nullable=False, comment="Name by which the agent is addressed"),
        sa.Column(
            "kind",
            sa.Text(),
            server_default="agent",
            nullable=False,
            comment="person, persona, worker or agent (unknown)",
        ),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), nullable=False, comment="When the agent became known"
        ),
        sa.CheckConstraint("id ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$'", name=op.f("agents_id_is_plain")),
        sa.CheckConstraint(
            "kind IN ('person', 'persona', 'worker', 'agent')", name=op.f("agents_kind_is_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("agents_pkey")),
        schema="squads",
        comment="Actors of the community: people, LLM personas and worker programs. Each has a wallet.",
    )
    op.create_table(
        "contributor_totals",
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad"),
        sa.Column("agent_id", sa.Text(), nullable=False, comment="Contributor"),
        sa.Column(
            "total_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Sum of this contributor's claimed contributions to this squad, in µT",
        ),
        sa.CheckConstraint("total_micro > 0", name=op.f("contributor_totals_total_is_positive")),
        sa.PrimaryKeyConstraint("squad_id", "agent_id", name=op.f("contributor_totals_pkey")),
        schema="squads",
        comment="Claimed money by squad and contributor. State; its truth is squad_grants joined to qf_claims.",
    )
    op.create_table(
        "policies",
        sa.Column("id", sa.Text(), nullable=False, comment="Hash of the content: equal parameters, equal id"),
        sa.Column(
            "content",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Every parameter: seconds, µT and fractions as text",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When the content was first stored",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("policies_pkey")),
        schema="squads",
        comment="Sets of parameters, by content. Facts name the policy that was in force when they were made.",
    )
    op.create_table(
        "qf_claims",
        sa.Column(
            "contribution_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="The contribution; a primary key, so that no second round can have it",
        ),
        sa.Column("round_id", sa.BigInteger(), nullable=False, comment="The one round that has it"),
        sa.PrimaryKeyConstraint("contribution_id", name=op.f("qf_claims_pkey")),
        schema="squads",
        comment="Which round each contribution belongs to. Facts: never updated or deleted.",
    )
    op.create_index(
        "qf_claims_round_id_brin",
        "qf_claims",
        ["round_id"],
        unique=False,
        schema="squads",
        postgresql_using="brin",
    )
    op.create_table(
        "qf_standings",
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad"),
        sa.Column(
            "contributors",
            sa.Integer(),
            nullable=False,
            comment="Contributors whose total is at least dust_micro",
        ),
        sa.Column(
            "root_sum",
            sa.Numeric(precision=60, scale=0),
            nullable=False,
            comment="Sum of their roots, each isqrt(total_micro · 10³⁶): √µT in units of 10⁻¹⁸",
        ),
        sa.Column("contributed_micro", sa.BigInteger(), nullable=False, comment="Sum of their totals, in µT"),
        sa.Column(
            "matched_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Matches paid to the squad so far, in µT",
        ),
        sa.Column(
            "dust_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Dust threshold under which the sums were made, in µT",
        ),
        sa.PrimaryKeyConstraint("squad_id", name=op.f("qf_standings_pkey")),
        schema="squads",
        comment="Each squad's sums for weighing, kept up to date by the claim so that a round never reads history.",
    )
    op.create_table(
        "qf_unclaimed",
        sa.Column(
            "contribution_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="A contribution that no round has claimed yet",
        ),
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Its squad"),
        sa.Column("agent_id", sa.Text(), nullable=False, comment="Its contributor"),
        sa.Column("amount_micro", sa.BigInteger(), nullable=False, comment="Its amount, in µT"),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False, comment="When it was made"),
        sa.PrimaryKeyConstraint("contribution_id", name=op.f("qf_unclaimed_pkey")),
        schema="squads",
        comment="The matching round's inbox: filled by a trigger on squad_grants, emptied by the claim.",
    )
    op.create_index(
        "qf_unclaimed_granted_at_idx", "qf_unclaimed", ["granted_at"], unique=False, schema="squads"
    )
    op.create_table(
        "research_squads",
        sa.Column("id", sa.Text(), nullable=False, comment="Squad id"),
        sa.Column("name", sa.Text(), nullable=False, comment="Short name, for people"),
        sa.Column("charter", sa.Text(), nullable=False, comment="The goal, in one paragraph"),
        sa.Column("parent_quest_id", sa.Text(), nullable=True, comment="Quest to which findings bubble up"),
        sa.Column(
            "target_artifact_type",
            sa.Text(),
            nullable=False,
            comment="gap, hypothesis, challenge or analysis",
        ),
        sa.Column(
            "target_artifact_id", sa.Text(), nullable=False, comment="The artifact that the squad is about"
        ),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="forming, recruiting, active, harvesting or disbanded",
        ),
        sa.Column(
            "success_criteria",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="Measurable criteria, a JSON list",
        ),
        sa.Column(
            "formed_at", sa.DateTime(timezone=True), nullable=False, comment="When the squad was formed"
        ),
        sa.Column(
            "recruitment_closes_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the recruiting window ends",
        ),
        sa.Column(
            "target_disband_at", sa.DateTime(timezone=True), nullable=True, comment="When work should end"
        ),
        sa.Column(
            "disbanded_at", sa.DateTime(timezone=True), nullable=True, comment="When the squad was disbanded"
        ),
        sa.Column(
            "parent_squad_id",
            sa.Text(),
            nullable=True,
            comment="The squad that this one was forked from; null for a root squad",
        ),
        sa.Column("created_by", sa.Text(), nullable=True, comment="Agent or driver that created it"),
        sa.Column("workspace_branch", sa.Text(), nullable=True, comment="Git branch of the squad's work"),
        sa.Column(
            "findings_bubbled",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="Findings merged into the knowledge graph",
        ),
        sa.Column(
            "metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="Anything else that its makers noted",
        ),
        sa.CheckConstraint(
            "(status = 'disbanded') = (disbanded_at IS NOT NULL)",
            name=op.f("research_squads_disbanded_has_its_time"),
        ),
        sa.CheckConstraint(
            "id ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$'", name=op.f("research_squads_id_is_plain")
        ),
        sa.CheckConstraint(
            "status IN ('forming', 'recruiting', 'active', 'harvesting', 'disbanded')",
            name=op.f("research_squads_status_is_known"),
        ),
        sa.CheckConstraint(
            "target_artifact_type IN ('gap', 'hypothesis', 'challenge', 'analysis')",
            name=op.f("research_squads_target_type_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_squad_id"],
            ["squads.research_squads.id"],
            name=op.f("research_squads_parent_squad_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("research_squads_pkey")),
        schema="squads",
        comment="Squads: short-lived, pool-funded teams around a target. The pool's balance is in squad_balances.",
    )
    op.create_index(
        "research_squads_one_live_root_per_target",
        "research_squads",
        ["target_artifact_type", "target_artifact_id"],
        unique=True,
        schema="squads",
        postgresql_where=sa.text("status <> 'disbanded' AND parent_squad_id IS NULL"),
    )
    op.create_index(
        "research_squads_status_idx", "research_squads", ["status"], unique=False, schema="squads"
    )
    op.create_index(
        "research_squads_target_idx",
        "research_squads",
        ["target_artifact_type", "target_artifact_id"],
        unique=False,
        schema="squads",
    )
    op.create_table(
        "driver_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Running number"),
        sa.Column("units", sa.Integer(), nullable=False, comment="Units of work closed"),
        sa.Column("moved_micro", sa.BigInteger(), nullable=False, comment="Tokens moved, in µT"),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When the driver's transaction wrote this row",
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
        sa.ForeignKeyConstraint(
            ["policy_id"], ["squads.policies.id"], name=op.f("driver_runs_policy_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("driver_runs_pkey")),
        schema="squads",
        comment="One row for each time that a driver changed something, written in the same transaction.",
    )
    op.create_table(
        "policy_adoptions",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Running number; the newest is in force",
        ),
        sa.Column("policy_id", sa.Text(), nullable=False, comment="The policy adopted"),
        sa.Column("adopted_by", sa.Text(), nullable=False, comment="Who adopted it"),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why"),
        sa.Column(
            "adopted_at", sa.DateTime(timezone=True), nullable=False, comment="When it came into force"
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["squads.policies.id"], name=op.f("policy_adoptions_policy_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("policy_adoptions_pkey")),
        schema="squads",
        comment="Which policy came into force when. The newest row names the policy in force.",
    )
    op.create_table(
        "qf_rounds",
        sa.Column(
            "id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Round number, without a hole: given out under the matching pool's lock, not by a sequence",
        ),
        sa.Column(
            "opened_at", sa.DateTime(timezone=True), nullable=False, comment="When the round was opened"
        ),
        sa.Column("mechanism", sa.Text(), nullable=False, comment="Mechanism that weighed the squads"),
        sa.Column(
            "pool_before_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Balance of the matching pool before the round, in µT",
        ),
        sa.Column(
            "budget_micro", sa.BigInteger(), nullable=False, comment="The most that the round may pay, in µT"
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
        sa.ForeignKeyConstraint(["policy_id"], ["squads.policies.id"], name=op.f("qf_rounds_policy_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("qf_rounds_pkey")),
        schema="squads",
        comment="Matching rounds. Facts: never updated or deleted.",
    )
    op.create_index(
        "qf_rounds_effective_on_idx", "qf_rounds", ["effective_on"], unique=False, schema="squads"
    )
    op.create_table(
        "transfers",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Transfer number, in posting order",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="Why the money moved"),
        sa.Column("from_account_id", sa.BigInteger(), nullable=False, comment="Account that pays"),
        sa.Column("to_account_id", sa.BigInteger(), nullable=False, comment="Account that receives"),
        sa.Column(
            "amount_micro", sa.BigInteger(), nullable=False, comment="Amount moved, in µT; always positive"
        ),
        sa.Column(
            "idempotency_key",
            sa.Text(),
            nullable=False,
            comment="Names the effect; a second request with this key moves nothing, for ever",
        ),
        sa.Column(
            "args_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="SHA-256 of kind, accounts, amount, reason and occurred_at; tells a retry from a different request",
        ),
        sa.Column("reason", sa.Text(), nullable=True, comment="What a person or program gave as the reason"),
        sa.Column(
            "occurred_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it happened according to an imported source; null otherwise",
        ),
        sa.Column(
            "posted_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was posted: the server's clock after the accounts were locked",
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
            "kind IN ('mint', 'seed', 'contribution', 'match', 'sponsorship', 'milestone_bonus', 'fork_grant', 'merge_sweep', 'payout', 'refund', 'dividend', 'correction')",
            name=op.f("transfers_kind_is_known"),
        ),
        sa.CheckConstraint("amount_micro > 0", name=op.f("transfers_amount_is_positive")),
        sa.CheckConstraint("from_account_id <> to_account_id", name=op.f("transfers_accounts_differ")),
        sa.ForeignKeyConstraint(
            ["from_account_id"], ["squads.accounts.id"], name=op.f("transfers_from_account_id_fkey")
        ),
        sa.ForeignKeyConstraint(["policy_id"], ["squads.policies.id"], name=op.f("transfers_policy_id_fkey")),
        sa.ForeignKeyConstraint(
            ["to_account_id"], ["squads.accounts.id"], name=op.f("transfers_to_account_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("transfers_pkey")),
        sa.UniqueConstraint("idempotency_key", name=op.f("transfers_idempotency_key_key")),
        schema="squads",
        comment="Every movement of tokens, once. Facts: never updated or deleted; corrections are new transfers.",
    )
    op.create_index(
        "transfers_effective_on_brin",
        "transfers",
        ["effective_on"],
        unique=False,
        schema="squads",
        postgresql_using="brin",
    )
    op.create_table(
        "entries",
        sa.Column(
            "transfer_id", sa.BigInteger(), nullable=False, comment="Transfer that the entry belongs to"
        ),
        sa.Column(
            "entry_no",
            sa.SmallInteger(),
            nullable=False,
            comment="1: money leaves the account; 2: money arrives",
        ),
        sa.Column("account_id", sa.BigInteger(), nullable=False, comment="Account that changes"),
        sa.Column(
            "amount_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Change of the account in µT: negative when money leaves",
        ),
        sa.Column(
            "balance_after_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Balance of the account after this entry, in µT",
        ),
        sa.Column(
            "account_version",
            sa.BigInteger(),
            nullable=False,
            comment="Running number of the entry within its account: 1, 2, 3 … without a hole",
        ),
        sa.Column(
            "posted_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was posted; together with account_id the index for balances as of a moment",
        ),
        sa.CheckConstraint(
            "(entry_no = 1 AND amount_micro < 0) OR (entry_no = 2 AND amount_micro > 0)",
            name=op.f("entries_side_fits_sign"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["squads.accounts.id"], name=op.f("entries_account_id_fkey")),
        sa.ForeignKeyConstraint(
            ["transfer_id"], ["squads.transfers.id"], name=op.f("entries_transfer_id_fkey")
        ),
        sa.PrimaryKeyConstraint("transfer_id", "entry_no", name=op.f("entries_pkey")),
        sa.UniqueConstraint(
            "account_id", "account_version", name=op.f("entries_account_id_account_version_key")
        ),
        schema="squads",
        comment="What each transfer did to its two accounts. Facts: never updated or deleted.",
    )
    op.create_index(
        "entries_as_of_idx",
        "entries",
        ["account_id", "posted_at", "account_version"],
        unique=False,
        schema="squads",
    )
    op.create_table(
        "qf_matches",
        sa.Column("round_id", sa.BigInteger(), nullable=False, comment="Round"),
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad that was weighed"),
        sa.Column(
            "revision",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="0: as first paid; more: restated",
        ),
        sa.Column(
            "contributors", sa.Integer(), nullable=False, comment="Contributors that weigh, after dust"
        ),
        sa.Column(
            "root_sum",
            sa.Numeric(precision=60, scale=0),
            nullable=False,
            comment="Sum of their roots: √µT in units of 10⁻¹⁸",
        ),
        sa.Column(
            "contributed_micro", sa.BigInteger(), nullable=False, comment="Sum of their totals so far, in µT"
        ),
        sa.Column(
            "weight_micro",
            sa.Numeric(precision=50, scale=0),
            nullable=False,
            comment="Weight under the round's mechanism, in µT; for quadratic ⌊(Σ√c)²⌋",
        ),
        sa.Column(
            "matched_before_micro",
            sa.BigInteger(),
            nullable=False,
            comment="Matches paid to the squad before this round, in µT",
        ),
        sa.Column(
            "due_micro",
            sa.Numeric(precision=50, scale=0),
            nullable=False,
            comment="Weight less what was matched before, not below zero, in µT",
        ),
        sa.Column(
            "cap_micro",
            sa.BigInteger(),
            nullable=False,
            comment="The most that the squad could get in this round, in µT",
        ),
        sa.Column("match_micro", sa.BigInteger(), nullable=False, comment="What the round paid, in µT"),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why the match is what it is"),
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
        sa.CheckConstraint("match_micro BETWEEN 0 AND cap_micro", name=op.f("qf_matches_match_within_cap")),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["squads.policies.id"], name=op.f("qf_matches_policy_id_fkey")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["squads.qf_rounds.id"], name=op.f("qf_matches_round_id_fkey")),
        sa.ForeignKeyConstraint(
            ["squad_id"], ["squads.research_squads.id"], name=op.f("qf_matches_squad_id_fkey")
        ),
        sa.PrimaryKeyConstraint("round_id", "squad_id", "revision", name=op.f("qf_matches_pkey")),
        schema="squads",
        comment="What each round decided for each squad, with every input. Facts: never updated or deleted.",
    )
    op.create_index(
        "qf_matches_effective_on_idx", "qf_matches", ["effective_on"], unique=False, schema="squads"
    )
    op.create_table(
        "squad_grants",
        sa.Column(
            "id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="The transfer that moved the money; a contribution's id",
        ),
        sa.Column("squad_id", sa.Text(), nullable=False, comment="Squad whose pool received the money"),
        sa.Column("from_account", sa.Text(), nullable=False, comment="Name of the account that paid"),
        sa.Column(
            "agent_id",
            sa.Text(),
            nullable=True,
            comment="The agent whose wallet paid; null when a system account or a squad paid",
        ),
        sa.Column("amount_micro", sa.BigInteger(), nullable=False, comment="Amount, in µT"),
        sa.Column(
            "purpose",
            sa.Text(),
            nullable=False,
            comment="contribution, quadratic_funding, seed, sponsorship, milestone_bonus, fork_grant or merge_sweep",
        ),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False, comment="When the money arrived"),
        sa.CheckConstraint(
            "purpose <> 'contribution' OR agent_id IS NOT NULL",
            name=op.f("squad_grants_contribution_has_an_agent"),
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["squads.agents.id"], name=op.f("squad_grants_agent_id_fkey")),
        sa.ForeignKeyConstraint(["id"], ["squads.transfers.id"], name=op.f("squad_grants_id_fkey")),
        sa.ForeignKeyConstraint(
            ["squad_id"], ["squads.research_squads.id"], name=op.f("squad_grants_squad_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("squad_grants_pkey")),
        schema="squads",
        comment="Money into pools. Written by a trigger on transfers, so that no grant is without its transfer.",
    )
    op.create_index("squad_grants_squad_id_idx", "squad_grants", ["squad_id"], unique=False, schema="squads")


def downgrade() -> None:
    """Undo the revision."""
    op.drop_index("squad_grants_squad_id_idx", table_name="squad_grants", schema="squads")
    op.drop_table("squad_grants", schema="squads")
    op.drop_index("qf_matches_effective_on_idx", table_name="qf_matches", schema="squads")
    op.drop_table("qf_matches", schema="squads")
    op.drop_index("entries_as_of_idx", table_name="entries", schema="squads")
    op.drop_table("entries", schema="squads")
    op.drop_index(
        "transfers_effective_on_brin", table_name="transfers", schema="squads", postgresql_using="brin"
    )
    op.drop_table("transfers", schema="squads")
    op.drop_index("qf_rounds_effective_on_idx", table_name="qf_rounds", schema="squads")
    op.drop_table("qf_rounds", schema="squads")
    op.drop_table("policy_adoptions", schema="squads")
    op.drop_table("driver_runs", schema="squads")
    op.drop_index("research_squads_target_idx", table_name="research_squads", schema="squads")
    op.drop_index("research_squads_status_idx", table_name="research_squads", schema="squads")
    op.drop_index(
        "research_squads_one_live_root_per_target",
        table_name="research_squads",
        schema="squads",
        postgresql_where=sa.text("status <> 'disbanded' AND parent_squad_id IS NULL"),
    )
    op.drop_table("research_squads", schema="squads")
    op.drop_index("qf_unclaimed_granted_at_idx", table_name="qf_unclaimed", schema="squads")
    op.drop_table("qf_unclaimed", schema="squads")
    op.drop_table("qf_standings", schema="squads")
    op.drop_index("qf_claims_round_id_brin", table_name="qf_claims", schema="squads", postgresql_using="brin")
    op.drop_table("qf_claims", schema="squads")
    op.drop_table("policies", schema="squads")
    op.drop_table("contributor_totals", schema="squads")
    op.drop_table("agents", schema="squads")
    op.drop_index("accounts_kind_owner_id_idx", table_name="accounts", schema="squads")
    op.drop_table("accounts", schema="squads")
    op.drop_table("squad_pools", schema="marts")
    op.drop_table("mechanism_comparison", schema="marts")
