"""Reading and writing agents and squads, each with its account. Lifecycle decisions are in `rules`."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, text

from squads_pipeline.rules.lifecycle import opening_edges
from squads_pipeline.store import ledger, squad_events
from squads_pipeline.store.errors import NotFoundError, speaking
from squads_pipeline.store.schema import agents, research_squads
from squads_pipeline.store.stamp import Stamp


@dataclass(frozen=True, slots=True)
class NewSquad:
    """A squad to write: its id, name, charter, target and first status."""

    id: str
    name: str
    charter: str
    target_artifact_type: str
    target_artifact_id: str
    status: str
    created_by: str


def add_agents(connection: Connection, ids: Sequence[str], kind: str) -> None:
    """Write agents and open their wallets.

    Raises:
        AlreadyExistsError: a name is taken.
        RefusedError: a name has characters that names may not have.
    """
    if not ids:
        return
    with speaking():
        connection.execute(
            insert(agents).values(kind=kind, created_at=func.squads.clock()), [{"id": one} for one in ids]
        )
    ledger.open_accounts(connection, "wallet", ids)


# A squad without an end of recruitment would never begin its work, and one without an end of its work is harvested.
_SET_WINDOWS = text("""
UPDATE squads.research_squads
SET recruitment_closes_at = CASE WHEN status = 'recruiting'
                                 THEN formed_at + squads.policy_seconds('recruit_window_seconds') END,
    target_disband_at = CASE WHEN status = 'active'
                             THEN formed_at + squads.policy_seconds('active_window_seconds') END
WHERE id = ANY (CAST(:ids AS text[]))
""")


def add_squads(connection: Connection, squads: Sequence[NewSquad], *, reason: str, stamp: Stamp) -> None:
    """Write squads, the edges that lead to their first status, and open their pools; they have the policy's windows.

    Args:
        connection: the caller commits it.
        squads: what to write.
        reason: why they are added, for the edges.
        stamp: of the edges.

    Raises:
        AlreadyExistsError: an id is taken, or another live squad has the target.
        RefusedError: an id has characters that ids may not have.
    """
    if not squads:
        return
    with speaking():
        connection.execute(
            insert(research_squads).values(formed_at=func.squads.clock()),
            [
                {
                    "id": one.id,
                    "name": one.name,
                    "charter": one.charter,
                    "target_artifact_type": one.target_artifact_type,
                    "target_artifact_id": one.target_artifact_id,
                    "status": one.status,
                    "created_by": one.created_by,
                }
                for one in squads
            ],
        )
    connection.execute(_SET_WINDOWS, {"ids": [one.id for one in squads]})
    ledger.open_accounts(connection, "squad", [one.id for one in squads])
    for status, maker in sorted({(one.status, one.created_by) for one in squads}):
        ids = [one.id for one in squads if (one.status, one.created_by) == (status, maker)]
        squad_events.record(connection, ids, opening_edges(status), reason=reason, actor=maker, stamp=stamp)


# research_squads_pkey for an id, a pass over squads for a name.
_FIND = text("""
SELECT id FROM squads.research_squads WHERE id = :squad OR name = :squad ORDER BY id = :squad DESC, id LIMIT 2
""")


def find(connection: Connection, squad: str) -> str:
    """The id of a squad that is named by id or unambiguous name; it is not held.

    Raises:
        NotFoundError: no squad of that id or name, or several of that name.
    """
    found = list(connection.scalars(_FIND, {"squad": squad}))
    if not found:
        raise NotFoundError(
            f"There is no squad {squad}",
            "See them with `squads table research_squads`, or add one with `squads squads add`.",
        )
    if found[0] != squad and len(found) > 1:
        raise NotFoundError(f"Several squads are called {squad}", "Use the squad's id.")
    return str(found[0])


def hold_status(connection: Connection, squad: str) -> tuple[str, str]:
    """Find a squad by id or unambiguous name, and hold its status until the transaction ends.

    A shared lock: many agents contribute and work at once, while a change of status waits for them and they for it.

    Returns:
        id and status.

    Raises:
        NotFoundError: no squad of that id or name, or several of that name.
    """
    row = connection.execute(
        select(research_squads.c.id, research_squads.c.status)
        .where(research_squads.c.id == find(connection, squad))
        .with_for_update(read=True)
    ).one()
    return row.id, row.status


def count_by_status(connection: Connection) -> dict[str, int]:
    """Number of squads in each status."""
    rows = connection.execute(
        select(research_squads.c.status, func.count().label("squads")).group_by(research_squads.c.status)
    )
    return {row.status: row.squads for row in rows}
