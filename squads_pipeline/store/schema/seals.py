"""Tables of the ledger's seal: the hash chain over transfers, and what has yet to be sealed. No queries."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, LargeBinary, Table

from squads_pipeline.store.schema.base import SCHEMA, metadata, moment, stamps

unsealed_transfers = Table(
    "unsealed_transfers",
    metadata,
    Column(
        "first_transfer_id",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="Lowest id of transfers that were posted in one statement",
    ),
    Column("last_transfer_id", BigInteger, nullable=False, comment="Highest id of them"),
    Column(
        "transfers",
        BigInteger,
        nullable=False,
        comment="How many there are; ids between the two may belong to others, who posted at the same time",
    ),
    moment("posted_at", "When the first of them was posted"),
    CheckConstraint("transfers BETWEEN 1 AND last_transfer_id - first_transfer_id + 1", name="ids_suffice"),
    schema=SCHEMA,
    comment=(
        "Where transfers await the seal, as ranges of ids. State, written by a trigger on transfers: a range commits "
        "with its transfers, however late, so that none is overlooked and nobody has to search history."
    ),
)

transfer_seals = Table(
    "transfer_seals",
    metadata,
    Column(
        "position",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="Place in the chain: 1, 2, 3 … without a hole",
    ),
    Column(
        "transfer_id",
        BigInteger,
        ForeignKey(f"{SCHEMA}.transfers.id"),
        nullable=False,
        unique=True,
        comment="The transfer sealed there",
    ),
    Column(
        "hash",
        LargeBinary,
        nullable=False,
        comment=(
            "SHA-256 of the hash at the position before (32 zero bytes at the first) followed by the transfer's "
            "line in squads.transfer_lines, in UTF-8"
        ),
    ),
    CheckConstraint("position > 0", name="position_is_counted_from_one"),
    CheckConstraint("octet_length(hash) = 32", name="hash_is_sha256"),
    schema=SCHEMA,
    comment=(
        "The hash chain over transfers, a link for each, in the order in which they were sealed. Facts. Transfers "
        "commit out of the order of their ids, so a lower id may stand further on."
    ),
)

ledger_seals = Table(
    "ledger_seals",
    metadata,
    Column(
        "seal_no",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="Running number: 1, 2, 3 … without a hole",
    ),
    Column(
        "first_position",
        BigInteger,
        nullable=False,
        unique=True,
        comment="First position of the chain that it added",
    ),
    Column("last_position", BigInteger, nullable=False, comment="Last position of the chain that it added"),
    Column(
        "head",
        LargeBinary,
        nullable=False,
        comment="Hash at the last position. Kept elsewhere, it proves all that was sealed until then",
    ),
    moment("sealed_at", "When the transfers were sealed"),
    *stamps(),
    CheckConstraint("first_position BETWEEN 1 AND last_position", name="positions_are_in_order"),
    CheckConstraint("octet_length(head) = 32", name="head_is_sha256"),
    Index("ledger_seals_effective_on_brin", "effective_on", postgresql_using="brin"),
    schema=SCHEMA,
    comment="Every sealing of transfers: the stretch of the chain that it added, and its head. Facts.",
)
