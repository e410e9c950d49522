"""Recording ordinary contributions to artifacts, which dividends follow. Those through squads come from a driver."""

import re
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from squads_pipeline.commands.recorders import OPERATOR, artifact_named, require_recorder
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.store import agents, contributions_made, policies
from squads_pipeline.store.errors import IdempotencyConflictError, RefusedError
from squads_pipeline.store.stamp import Stamp

RULE_VERSION: Final = "1"
DRIVERS_TYPE: Final = "squad_finding"
DRIVERS_REFERENCES: Final = "finding:"
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,49}", re.ASCII)
_REFERENCE: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,200}")


@dataclass(frozen=True, slots=True)
class Credited:
    """A contribution as it stands; repeated when it was recorded before and nothing was written."""

    repeated: bool


def credit(
    connection: Connection,
    agent: str,
    artifact: str,
    contribution_type: str,
    reference_id: str,
    recorded_by: str,
) -> Credited:
    """Record that an agent contributed to an artifact, not through a squad.

    It counts for outcomes recorded from now on. Nobody credits themselves: another agent or an operator does.

    Args:
        connection: the caller commits it.
        agent: who contributed.
        artifact: to what, as ``type:id``.
        contribution_type: what it was, in a word such as debate_turn or data.
        reference_id: which one it was; with agent and artifact it is recorded once.
        recorded_by: the agent who records it, or ``operator``.

    Raises:
        NotFoundError: no such agent.
        RefusedError: an argument is not allowed, or the agent credits itself.
        IdempotencyConflictError: the reference was recorded as a contribution of another type.
    """
    named = artifact_named(artifact)
    _require_sound(contribution_type, reference_id)
    require_recorder(connection, recorded_by)
    agents.require(connection, agent)
    if recorded_by == agent:
        raise RefusedError(
            f"{agent} cannot credit itself",
            f"Let another agent record the contribution, or an operator with --as {OPERATOR}.",
        )
    known = contributions_made.kind_of(connection, agent, named, reference_id)
    if known is None:
        stamp = Stamp("credit", f"call:{recorded_by}", policy_id(policies.current(connection)), RULE_VERSION)
        if contributions_made.add(connection, agent, named, contribution_type, reference_id, stamp):
            return Credited(repeated=False)
        known = contributions_made.kind_of(connection, agent, named, reference_id)
    if known != contribution_type:
        raise IdempotencyConflictError(
            f"{reference_id!r} of {agent} is recorded as {known} for {named}",
            "Give another reference for another contribution; send the same arguments to repeat one.",
        )
    return Credited(repeated=True)


def _require_sound(contribution_type: str, reference: str) -> None:
    if not _WORD.fullmatch(contribution_type):
        raise RefusedError(
            f"{contribution_type!r} is no type of contribution",
            "Write one word in small letters, such as debate_turn or data.",
        )
    if not _REFERENCE.fullmatch(reference) or not reference.strip():
        raise RefusedError(
            "The reference is empty, too long or has control characters",
            "Use 1 to 200 characters on one line.",
        )
    # Or an agent could take the place of what a squad's finding is credited under.
    if contribution_type == DRIVERS_TYPE or reference.startswith(DRIVERS_REFERENCES):
        raise RefusedError(
            "Findings of squads are credited when they are merged, by a driver",
            f"Choose a type other than {DRIVERS_TYPE} and a reference that does not begin with "
            f"{DRIVERS_REFERENCES}.",
        )
