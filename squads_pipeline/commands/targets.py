"""Adding and closing targets, the artifacts that squads are formed around. Forming them is a driver's work."""

from sqlalchemy import Connection

from squads_pipeline.commands.forms import require_choice
from squads_pipeline.rules.formation import Target
from squads_pipeline.store import targets
from squads_pipeline.store.errors import NotFoundError
from squads_pipeline.store.schema.squads import TARGET_TYPES


def add_target(connection: Connection, target: Target, *, created_by: str = "operator") -> None:
    """Add an open target.

    Raises:
        AlreadyExistsError: the artifact is a target already.
        RefusedError: its type, id or title is not allowed.
    """
    require_choice(target.artifact_type, TARGET_TYPES, "type of target")
    targets.add(connection, target, created_by=created_by)


def close_target(connection: Connection, artifact_type: str, artifact_id: str) -> None:
    """Close a target: the squad that it has goes on, but none is formed around it any more.

    Raises:
        NotFoundError: there is no such open target.
        RefusedError: its type is none.
    """
    require_choice(artifact_type, TARGET_TYPES, "type of target")
    if not targets.close(connection, artifact_type, artifact_id):
        raise NotFoundError(
            f"There is no open target {artifact_type} {artifact_id}", "See them with `squads targets list`."
        )
