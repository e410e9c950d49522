"""Adding and closing targets, the artifacts that squads are formed around. Forming them is a driver's work."""

from sqlalchemy import Connection

from squads_pipeline.rules.formation import Target
from squads_pipeline.store import targets
from squads_pipeline.store.errors import NotFoundError, RefusedError
from squads_pipeline.store.schema.squads import TARGET_TYPES


def add_target(connection: Connection, target: Target, *, created_by: str = "operator") -> None:
    """Add an open target.

    Raises:
        AlreadyExistsError: the artifact is a target already.
        RefusedError: its type, id or title is not allowed.
    """
    _require_known(target.artifact_type)
    targets.add(connection, target, created_by=created_by)


def close_target(connection: Connection, artifact_type: str, artifact_id: str) -> None:
    """Close a target: the squad that it has goes on, but none is formed around it any more.

    Raises:
        NotFoundError: there is no such open target.
        RefusedError: its type is none.
    """
    _require_known(artifact_type)
    if not targets.close(connection, artifact_type, artifact_id):
        raise NotFoundError(
            f"There is no open target {artifact_type} {artifact_id}", "See them with `squads targets list`."
        )


def _require_known(artifact_type: str) -> None:
    if artifact_type not in TARGET_TYPES:
        raise RefusedError(
            f"{artifact_type!r} is no type of target", f"Choose one of {', '.join(TARGET_TYPES)}."
        )
