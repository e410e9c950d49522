"""What the tests of squads' work share: active squads with members, a clock, edges of their lives, and reading."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, text

from squads_pipeline.commands import community, work
from squads_pipeline.drivers.bubble_findings import bubble_findings
from squads_pipeline.drivers.review_findings import review_findings
from squads_pipeline.drivers.run import DriverRun, Outcome, run_driver
from squads_pipeline.rules.lifecycle import HARVESTED, MERGED, Edge
from squads_pipeline.rules.policy import Policy, policy_id
from squads_pipeline.store import gaps, policies, squad_events
from squads_pipeline.store.stamp import Stamp

DAY = "2026-02-03"
JOINED = f"{DAY} 08:00:00+00"
NOON = f"{DAY} 12:00:00+00"
AGENTS = ("ada", "bo", "cy", "dee", "eve", "fay")
MEMBERS = {"ada": "lead", "bo": "researcher", "cy": "reviewer", "dee": "observer"}


@contextmanager
def at(engine: Engine, moment: str) -> Iterator[Connection]:
    """A committed transaction at a moment."""
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('squads.clock', :moment, true)"), {"moment": moment})
        yield connection


def found(engine: Engine, *squads: str, **parameters: Any) -> None:
    """Agents, and active squads of the same members: ada leads, bo researches, cy reviews, dee observes."""
    with at(engine, JOINED) as connection:
        policies.adopt(connection, Policy(**parameters), adopted_by="test", reason="test")
        for agent in AGENTS:
            community.add_agent(connection, agent)
        for squad in squads or ("heat",):
            community.add_squad(connection, squad, status="active", target_id=f"{squad}-gap")
            for agent, role in MEMBERS.items():
                join(connection, squad, agent, role)


def join(connection: Connection, squad: str, agent: str, role: str = "researcher") -> None:
    connection.execute(
        text("""INSERT INTO squads.squad_members (squad_id, agent_id, role, joined_at)
                VALUES (:squad, :agent, :role, squads.clock())"""),
        {"squad": squad, "agent": agent, "role": role},
    )


def leave(connection: Connection, squad: str, agent: str) -> None:
    connection.execute(
        text("""UPDATE squads.squad_members SET left_at = squads.clock()
                WHERE squad_id = :squad AND agent_id = :agent"""),
        {"squad": squad, "agent": agent},
    )


def harvest(engine: Engine, squad: str, moment: str) -> None:
    with at(engine, moment) as connection:
        connection.execute(
            text("UPDATE squads.research_squads SET status = 'harvesting' WHERE id = :squad"),
            {"squad": squad},
        )
        _event(connection, squad, HARVESTED)


def merge(engine: Engine, squad: str, into: str, moment: str = NOON) -> None:
    with at(engine, moment) as connection:
        connection.execute(
            text("""UPDATE squads.research_squads
                    SET status = 'disbanded', disbanded_at = squads.clock(), merged_into = :into
                    WHERE id = :squad"""),
            {"squad": squad, "into": into},
        )
        _event(connection, squad, MERGED)


def _event(connection: Connection, squad: str, edge: Edge) -> None:
    stamp = Stamp("test", "test", policy_id(policies.current(connection)), "1")
    squad_events.record(connection, [squad], [edge], reason="test", actor="test", stamp=stamp)


def find(
    engine: Engine, title: str = "It is", *, author: str = "bo", squad: str = "heat", **more: Any
) -> int:
    with at(engine, f"{DAY} 09:00:00+00") as connection:
        return work.find(connection, author, squad, "evidence", title, **more).finding_id


def review(
    engine: Engine,
    finding: int,
    verdict: str = "accept",
    *,
    by: str = "cy",
    ppm: int | None = None,
    moment: str = f"{DAY} 10:00:00+00",
) -> None:
    with at(engine, moment) as connection:
        work.review(connection, by, finding, verdict, rationale="read it", confidence_ppm=ppm)


def decide(engine: Engine, moment: str = NOON) -> Outcome:
    with at(engine, moment) as connection:
        return review_findings(connection, DriverRun("test"))


def bubble(engine: Engine, moment: str = NOON) -> Outcome:
    with at(engine, moment) as connection:
        return bubble_findings(connection, DriverRun("test"))


def run_both(engine: Engine) -> int:
    """Run both drivers now; the units that they closed."""
    run = DriverRun("test")
    return sum(run_driver(engine, driver, run).units for driver in (review_findings, bubble_findings))


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def due(engine: Engine, gap: str, moment: str) -> list[str]:
    with at(engine, moment) as connection:
        return gaps.due(connection, gap, 100)
