"""The record of full verifications of the ledger. Verifying is `surfaces.verification`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from squads_pipeline.store.schema import ledger_verifications, transfers


@dataclass(frozen=True, slots=True)
class Verification:
    """A verification: when, what did not hold, and the newest transfer that was there."""

    verified_at: datetime
    findings: int
    broken: str
    through_transfer: int | None


def record(connection: Connection, findings: int, broken: Sequence[str], through: int | None) -> None:
    """Write that the whole ledger was verified up to a transfer, and what did not hold."""
    connection.execute(
        insert(ledger_verifications).values(
            findings=findings,
            broken=", ".join(broken),
            through_transfer=through,
            verified_at=func.squads.clock(),
        )
    )


def newest_transfer(connection: Connection) -> int | None:
    """The newest transfer, or None on an empty ledger. Index: transfers_pkey."""
    newest: int | None = connection.execute(select(func.max(transfers.c.id))).scalar_one()
    return newest


def last(connection: Connection) -> Verification | None:
    """The newest verification, if there is one. Index: ledger_verifications_pkey."""
    query = select(*(ledger_verifications.c[name] for name in Verification.__slots__))
    row = connection.execute(query.order_by(ledger_verifications.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else Verification(*row)
