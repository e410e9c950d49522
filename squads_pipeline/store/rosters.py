"""Squads between forming and harvest in the database: locking, reading what decides, writing. No decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import bindparam

from squads_pipeline.rules.rosters import Standing
from squads_pipeline.store import squads
from squads_pipeline.store.errors import speaking


@dataclass(frozen=True, slots=True)
class Held:
    """A squad whose row this transaction holds.

    Attributes:
        formed_by: the agent who formed it and was its first member; None if a driver or an operator did.
    """

    squad_id: str
    name: str
    charter: str
    status: str
    target_disband_at: datetime | None
    formed_by: str | None


# FOR NO KEY UPDATE waits for those who share the row, as contributors do, and not for those who refer to it.
_HOLD = text("""
SELECT squad.id, squad.name, squad.charter, squad.status, squad.target_disband_at,
       (SELECT agent_id FROM squads.squad_members
        WHERE squad_id = squad.id AND agent_id = squad.created_by) AS formed_by
FROM squads.research_squads AS squad
WHERE squad.id = :squad
FOR NO KEY UPDATE OF squad
""")


def hold(connection: Connection, squad: str) -> Held:
    """Find a squad by id or unambiguous name, and hold its row until the transaction ends.

    Raises:
        NotFoundError: no squad of that id or name, or several of that name.
    """
    return Held(*connection.execute(_HOLD, {"squad": squads.find(connection, squad)}).one())


_LOCK = text("""
SELECT squad.id FROM squads.research_squads AS squad
WHERE squad.id = ANY (CAST(:squads AS text[]))
   OR squad.id IN (SELECT squad_id FROM squads.squad_join_bids WHERE id = ANY (CAST(:bids AS bigint[])))
ORDER BY squad.id
FOR NO KEY UPDATE OF squad
""")


def lock(connection: Connection, squads: Sequence[str], bids: Sequence[int]) -> None:
    """Lock squads, and those that some bids are for, in the order of their ids. Indexes: both primary keys."""
    connection.execute(_LOCK, {"squads": list(squads), "bids": list(bids)})


_STANDINGS = text("""
SELECT squad_id, status, charter, success_criteria, seed_micro, posted_micro, window_over, time_over,
       working_members, extensions, findings_bubbled, findings_authored, journal_entries
FROM squads.squad_standings
WHERE squad_id = ANY (CAST(:squads AS text[]))
ORDER BY squad_id
""")


def standings(connection: Connection, squads: Sequence[str]) -> list[Standing]:
    """How some squads stand, those that live; of those locked it stays so."""
    return [
        Standing(*(*row[:10], _measured(row)))
        for row in connection.execute(_STANDINGS, {"squads": list(squads)})
    ]


def _measured(row: Row[Any]) -> dict[str, int | None]:
    return {
        "findings_bubbled": row.findings_bubbled,
        "findings_authored": row.findings_authored,
        "journal_entries": row.journal_entries,
        "members": row.working_members,
    }


_DUE = text("""
SELECT unit, reason FROM gaps.squad_rosters
WHERE unit = ANY (CAST(:units AS text[])) AND since <= squads.clock() ORDER BY unit
""")


def still_due(connection: Connection, units: Sequence[str]) -> dict[str, str]:
    """Which of some units are still missing and due, with the gap's reason."""
    return {row.unit: row.reason for row in connection.execute(_DUE, {"units": list(units)})}


# A window begins when its edge is taken, not when the last one ended: whoever joins late gets all of it.
_RECRUIT = text("""
UPDATE squads.research_squads
SET status = 'recruiting', recruitment_closes_at = squads.clock() + make_interval(secs => :window)
WHERE id = ANY (CAST(:squads AS text[])) AND status IN ('forming', 'recruiting')
""")

_ACTIVATE = text("""
UPDATE squads.research_squads
SET status = 'active', target_disband_at = squads.clock() + make_interval(secs => :window)
WHERE id = ANY (CAST(:squads AS text[])) AND status = 'recruiting'
""")

_HARVEST = text("""
UPDATE squads.research_squads SET status = 'harvesting'
WHERE id = ANY (CAST(:squads AS text[])) AND status = 'active'
""")


def recruit(connection: Connection, squads: Sequence[str], window_seconds: int) -> None:
    """Let squads that are held recruit, for so many seconds from now."""
    connection.execute(_RECRUIT, {"squads": list(squads), "window": window_seconds})


def activate(connection: Connection, squads: Sequence[str], window_seconds: int) -> None:
    """Let squads that are held work, for so many seconds from now."""
    connection.execute(_ACTIVATE, {"squads": list(squads), "window": window_seconds})


def harvest(connection: Connection, squads: Sequence[str]) -> None:
    """Begin the harvest of squads that are held."""
    connection.execute(_HARVEST, {"squads": list(squads)})


@dataclass(frozen=True, slots=True)
class Founded:
    """A squad as an agent formed it; ``success_criteria`` as they are stored."""

    squad_id: str
    name: str
    charter: str
    status: str
    created_by: str | None
    success_criteria: object


_AROUND = text("""
SELECT id, name, charter, status, created_by, success_criteria FROM squads.research_squads
WHERE target_artifact_type = :artifact_type AND target_artifact_id = :artifact_id
  AND status <> 'disbanded' AND parent_squad_id IS NULL
FOR NO KEY UPDATE
""")


def around(connection: Connection, artifact_type: str, artifact_id: str) -> Founded | None:
    """The root squad that lives around a target, held. Index: research_squads_one_live_root_per_target."""
    row = connection.execute(_AROUND, {"artifact_type": artifact_type, "artifact_id": artifact_id}).first()
    return None if row is None else Founded(*row)


_FOUND = text("""
INSERT INTO squads.research_squads
    (id, name, charter, target_artifact_type, target_artifact_id, status, success_criteria, formed_at, created_by)
VALUES (:squad_id, :name, :charter, :artifact_type, :artifact_id, 'forming', :criteria, squads.clock(), :created_by)
""").bindparams(bindparam("criteria", type_=JSONB(none_as_null=True)))


def found(
    connection: Connection,
    squad: Founded,
    artifact_type: str,
    artifact_id: str,
) -> None:
    """Write a squad that forms.

    Raises:
        AlreadyExistsError: the id is taken, or another live squad has the target.
        RefusedError: the id has characters that ids may not have.
    """
    with speaking():
        connection.execute(
            _FOUND,
            {
                "squad_id": squad.squad_id,
                "name": squad.name,
                "charter": squad.charter,
                "artifact_type": artifact_type,
                "artifact_id": artifact_id,
                "criteria": squad.success_criteria,
                "created_by": squad.created_by,
            },
        )


_COMPLETE = text("""
UPDATE squads.research_squads SET charter = :charter, success_criteria = :criteria
WHERE id = :squad_id AND status = 'forming'
""").bindparams(bindparam("criteria", type_=JSONB(none_as_null=True)))


def complete(
    connection: Connection, squad: str, charter: str, criteria: Sequence[Mapping[str, object]]
) -> None:
    """Write the charter and the criteria of a squad that still forms; later they are locked."""
    connection.execute(
        _COMPLETE, {"squad_id": squad, "charter": charter, "criteria": [dict(one) for one in criteria]}
    )
