"""Whether an agent is known. What it holds is in `ledger`, where it works in `members`."""

from sqlalchemy import Connection, select

from squads_pipeline.store.errors import NotFoundError
from squads_pipeline.store.schema import agents


def exists(connection: Connection, agent: str) -> bool:
    """Whether there is such an agent. Index: agents_pkey."""
    return connection.scalar(select(agents.c.id).where(agents.c.id == agent)) is not None


def require(connection: Connection, agent: str) -> None:
    """Make sure that an agent is known.

    Raises:
        NotFoundError: it is not.
    """
    if not exists(connection, agent):
        raise NotFoundError(f"There is no agent {agent}", "Add it with `squads agents add`.")
