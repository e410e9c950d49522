"""The table of restatements: what was put right of which fact, and what could not be moved. No queries."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from squads_pipeline.store.schema.base import SCHEMA, metadata, micro, moment, stamps


def _account(name: str, comment: str) -> Column[int]:
    return Column(name, BigInteger, ForeignKey(f"{SCHEMA}.accounts.id"), nullable=False, comment=comment)


restatements = Table(
    "restatements",
    metadata,
    Column(
        "fact",
        Text,
        nullable=False,
        comment="Fact that was restated: match:<round>:<squad>, payout:<squad>:<agent> or dividend:<outcome>:<agent>",
    ),
    Column(
        "revision",
        Integer,
        nullable=False,
        comment="Revision of the fact that it made; the correction's key is correction:<fact>:<revision>",
    ),
    Column("asset", Text, nullable=False, comment="Asset whose fact it is, and table of its revisions"),
    Column("fact_on", Date, nullable=False, comment="UTC day of the fact, the partition that was restated"),
    _account("holder_account_id", "Account that gains or loses"),
    _account("counterpart_account_id", "Account at the other end of the correction: the fact's payer"),
    micro("was_micro", "What the fact said before, in µT; zero if there was none"),
    micro("is_micro", "What the fact says now, in µT"),
    micro(
        "accounted_before_micro",
        "What had been posted for the fact, earlier restatements and what they reported included, in µT",
    ),
    micro("moved_micro", "What the correction brought the holder, in µT; negative for what it took"),
    micro(
        "unrecovered_micro", "What the holder should have given back and no longer had, in µT; not negative"
    ),
    micro(
        "undeliverable_micro",
        "What the holder should have got and could not, its account being closed or its payer's short, in µT",
    ),
    Column("reason", Text, nullable=False, comment="The operator's reason"),
    moment("restated_at", "When it was restated"),
    *stamps(),
    PrimaryKeyConstraint("fact", "revision"),
    CheckConstraint("revision > 0", name="revision_is_later"),
    CheckConstraint("unrecovered_micro >= 0 AND undeliverable_micro >= 0", name="reports_are_not_negative"),
    CheckConstraint(
        "is_micro = accounted_before_micro + moved_micro - unrecovered_micro + undeliverable_micro",
        name="difference_is_accounted_for",
    ),
    Index("restatements_fact_on_idx", "fact_on"),
    schema=SCHEMA,
    comment="Facts put right, a row for each new revision; effective_on is the day it was done. Facts: never updated.",
)
