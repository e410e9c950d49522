"""What agents may say about their pledges: give one, and take it back. Paying under them is a driver."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from squads_pipeline.rules.money import MAX_MICRO
from squads_pipeline.store import agents, pledges, squads
from squads_pipeline.store.errors import RefusedError

_ENDING = ("harvesting", "disbanded")


@dataclass(frozen=True, slots=True)
class Consent:
    """A pledge as it counts now.

    Attributes:
        squads: ids of the only squads to fund, the dearest first; empty for any.
        reserve_micro: what the wallet is to keep, µT.
        repeated: True when the agent had said exactly this before, and nothing was written.
    """

    squads: tuple[str, ...]
    reserve_micro: int
    repeated: bool


def pledge(connection: Connection, agent: str, names: Sequence[str], *, reserve_micro: int = 0) -> Consent:
    """Consent to fund squads automatically; replaces the agent's pledge so far.

    Args:
        connection: the caller commits it.
        agent: whose wallet pays.
        names: ids or unambiguous names of the only squads to fund, the dearest first; none for any squad.
        reserve_micro: what the wallet is to keep, µT.

    Raises:
        NotFoundError: no such agent or squad.
        RefusedError: the reserve is no amount to keep, or a squad will take no money any more.
    """
    if not 0 <= reserve_micro <= MAX_MICRO:
        raise RefusedError("A reserve cannot be below zero", "Give what the wallet is to keep, 0 or more.")
    agents.require(connection, agent)
    ids = tuple(dict.fromkeys(_fundable(connection, name) for name in names))
    pledges.hold(connection, agent)
    before = pledges.of_agent(connection, agent)
    if before is not None and (tuple(before.squads), before.reserve_micro) == (ids, reserve_micro):
        return Consent(ids, reserve_micro, repeated=True)
    pledges.record(connection, agent, list(ids), reserve_micro, revoked=False)
    return Consent(ids, reserve_micro, repeated=False)


def revoke(connection: Connection, agent: str) -> None:
    """End an agent's pledge; what was paid under it stays paid.

    Raises:
        NotFoundError: no such agent.
        RefusedError: the agent has no pledge.
    """
    agents.require(connection, agent)
    pledges.hold(connection, agent)
    if pledges.of_agent(connection, agent) is None:
        raise RefusedError(f"{agent} has no pledge to revoke", "See who has one with `squads pledges`.")
    pledges.record(connection, agent, [], 0, revoked=True)


def _fundable(connection: Connection, name: str) -> str:
    squad, status = squads.hold_status(connection, name)
    if status in _ENDING:
        raise RefusedError(
            f"Squad {squad} is {status} and will take no contributions any more",
            "Name squads that are still to work, or none for any squad.",
        )
    return squad
