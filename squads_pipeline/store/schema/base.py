"""What the table modules share: the metadata, naming of constraints, and columns that recur. No tables."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import BigInteger, Column, Date, DateTime, ForeignKey, MetaData, Numeric, Text

SCHEMA = "squads"
MARTS = "marts"

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s",
    }
)


def micro(name: str, comment: str, *, nullable: bool = False, lineage: Sequence[str] = ()) -> Column[int]:
    """A column of money in µT.

    Args:
        name: ends in ``_micro``.
        comment: shown to analysts and in Dagster.
        nullable: whether the amount may be unknown.
        lineage: ``asset.column`` names that the value derives from, for marts.
    """
    return Column(name, BigInteger, nullable=nullable, comment=comment, info={"lineage": list(lineage)})


def wide_micro(name: str, comment: str, *, lineage: Sequence[str] = ()) -> Column[Decimal]:
    """A column of µT that may exceed 64 bits, such as a quadratic weight; an exact integer all the same."""
    return Column(name, Numeric(50, 0), nullable=False, comment=comment, info={"lineage": list(lineage)})


def moment(name: str, comment: str, *, nullable: bool = False) -> Column[object]:
    """A column that holds a moment in time, with its zone."""
    return Column(name, DateTime(timezone=True), nullable=nullable, comment=comment)


def stamps() -> list[Column[object]]:
    """The columns by which a fact says who made it, under which rules, and for which day."""
    return [
        Column(
            "policy_id",
            Text,
            ForeignKey(f"{SCHEMA}.policies.id"),
            nullable=False,
            comment="Policy in force, by its content",
        ),
        Column("rule_version", Text, nullable=False, comment="Version of the rule that decided"),
        Column("driver", Text, nullable=False, comment="Driver or command that wrote the row"),
        Column(
            "run_id", Text, nullable=False, comment="Dagster run, import or command call that wrote the row"
        ),
        Column(
            "effective_on", Date, nullable=False, comment="UTC day that the row belongs to; the partition"
        ),
    ]
