"""Two formations at once, a squad founded meanwhile, and kill -9 between any two statements."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import community
from squads_pipeline.drivers.form_squads import form_squads
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.store import database
from squads_pipeline.store.errors import AlreadyExistsError
from tests.drivers.formation_world import TOKEN, add, adopt, rows, run, seeds
from tests.drivers.killing import kill_9
from tests.drivers.test_form_squads import assert_nothing_is_broken

SEEDS = [("a", 5_000 * TOKEN, 5_000 * TOKEN), ("b", 4_500 * TOKEN, 1_000 * TOKEN)]


@pytest.fixture(autouse=True)
def wanted(engine: Engine) -> None:
    adopt(engine, treasury_target_micro=6_000 * TOKEN)
    add(engine, ("a", 1_000_000), ("b", 900_000), ("c", 800_000))


def test_two_at_once_form_once(engine: Engine, database_url: str) -> None:
    start = threading.Barrier(2)

    def one(name: str) -> int:
        own = database.engine(database_url)
        start.wait()
        outcome = run_driver(own, form_squads, DriverRun(name))
        own.dispose()
        return outcome.units

    with ThreadPoolExecutor(2) as threads:
        units = sorted(threads.map(one, ["first", "second"]))
    assert units == [0, 2]
    assert seeds(engine) == SEEDS
    assert_nothing_is_broken(engine)


def test_a_target_that_an_agent_takes_meanwhile_is_left_to_the_agent(
    engine: Engine, database_url: str
) -> None:
    own = database.engine(database_url)
    with ThreadPoolExecutor(1) as threads, engine.begin() as connection:
        community.add_squad(connection, "mine", target_id="a")
        forming = threads.submit(run, own)
        while not waiting(engine):
            assert not forming.done()
        connection.commit()
        # The money that was meant for a is not spent on c: the next run sees to that.
        assert forming.result().units == 1
    own.dispose()
    assert seeds(engine) == [("b", 4_500 * TOKEN, 1_000 * TOKEN)]
    run(engine)
    assert seeds(engine) == [
        ("b", 4_500 * TOKEN, 4_500 * TOKEN),
        ("c", 4_000 * TOKEN, 1_500 * TOKEN),
    ]
    assert_nothing_is_broken(engine)


def test_an_agent_who_comes_too_late_is_told(engine: Engine) -> None:
    run(engine)
    with engine.begin() as connection, pytest.raises(AlreadyExistsError, match="Another live squad"):
        community.add_squad(connection, "mine", target_id="a")


def waiting(engine: Engine) -> bool:
    """Whether a session of this database waits for another's transaction."""
    query = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with engine.connect() as connection:
        return connection.execute(text(query)).first() is not None


def test_kill_9_between_any_two_statements(engine: Engine, database_url: str) -> None:
    effects = """SELECT (SELECT count(*) FROM squads.squads_formed) + (SELECT count(*) FROM squads.transfers)
                        + (SELECT count(*) FROM squads.research_squads)"""
    killed_before = 0
    while rows(engine, effects) == [(0,)]:
        kill_9(database_url, "squads_formed", killed_before)
        killed_before += 1
    # The last one died after its commit: everything is there, and once.
    assert killed_before > 15, "the driver has more statements than that"
    assert run(engine).units == 0
    assert seeds(engine) == SEEDS
    assert_nothing_is_broken(engine)
