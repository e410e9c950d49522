"""Statements and comparisons for analysts, a UTC day at a time, replaceable at any time. No queries."""

from sqlalchemy import BigInteger, Column, Date, Integer, PrimaryKeyConstraint, Table, Text

from squads_pipeline.store.schema.base import MARTS, metadata, micro, wide_micro
from squads_pipeline.store.schema.lineage import (
    DIVIDEND,
    GIFTS,
    MATCH,
    OF_ALL,
    OF_POOLS,
    OF_WALLETS,
    PAYOUT,
    SEED,
    lineage,
)

squad_pools = Table(
    "squad_pools",
    metadata,
    Column("effective_on", Date, nullable=False, comment="UTC day of the statement"),
    Column(
        "squad_id",
        Text,
        nullable=False,
        comment="Squad",
        info=lineage("research_squads.id", "squads_formed.squad_id"),
    ),
    micro("opening_micro", "Pool at the start of the day, in µT", lineage=OF_POOLS),
    micro("seeds_micro", "Seeds received, in µT", lineage=[SEED]),
    micro("contributions_micro", "Contributions received, in µT", lineage=GIFTS),
    micro("matches_micro", "Matches received, in µT", lineage=[MATCH]),
    # A match that is restated is corrected, either way.
    micro(
        "other_grants_micro",
        "Sponsorships, bonuses, forks, merges and corrections received, in µT",
        lineage=[MATCH],
    ),
    micro("payouts_micro", "Money that left the pool, in µT; not negative", lineage=[PAYOUT, MATCH]),
    micro("closing_micro", "Pool at the end of the day, in µT", lineage=OF_POOLS),
    PrimaryKeyConstraint("effective_on", "squad_id"),
    schema=MARTS,
    comment="A squad's statement for a day: opening, what came in by source, what went out, closing.",
)

agent_statements = Table(
    "agent_statements",
    metadata,
    Column("effective_on", Date, nullable=False, comment="UTC day of the statement"),
    Column(
        "agent_id",
        Text,
        nullable=False,
        comment="Agent",
        info=lineage("agents.id", "contributions.agent_id"),
    ),
    micro("opening_micro", "Wallet at the start of the day, in µT", lineage=OF_WALLETS),
    micro("minted_micro", "Minted into the wallet, in µT"),
    micro("payouts_micro", "Shares of squads' pools received, in µT", lineage=[PAYOUT]),
    micro("dividends_micro", "Dividends received, in µT", lineage=[DIVIDEND]),
    # A pool goes back by what was contributed, and a share that is restated is corrected, either way.
    micro(
        "other_received_micro",
        "Refunds and corrections received, in µT",
        lineage=["contributions.amount_micro", PAYOUT, DIVIDEND],
    ),
    micro(
        "contributions_micro",
        "Contributed to squads, in µT; not negative",
        lineage=GIFTS,
    ),
    micro(
        "other_given_micro",
        "Sponsorships, bonuses and corrections given, in µT; not negative",
        lineage=[PAYOUT, DIVIDEND],
    ),
    micro("closing_micro", "Wallet at the end of the day, in µT", lineage=OF_WALLETS),
    PrimaryKeyConstraint("effective_on", "agent_id"),
    schema=MARTS,
    comment="An agent's day: opening, received by kind, given, closing. Who had nothing all day has no row.",
)

token_supply = Table(
    "token_supply",
    metadata,
    Column("effective_on", Date, nullable=False, comment="UTC day of the statement"),
    Column(
        "account_kind",
        Text,
        nullable=False,
        comment="Kind of account: issuance, treasury, matching_pool, wallet or squad",
    ),
    micro(
        "opening_micro",
        "Held by all accounts of the kind at the start of the day, in µT; negative for issuance",
        lineage=OF_ALL,
    ),
    micro("minted_micro", "Minted into the kind, in µT; for issuance, which it left, negative"),
    micro("received_micro", "Received otherwise, also from the same kind, in µT", lineage=OF_ALL),
    micro(
        "paid_micro",
        "Paid otherwise, also to the same kind, in µT; not negative",
        lineage=OF_ALL,
    ),
    micro(
        "closing_micro",
        "Held by all accounts of the kind at the end of the day, in µT; negative for issuance",
        lineage=OF_ALL,
    ),
    PrimaryKeyConstraint("effective_on", "account_kind"),
    schema=MARTS,
    comment="Tokens issued and where they sit, by day and kind of account. Balances and mints sum to zero.",
)

mechanism_comparison = Table(
    "mechanism_comparison",
    metadata,
    Column("effective_on", Date, nullable=False, comment="UTC day of the round"),
    Column("round_id", BigInteger, nullable=False, comment="Round", info=lineage("qf_matches.round_id")),
    Column("squad_id", Text, nullable=False, comment="Squad", info=lineage("qf_matches.squad_id")),
    Column("mechanism", Text, nullable=False, comment="Mechanism: quadratic, clr or pairwise"),
    Column(
        "contributors",
        Integer,
        nullable=False,
        comment="Contributors that weigh, after dust",
        info=lineage("qf_matches.contributors"),
    ),
    wide_micro(
        "weight_micro",
        "Weight of the squad under the mechanism, in µT",
        lineage=["qf_matches.root_sum", "contributions.amount_micro"],
    ),
    micro(
        "match_micro",
        "What the round would have paid under the mechanism, in µT",
        lineage=["qf_matches.match_micro", "contributions.amount_micro"],
    ),
    micro("paid_micro", "What the round paid, in µT", lineage=["qf_matches.match_micro"]),
    PrimaryKeyConstraint("effective_on", "round_id", "squad_id", "mechanism"),
    schema=MARTS,
    comment="What each mechanism would have paid in each round, beside what was paid.",
)
