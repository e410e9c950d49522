"""Sealers at once, writers beside them, and kill -9 between any two statements: each transfer sealed exactly once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import community, funding
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.drivers.seal_ledger import seal_ledger
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import database, policies
from tests.drivers.killing import kill_9
from tests.drivers.test_seal_ledger import assert_whole, sealed

TOKEN = 1_000_000
AGENTS = [f"agent{n}" for n in range(6)]


@pytest.fixture(autouse=True)
def unsealed(engine: Engine) -> None:
    """Six transfers that wait, due at once."""
    with engine.begin() as connection:
        policies.adopt(connection, Policy(seal_after_seconds=0), adopted_by="test", reason="at once")
        for agent in AGENTS:
            community.add_agent(connection, agent, tokens_micro=10_000 * TOKEN)
            community.add_squad(connection, f"of-{agent}")


def drive(url: str, name: str) -> int:
    own = database.engine(url)
    try:
        return run_driver(own, seal_ledger, DriverRun(name)).units
    finally:
        own.dispose()


def test_sealers_at_once(engine: Engine, database_url: str) -> None:
    start = threading.Barrier(4)

    def one(name: str) -> int:
        start.wait()
        return drive(database_url, name)

    with ThreadPoolExecutor(4) as threads:
        units = sorted(threads.map(one, "abcd"))
    assert units == [0, 0, 0, 1]
    assert sealed(engine) == list(range(1, len(AGENTS) + 1))
    assert_whole(engine)


def test_a_run_that_waited_continues_the_chain_of_the_one_before(engine: Engine, database_url: str) -> None:
    """Between the two a transfer was posted, which the first could not see and the second finds."""
    with engine.connect() as first, ThreadPoolExecutor(1) as threads:
        seal_ledger(first, DriverRun("first"))
        with engine.begin() as connection:
            funding.contribute(connection, AGENTS[0], f"of-{AGENTS[0]}", TOKEN, key="between")
        second = threads.submit(drive, database_url, "second")
        with engine.connect() as watching:
            while not watching.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                watching.rollback()
        first.commit()
        assert second.result() == 1
    assert sealed(engine) == list(range(1, len(AGENTS) + 2))
    assert_whole(engine)


def test_two_who_take_different_transfers_do_not_take_one_position(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lower id appears while a run is under way, and the next run takes no more than that one."""
    monkeypatch.setattr("squads_pipeline.drivers.seal_ledger.MOST", 1)
    while drive(database_url, "before"):
        pass
    with engine.connect() as late, engine.connect() as first, ThreadPoolExecutor(1) as threads:
        funding.contribute(late, AGENTS[0], f"of-{AGENTS[0]}", TOKEN, key="low")
        with engine.begin() as connection:
            funding.contribute(connection, AGENTS[1], f"of-{AGENTS[1]}", TOKEN, key="high")
        seal_ledger(first, DriverRun("first"))
        late.commit()
        second = threads.submit(drive, database_url, "second")
        with engine.connect() as watching:
            while not watching.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                watching.rollback()
        first.commit()
        assert second.result() == 1
    assert sealed(engine)[-2:] == [len(AGENTS) + 2, len(AGENTS) + 1]
    assert_whole(engine)


def test_writers_beside_sealers_lose_and_double_nothing(engine: Engine, database_url: str) -> None:
    writing = threading.Event()

    def contributor(agent: str) -> None:
        own = database.engine(database_url)
        for number in range(25):
            with own.begin() as connection:
                funding.contribute(connection, agent, f"of-{agent}", TOKEN, key=f"{agent}:{number}")
                if number % 5 == 0:  # a second transfer in the same transaction, so that ids mix
                    funding.contribute(connection, agent, f"of-{agent}", TOKEN, key=f"{agent}:{number}:again")
        own.dispose()

    def sealer(name: str) -> None:
        while not writing.is_set():
            drive(database_url, name)

    with ThreadPoolExecutor(len(AGENTS) + 2) as threads:
        sealers = [threads.submit(sealer, name) for name in ("one", "two")]
        for wrote in [threads.submit(contributor, agent) for agent in AGENTS]:
            wrote.result()
        writing.set()
        for one in sealers:
            one.result()
    drive(database_url, "last")
    assert sorted(sealed(engine)) == list(range(1, len(AGENTS) * 31 + 1))
    assert_whole(engine)


def test_kill_9_between_any_two_statements(engine: Engine, database_url: str) -> None:
    killed_before = 0
    while not sealed(engine):
        kill_9(database_url, "ledger_seals", killed_before)
        killed_before += 1
    # The last one died after its commit: everything is there, and once.
    assert killed_before > 9, "the driver has more statements than that"
    assert run_driver(engine, seal_ledger, DriverRun("after")).units == 0
    assert sealed(engine) == list(range(1, len(AGENTS) + 1))
    assert_whole(engine)
