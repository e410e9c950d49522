"""Doing what somebody chose, by the command that any agent uses for it. It chooses nothing."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine

from squads_pipeline.commands import funding, pledging, targets
from squads_pipeline.store.errors import SquadsError
from squads_pipeline.surfaces.simulation.actions import (
    Action,
    AddTarget,
    CloseTarget,
    Give,
    Pledge,
    Revoke,
)


@dataclass(slots=True)
class Tally:
    """How often each kind of action was done, and how often it was refused, by name."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def perform_all(engine: Engine, actions: Iterable[Action], key: str, tally: Tally) -> None:
    """Do some actions one after the other; one that is refused leaves no trace but in the tally.

    Args:
        engine: each action is a transaction of its own, as a command is.
        actions: what to do.
        key: names this turn; a turn that is repeated under its key moves nothing twice.
        tally: counts what was done.
    """
    for number, action in enumerate(actions):
        name = type(action).__name__
        try:
            with engine.begin() as connection:
                perform(connection, action, f"{key}:{number}")
            tally.done[name] += 1
        except SquadsError:
            tally.refused[name] += 1


def perform(connection: Connection, action: Action, key: str) -> None:
    """Do one action.

    Args:
        connection: the caller commits it.
        action: what to do.
        key: idempotency key, for commands that take one.

    Raises:
        SquadsError: the command refused it.
    """
    match action:
        case Give():
            funding.contribute(connection, action.agent, action.squad, action.amount_micro, key=key)
        case Pledge():
            pledging.pledge(connection, action.agent, action.squads, reserve_micro=action.reserve_micro)
        case Revoke():
            pledging.revoke(connection, action.agent)
        case AddTarget():
            targets.add_target(connection, action.target)
        case CloseTarget():
            targets.close_target(connection, action.artifact_type, action.artifact_id)
        case _:
            raise SquadsError("there is no such command yet", "wait")
