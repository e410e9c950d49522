"""Agents' pledges: what they said, and which one counts. What was paid under them is in `pledging`."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from squads_pipeline.store.schema import agents, pledges, pledges_in_force


@dataclass(frozen=True, slots=True)
class Pledge:
    """A pledge in force; the reserve in µT.

    Attributes:
        squads: the only squads to fund, the dearest first; empty for any.
    """

    id: int
    agent_id: str
    squads: list[str]
    reserve_micro: int
    pledged_at: datetime


def hold(connection: Connection, agent: str) -> None:
    """Keep others from changing an agent's pledge until the transaction ends."""
    connection.execute(select(agents.c.id).where(agents.c.id == agent).with_for_update(key_share=True))


def record(
    connection: Connection, agent: str, squads: list[str], reserve_micro: int, *, revoked: bool
) -> int:
    """Write what an agent said, and return its number. A trigger keeps `pledges_in_force`."""
    number: int = connection.execute(
        insert(pledges)
        .values(
            agent_id=agent,
            squads=squads,
            reserve_micro=reserve_micro,
            revoked=revoked,
            pledged_at=func.squads.clock(),
        )
        .returning(pledges.c.id)
    ).scalar_one()
    return number


def of_agent(connection: Connection, agent: str) -> Pledge | None:
    """The pledge of an agent that is in force."""
    row = connection.execute(_IN_FORCE.where(pledges_in_force.c.agent_id == agent)).one_or_none()
    return None if row is None else Pledge(*row)


def in_force(connection: Connection) -> list[Pledge]:
    """All pledges in force, by agent."""
    return [Pledge(*row) for row in connection.execute(_IN_FORCE.order_by(pledges.c.agent_id))]


_IN_FORCE = select(*(pledges.c[name] for name in Pledge.__slots__)).join(
    pledges_in_force, pledges_in_force.c.pledge_id == pledges.c.id
)
