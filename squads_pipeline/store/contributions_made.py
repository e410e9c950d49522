"""Who contributed to which artifact: writing ordinary contributions. Those through squads come from a driver."""

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from squads_pipeline.rules.artifacts import Artifact
from squads_pipeline.store.schema import agent_contributions
from squads_pipeline.store.stamp import Stamp


def add(
    connection: Connection, agent: str, artifact: Artifact, kind: str, reference: str, stamp: Stamp
) -> bool:
    """Write an ordinary contribution; False if agent, artifact and reference were there before."""
    added = connection.scalar(
        insert(agent_contributions)
        .values(
            agent_id=agent,
            contribution_type=kind,
            artifact_type=artifact.type,
            artifact_id=artifact.id,
            reference_id=reference,
            created_at=func.squads.clock(),
            effective_on=func.squads.utc_day(func.squads.clock()),
            **stamp.columns(),
        )
        .on_conflict_do_nothing()
        .returning(agent_contributions.c.id)
    )
    return added is not None


def kind_of(connection: Connection, agent: str, artifact: Artifact, reference: str) -> str | None:
    """The type of a contribution that was recorded, or None; by the table's unique key."""
    key = agent_contributions.c
    return connection.scalar(
        select(key.contribution_type).where(
            key.artifact_type == artifact.type,
            key.artifact_id == artifact.id,
            key.agent_id == agent,
            key.reference_id == reference,
        )
    )
