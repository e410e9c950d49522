"""Recording what artifacts were derived from: the ways along which credit goes back."""

import re
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from squads_pipeline.commands.recorders import artifact_named, refuse_own_gain, require_recorder
from squads_pipeline.store import provenance
from squads_pipeline.store.errors import RefusedError

RELATION: Final = "derived_from"
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,49}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Derived:
    """A step of provenance as it stands; repeated when it was known before and nothing was written."""

    relation: str
    repeated: bool


def derive(
    connection: Connection, artifact: str, source: str, *, relation: str = RELATION, recorded_by: str
) -> Derived:
    """Record that an artifact was derived from another. Dividends of outcomes recorded from now on go that way too.

    Nobody records a step that would pay themselves, at the source or further back; an operator may. A step that
    is known stays as it was first recorded.

    Args:
        connection: the caller commits it.
        artifact: what was derived, as ``type:id``.
        source: what it was derived from, as ``type:id``.
        relation: how, in a word such as derived_from or tests.
        recorded_by: the agent who records it, or ``operator``.

    Raises:
        NotFoundError: no such agent.
        RefusedError: an argument is not allowed, or the recorder would be paid.
    """
    derived, origin = artifact_named(artifact), artifact_named(source)
    if derived == origin:
        raise RefusedError(f"{derived} cannot be derived from itself", "Name the artifact that it came from.")
    if not _WORD.fullmatch(relation):
        raise RefusedError(
            f"{relation!r} is no relation", "Write one word in small letters, such as derived_from or tests."
        )
    require_recorder(connection, recorded_by)
    known = provenance.relation(connection, derived, origin)
    if known is not None:
        return Derived(known, repeated=True)
    refuse_own_gain(connection, recorded_by, origin, f"outcomes of {derived}")
    if provenance.add(connection, derived, origin, relation=relation, recorded_by=recorded_by):
        return Derived(relation, repeated=False)
    return Derived(provenance.relation(connection, derived, origin) or relation, repeated=True)
