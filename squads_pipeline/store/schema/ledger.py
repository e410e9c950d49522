"""Tables of money: accounts, transfers between them, and the entries that transfers leave. No queries."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from squads_pipeline.store.schema.base import SCHEMA, metadata, micro, moment, stamps

ACCOUNT_KINDS = ("issuance", "treasury", "matching_pool", "wallet", "squad")
TRANSFER_KINDS = (
    "mint",
    "seed",
    "contribution",
    "match",
    "sponsorship",
    "milestone_bonus",
    "fork_grant",
    "merge_sweep",
    "payout",
    "refund",
    "dividend",
    "correction",
)


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


accounts = Table(
    "accounts",
    metadata,
    Column(
        "id", BigInteger, Identity(always=True), primary_key=True, comment="Account number; locks follow it"
    ),
    Column(
        "name",
        Text,
        nullable=False,
        unique=True,
        comment="issuance, treasury, matching_pool, wallet:<agent> or squad:<squad>",
    ),
    Column("kind", Text, nullable=False, comment="What the account is for"),
    Column("owner_id", Text, comment="The agent or squad that owns it; null for the three system accounts"),
    micro("balance_micro", "Balance now, in µT; equals balance_after_micro of the newest entry"),
    Column("version", BigInteger, nullable=False, server_default="0", comment="Number of entries so far"),
    moment("opened_at", "When the account was opened"),
    moment("closed_at", "When the account was closed; null while it is open", nullable=True),
    CheckConstraint(_one_of("kind", ACCOUNT_KINDS), name="kind_is_known"),
    CheckConstraint("kind = 'issuance' OR balance_micro >= 0", name="not_overdrawn"),
    CheckConstraint("closed_at IS NULL OR balance_micro = 0", name="closed_means_empty"),
    Index("accounts_kind_owner_id_idx", "kind", "owner_id"),
    schema=SCHEMA,
    comment="Holders of tokens. State; its truth is the entries, from which it can be recomputed.",
)

transfers = Table(
    "transfers",
    metadata,
    Column(
        "id", BigInteger, Identity(always=True), primary_key=True, comment="Transfer number, in posting order"
    ),
    Column("kind", Text, nullable=False, comment="Why the money moved"),
    Column(
        "from_account_id",
        BigInteger,
        ForeignKey(f"{SCHEMA}.accounts.id"),
        nullable=False,
        comment="Account that pays",
    ),
    Column(
        "to_account_id",
        BigInteger,
        ForeignKey(f"{SCHEMA}.accounts.id"),
        nullable=False,
        comment="Account that receives",
    ),
    micro("amount_micro", "Amount moved, in µT; always positive"),
    Column(
        "idempotency_key",
        Text,
        nullable=False,
        unique=True,
        comment="Names the effect; a second request with this key moves nothing, for ever",
    ),
    Column(
        "args_hash",
        LargeBinary,
        nullable=False,
        comment="SHA-256 of kind, accounts, amount, reason and occurred_at; tells a retry from a different request",
    ),
    Column("reason", Text, comment="What a person or program gave as the reason"),
    moment("occurred_at", "When it happened according to an imported source; null otherwise", nullable=True),
    moment("posted_at", "When it was posted: the server's clock after the accounts were locked"),
    *stamps(),
    CheckConstraint(_one_of("kind", TRANSFER_KINDS), name="kind_is_known"),
    CheckConstraint("amount_micro > 0", name="amount_is_positive"),
    CheckConstraint("from_account_id <> to_account_id", name="accounts_differ"),
    # Transfers arrive in the order of their days, so a day's transfers are a few adjacent pages.
    Index("transfers_effective_on_brin", "effective_on", postgresql_using="brin"),
    schema=SCHEMA,
    comment="Every movement of tokens, once. Facts: never updated or deleted; corrections are new transfers.",
)

entries = Table(
    "entries",
    metadata,
    Column(
        "transfer_id",
        BigInteger,
        ForeignKey(f"{SCHEMA}.transfers.id"),
        nullable=False,
        comment="Transfer that the entry belongs to",
    ),
    Column("entry_no", SmallInteger, nullable=False, comment="1: money leaves the account; 2: money arrives"),
    Column(
        "account_id",
        BigInteger,
        ForeignKey(f"{SCHEMA}.accounts.id"),
        nullable=False,
        comment="Account that changes",
    ),
    micro("amount_micro", "Change of the account in µT: negative when money leaves"),
    micro("balance_after_micro", "Balance of the account after this entry, in µT"),
    Column(
        "account_version",
        BigInteger,
        nullable=False,
        comment="Running number of the entry within its account: 1, 2, 3 … without a hole",
    ),
    moment("posted_at", "When it was posted; together with account_id the index for balances as of a moment"),
    PrimaryKeyConstraint("transfer_id", "entry_no"),
    UniqueConstraint("account_id", "account_version"),
    # With the primary key this lets a transfer have one entry out and one in, and never a third.
    CheckConstraint(
        "(entry_no = 1 AND amount_micro < 0) OR (entry_no = 2 AND amount_micro > 0)", name="side_fits_sign"
    ),
    Index("entries_as_of_idx", "account_id", "posted_at", "account_version"),
    schema=SCHEMA,
    comment="What each transfer did to its two accounts. Facts: never updated or deleted.",
)
