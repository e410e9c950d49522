"""Reading and writing targets, the artifacts that squads are formed around. Forming is a driver."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Text, column, func, insert, select, table, update

from squads_pipeline.rules.formation import Target
from squads_pipeline.store.errors import speaking
from squads_pipeline.store.schema import knowledge_gaps, research_squads


@dataclass(frozen=True, slots=True)
class ListedTarget:
    """A target as people see it, with the root squad that lives around it, or None."""

    artifact_type: str
    artifact_id: str
    title: str
    importance_ppm: int
    status: str
    created_at: datetime
    squad_id: str | None


def add(connection: Connection, target: Target, *, created_by: str) -> None:
    """Write an open target.

    Raises:
        AlreadyExistsError: the artifact is a target already.
        RefusedError: the id or the title has characters that they may not have, or the type is none.
    """
    with speaking():
        connection.execute(
            insert(knowledge_gaps).values(
                artifact_type=target.artifact_type,
                artifact_id=target.artifact_id,
                title=target.title,
                importance_ppm=target.importance_ppm,
                created_at=func.squads.clock(),
                created_by=created_by,
            )
        )


def close(connection: Connection, artifact_type: str, artifact_id: str) -> bool:
    """Close an open target, so that no squad is formed around it any more; False if there is no open one."""
    key = knowledge_gaps.c
    closed = connection.execute(
        update(knowledge_gaps)
        .where(key.artifact_type == artifact_type, key.artifact_id == artifact_id, key.status == "open")
        .values(status="closed", closed_at=func.squads.clock())
    )
    return closed.rowcount == 1


def listed(connection: Connection, *, limit: int) -> list[ListedTarget]:
    """Targets, open ones first, the most important first, each with its live squad, or the one that this merged into.

    Indexes: research_squads_one_live_root_per_target, research_squads_merged_into_idx.
    """
    squad = research_squads.c
    key = knowledge_gaps.c
    names = ("artifact_type", "artifact_id", "title", "importance_ppm", "status", "created_at")
    taken = table(
        "absorbed_targets",
        column("artifact_type"),
        column("artifact_id"),
        column("squad_id", Text),
        schema="squads",
    )
    home = (
        select(func.min(taken.c.squad_id))
        .where(taken.c.artifact_type == key.artifact_type, taken.c.artifact_id == key.artifact_id)
        .scalar_subquery()
    )
    columns = [*(key[name] for name in names), func.coalesce(squad.id, home)]
    query = (
        select(*columns)
        .outerjoin(
            research_squads,
            (squad.target_artifact_type == key.artifact_type)
            & (squad.target_artifact_id == key.artifact_id)
            & (squad.status != "disbanded")
            & squad.parent_squad_id.is_(None),
        )
        .order_by(key.status.desc(), key.importance_ppm.desc(), key.artifact_type, key.artifact_id)
        .limit(limit)
    )
    return [ListedTarget(*row) for row in connection.execute(query)]
