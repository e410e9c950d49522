"""Two runs at once, a member who joins meanwhile, and kill -9 between any two statements."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import joining
from squads_pipeline.store import database
from squads_pipeline.store.errors import AlreadyExistsError
from tests.drivers.killing import kill_9
from tests.drivers.roster_world import (
    CLOSED,
    START,
    agents,
    at,
    bid,
    bids,
    form,
    member,
    roles,
    rows,
    run,
    squad,
    status,
)
from tests.drivers.test_fill_rosters import assert_nothing_is_broken
from tests.drivers.test_form_squads_faults import waiting

EDGES = [
    ("empty", "recruiting", "recruiting"),
    ("heat", "recruiting", "active"),
    ("idea", "forming", "recruiting"),
]


@pytest.fixture(autouse=True)
def squads(engine: Engine) -> None:
    """One squad to activate, one to extend, one to open, and a bid that lapses."""
    agents(engine, "ada", "bo", "cy", "friend")
    squad(engine, "heat")
    member(engine, "ada", "heat")
    squad(engine, "empty")
    form(engine, "cy", "idea", criteria=[])
    squad(engine, "over")
    bid(engine, "bo", "over")
    with at(engine, START) as connection:
        connection.execute(
            text("""UPDATE squads.research_squads SET success_criteria = '[{"measure": "members", "at_least": 9}]'
                    WHERE id = 'idea';
                    UPDATE squads.research_squads SET status = 'harvesting' WHERE id = 'over'""")
        )


def edges(engine: Engine) -> list[tuple[object, ...]]:
    return rows(engine, "SELECT squad_id, from_status, to_status FROM squads.squad_rosters ORDER BY 1")


def assert_done_once(engine: Engine) -> None:
    assert edges(engine) == EDGES
    assert roles(engine, "heat") == {"ada": "lead"}
    assert bids(engine)[-1][:2] == ("bo", "lapsed")
    with engine.begin() as connection:  # `over` was brought to its harvest by hand
        connection.execute(text("UPDATE squads.research_squads SET status = 'recruiting' WHERE id = 'over'"))
    assert_nothing_is_broken(engine)


def test_two_at_once_do_it_once(engine: Engine, database_url: str) -> None:
    start = threading.Barrier(2)

    def one(name: str) -> int:
        own = database.engine(database_url)
        start.wait()
        units = run(own, CLOSED, name=name).units
        own.dispose()
        return units

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(one, ["first", "second"])) == [0, 4]
    assert_done_once(engine)


def test_whoever_joins_meanwhile_is_seen(engine: Engine, database_url: str) -> None:
    """The gap says that nobody has joined; under the lock somebody has, and the squad begins."""
    number = bid(engine, "bo", "empty")
    own = database.engine(database_url)
    with ThreadPoolExecutor(1) as threads, at(engine, CLOSED) as connection:
        joining.decide(connection, "friend", number, accept=True, rationale="fits")
        filling = threads.submit(run, own, CLOSED)
        while not waiting(engine):
            assert not filling.done()
        connection.commit()
        assert filling.result().facts["activated"] == 2
    own.dispose()
    assert roles(engine, "empty") == {"bo": "lead"}


def test_one_agent_who_bids_twice_at_once_has_one_bid(database_url: str) -> None:
    start = threading.Barrier(2)

    def one(pitch: str) -> str:
        own = database.engine(database_url)
        start.wait()
        try:
            with at(own, START) as connection:
                return joining.join(connection, "bo", "empty", pitch=pitch).status
        except AlreadyExistsError:
            return "refused"
        finally:
            own.dispose()

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(one, ["Me.", "Me, again."])) == ["pending", "refused"]


def test_the_last_place_is_given_once(engine: Engine, database_url: str) -> None:
    numbers = [bid(engine, agent, "empty") for agent in ("ada", "bo")]
    with engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.agents (id, created_at) SELECT 'x' || n, now() FROM generate_series(1, 7) AS n;
                    INSERT INTO squads.squad_members (squad_id, agent_id, role, joined_at)
                    SELECT 'empty', 'x' || n, 'reviewer', now() FROM generate_series(1, 7) AS n""")
        )
    start = threading.Barrier(2)

    def one(number: int) -> str:
        own = database.engine(database_url)
        start.wait()
        try:
            with at(own, START) as connection:
                return joining.decide(connection, "x1", number, accept=True, rationale="fits").status
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            return str(error)
        finally:
            own.dispose()

    with ThreadPoolExecutor(2) as threads:
        refused, accepted = sorted(threads.map(one, numbers), key=len, reverse=True)
    assert accepted == "accepted"
    assert refused.endswith("cannot join empty: the squad has its 8 members")


def test_kill_9_between_any_two_statements(engine: Engine, database_url: str) -> None:
    killed_before = 0
    while not edges(engine):
        kill_9(database_url, "squad_rosters", killed_before, clock=CLOSED)
        assert status(engine, "heat") == "recruiting" or edges(engine) == EDGES
        killed_before += 1
    # The last one died after its commit: everything is there, and once.
    assert killed_before > 15, "the driver has more statements than that"
    assert run(engine, CLOSED).units == 0
    assert_done_once(engine)
