"""Locks that keep squads and the system's accounts at rest until the transaction ends. Other accounts: `ledger`.

All take them in one order, or two would wait for each other: the system's accounts, squads by id, then accounts.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Text, cast, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from squads_pipeline.store import ledger
from squads_pipeline.store.schema import research_squads
from squads_pipeline.store.schema.squads import FUNDABLE_STATUSES, MATCHABLE_STATUSES


def lock_system_accounts(connection: Connection) -> None:
    """Lock the treasury and the matching pool, before any squad.

    Formation and rounds take theirs first and squads after, to run one at a time. Refunds go to both, so who
    shares out takes them in the same order; the other way round the two would deadlock.
    """
    found = ledger.find_accounts(connection, [ledger.TREASURY, ledger.MATCHING_POOL])
    ledger.lock_accounts(connection, [account.id for account in found.values()])


_LOCK = text("""
SELECT id, status FROM squads.research_squads WHERE id = ANY (CAST(:squads AS text[]))
ORDER BY id FOR NO KEY UPDATE
""")


def lock_squads(connection: Connection, squads: Sequence[str]) -> dict[str, str]:
    """Lock squads in the order of their ids until the transaction ends: id → status. Index: research_squads_pkey.

    Whoever brings money holds the squad by a shared lock, so that pools and members are at rest from here on.
    """
    return {row.id: row.status for row in connection.execute(_LOCK, {"squads": sorted(squads)})}


def lock_fundable_squads(connection: Connection) -> None:
    """Keep every squad that takes contributions from changing its status until the transaction ends.

    A shared lock: contributors take the same one and are not held up.
    """
    _hold(connection, FUNDABLE_STATUSES)


def lock_matchable_squads(connection: Connection) -> None:
    """Keep every squad that may be matched from changing its status until the transaction ends.

    A squad that harvests takes no contributions any more, but its last ones are matched. The lock is shared.
    """
    _hold(connection, MATCHABLE_STATUSES)


def hold_squads(connection: Connection, squads: Iterable[str]) -> None:
    """Keep some squads from changing their status until the transaction ends, whatever it is; a shared lock."""
    connection.execute(
        select(research_squads.c.id)
        .where(research_squads.c.id == func.any(cast(sorted(squads), ARRAY(Text))))
        .order_by(research_squads.c.id)
        .with_for_update(read=True)
    )


def _hold(connection: Connection, statuses: Sequence[str]) -> None:
    connection.execute(
        select(research_squads.c.id)
        .where(research_squads.c.status.in_(statuses))
        .order_by(research_squads.c.id)
        .with_for_update(read=True)
    )
