"""Who may record what others are paid for. The rule: nobody records what pays themselves, but an operator may.

An operator is not paid: `OPERATOR` stands for whoever runs the pipeline, as long as no agent bears that name.
"""

from typing import Final

from sqlalchemy import Connection

from squads_pipeline.rules.artifacts import Artifact, parse_artifact
from squads_pipeline.store import agents, policies, provenance
from squads_pipeline.store.errors import NotFoundError, RefusedError

OPERATOR: Final = "operator"


def artifact_named(name: str) -> Artifact:
    """Read ``type:id``.

    Raises:
        RefusedError: it names no artifact.
    """
    try:
        return parse_artifact(name)
    except ValueError as error:
        raise RefusedError(
            f"{name!r} names no artifact", "Write its type, a colon and its id: analysis:a-17."
        ) from error


def require_recorder(connection: Connection, name: str) -> None:
    """Make sure that whoever records something is known.

    Raises:
        NotFoundError: there is no such agent, and it is not the operator.
    """
    if name != OPERATOR and not agents.exists(connection, name):
        raise NotFoundError(
            f"There is no agent {name}", f"Add it with `squads agents add`, or act as {OPERATOR}."
        )


def refuse_own_gain(connection: Connection, recorder: str, artifact: Artifact, what: str) -> None:
    """Refuse what would pay the one who records it: a dividend of the artifact that it is credited for.

    Args:
        connection: reads along the provenance as it is now.
        recorder: who records.
        artifact: where a dividend would begin.
        what: what is recorded, for the message.

    Raises:
        RefusedError: the recorder would be paid.
    """
    if recorder == OPERATOR and not agents.exists(connection, recorder):
        return
    depth = policies.current(connection).max_depth
    credited = provenance.credited_by_artifact(connection, artifact, depth)
    own = [one for one in credited if one.agent_id == recorder]
    if own:
        raise RefusedError(
            f"{recorder} contributed to {own[0].artifact} and would be paid for {what}",
            f"Let an agent record it who is not credited for {artifact}, or an operator with --as {OPERATOR}.",
        )
