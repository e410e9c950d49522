"""Reading what was sealed on some days, for summaries. What does not hold of it: `seal_findings`."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Summary:
    """The seals of some days: how many, of how many transfers, the last head in hex, and what names them all."""

    seals: int
    transfers: int
    head: str | None
    fingerprint: str


# ledger_seals_effective_on_brin; the last head covers everything before it, so it names the days' content.
_SUMMARY = text("""
SELECT count(*) AS seals, coalesce(sum(last_position - first_position + 1), 0) AS transfers,
       encode((array_agg(head ORDER BY seal_no DESC))[1], 'hex') AS head
FROM squads.ledger_seals WHERE effective_on BETWEEN :first AND :last
""")


def summary(connection: Connection, first: date, last: date) -> Summary:
    """Sum up the seals of the days from ``first`` to ``last``."""
    row = connection.execute(_SUMMARY, {"first": first, "last": last}).one()
    transfers = int(row.transfers)
    return Summary(row.seals, transfers, row.head, f"{transfers}-{(row.head or 'nothing')[:16]}")
