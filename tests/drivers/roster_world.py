"""What the tests of rosters share: squads and agents, bids, time that passes, running the driver. No assertions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, text

from squads_pipeline.commands import community, forming, joining
from squads_pipeline.drivers.fill_rosters import fill_rosters
from squads_pipeline.drivers.run import DriverRun, Outcome
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import gaps, policies

START = "2026-03-10 12:00+00"
CLOSED = "2026-03-11 12:00+00"
"""A recruiting window after the start."""
LATER = "2026-03-12 13:00+00"
"""After the second window of a squad that was extended when the first closed."""
OVER = "2026-03-16 12:00+00"
"""A working window after `CLOSED`."""


@contextmanager
def at(engine: Engine, moment: str) -> Iterator[Connection]:
    """A transaction that lives at a moment and is committed."""
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('squads.clock', :now, true)"), {"now": moment})
        yield connection


def adopt(engine: Engine, **parameters: Any) -> None:
    with engine.begin() as connection:
        policies.adopt(connection, Policy(**parameters), adopted_by="test", reason="test")


def agents(engine: Engine, *names: str) -> None:
    with at(engine, START) as connection:
        for name in names:
            community.add_agent(connection, name)


def squad(engine: Engine, name: str, moment: str = START) -> None:
    """A recruiting squad that nobody of the community has formed."""
    with at(engine, moment) as connection:
        community.add_squad(connection, name, charter="Find out.")


def form(engine: Engine, agent: str, name: str, moment: str = START, **arguments: Any) -> str:
    with at(engine, moment) as connection:
        given = {"charter": "Find out.", "squad": name, **arguments}
        return forming.form(connection, agent, **given).status


def bid(engine: Engine, agent: str, name: str, role: str = "researcher", moment: str = START) -> int:
    with at(engine, moment) as connection:
        return joining.join(connection, agent, name, pitch=f"I am {agent}.", role=role).bid_id


def accept(
    engine: Engine, decider: str, number: int, fit_ppm: int | None = None, moment: str = START
) -> None:
    with at(engine, moment) as connection:
        joining.decide(connection, decider, number, accept=True, rationale="fits", fit_ppm=fit_ppm)


def member(
    engine: Engine, agent: str, name: str, fit_ppm: int | None = None, role: str = "researcher"
) -> None:
    """Make an agent a member of a squad: by a bid that another agent accepts."""
    number = bid(engine, agent, name, role)
    with at(engine, START) as connection:
        query = "SELECT agent_id FROM squads.squad_members WHERE squad_id = :squad ORDER BY joined_at LIMIT 1"
        first = connection.scalar(text(query), {"squad": name})
    accept(engine, first or "friend", number, fit_ppm)


def run(engine: Engine, moment: str, *, dry_run: bool = False, name: str = "test") -> Outcome:
    with at(engine, moment) as connection:
        outcome = fill_rosters(connection, DriverRun(name))
        if dry_run:
            connection.rollback()
        return outcome


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def roles(engine: Engine, name: str) -> dict[str, str]:
    """Member now → role."""
    found = rows(
        engine,
        f"SELECT agent_id, role, left_at, squad_id FROM squads.squad_members WHERE squad_id = '{name}'",
    )
    return {one[0]: one[1] for one in found if one[2] is None}


def status(engine: Engine, name: str) -> str:
    return str(rows(engine, f"SELECT status FROM squads.research_squads WHERE id = '{name}'")[0][0])


def bids(engine: Engine) -> list[tuple[Any, ...]]:
    return rows(engine, "SELECT agent_id, status, rationale FROM squads.squad_join_bids ORDER BY id")


def units(engine: Engine, moment: str) -> dict[str, str]:
    """Unit → reason of what is due at a moment."""
    with at(engine, moment) as connection:
        due = gaps.due(connection, "squad_rosters", 1_000)
        return {
            one.unit: one.reason for one in gaps.units(connection, "squad_rosters", 1_000) if one.unit in due
        }
