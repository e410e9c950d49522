"""Two runs at once, a revocation and contributions beside them, and kill -9 between any two statements."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import community, funding, pledging
from squads_pipeline.drivers.honour_pledges import honour_pledges
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import database, policies
from tests.drivers.killing import kill_9

TOKEN = 1_000_000
AGENTS = [f"agent{n}" for n in range(8)]
SQUADS = [f"squad{n}" for n in range(9)]


@pytest.fixture(autouse=True)
def pledged(engine: Engine) -> None:
    with engine.begin() as connection:
        # A cycle of a month, so that no test crosses into the next one.
        policy = Policy(pledge_cycle_seconds=2_592_000)
        policies.adopt(connection, policy, adopted_by="test", reason="test")
        for agent in AGENTS:
            community.add_agent(connection, agent, tokens_micro=10_000 * TOKEN)
            pledging.pledge(connection, agent, ())
        for squad in SQUADS:
            community.add_squad(connection, squad)


def assert_three_each(engine: Engine) -> None:
    with engine.connect() as connection:
        rows = connection.execute(
            text("""SELECT owner_id, count(*), count(DISTINCT to_account_id)
                    FROM squads.transfers JOIN squads.accounts AS payer ON payer.id = from_account_id
                    WHERE transfers.driver = 'honour_pledges' GROUP BY 1 ORDER BY 1""")
        ).all()
        recorded = connection.scalar(text("SELECT count(*) FROM squads.pledged_contributions"))
        assert connection.scalar(text("SELECT sum(balance_micro) FROM squads.accounts")) == 0
    assert [tuple(row) for row in rows] == [(agent, 3, 3) for agent in AGENTS]
    assert recorded == 3 * len(AGENTS)


def drive(url: str, name: str) -> int:
    own = database.engine(url)
    try:
        return run_driver(own, honour_pledges, DriverRun(name)).units
    finally:
        own.dispose()


def test_two_runs_at_once(engine: Engine, database_url: str) -> None:
    start = threading.Barrier(4)

    def one(name: str) -> int:
        start.wait()
        return drive(database_url, name)

    with ThreadPoolExecutor(4) as threads:
        units = sorted(threads.map(one, "abcd"))
    assert units == [0, 0, 0, len(AGENTS)]
    assert_three_each(engine)


def test_a_run_that_waited_finds_the_places_taken(engine: Engine, database_url: str) -> None:
    """The second one has read the gap as open before the first commits."""
    with engine.connect() as first, ThreadPoolExecutor(1) as threads:
        honour_pledges(first, DriverRun("first"))
        second = threads.submit(drive, database_url, "second")
        with engine.connect() as watching:
            while not watching.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                watching.rollback()
        first.commit()
        assert second.result() == 0
    assert_three_each(engine)


def test_a_revocation_waits_for_a_run_and_holds_the_next_one(engine: Engine, database_url: str) -> None:
    def revoke() -> None:
        own = database.engine(database_url)
        with own.begin() as connection:
            pledging.revoke(connection, AGENTS[0])
        own.dispose()

    with engine.connect() as running, ThreadPoolExecutor(1) as threads:
        honour_pledges(running, DriverRun("running"))
        revoked = threads.submit(revoke)
        running.commit()
        revoked.result()
    assert_three_each(engine)
    with engine.begin() as connection:
        connection.execute(
            text("SELECT set_config('squads.clock', (now() + interval '40 days')::text, true)")
        )
        assert honour_pledges(connection, DriverRun("later")).units == len(AGENTS) - 1


def test_contributions_beside_runs_do_not_deadlock(engine: Engine, database_url: str) -> None:
    def contributor(agent: str) -> None:
        own = database.engine(database_url)
        for number in range(20):
            with own.begin() as connection:
                squad = SQUADS[-number % len(SQUADS)]
                funding.contribute(connection, agent, squad, TOKEN, key=f"{agent}:{number}")
        own.dispose()

    with ThreadPoolExecutor(len(AGENTS) + 2) as threads:
        given = [threads.submit(contributor, agent) for agent in AGENTS]
        runs = [threads.submit(drive, database_url, name) for name in ("first", "second")]
        for contributed in given:
            contributed.result()
        for ran in runs:
            ran.result()
    assert_three_each(engine)


def test_kill_9_between_any_two_statements(engine: Engine, database_url: str) -> None:
    def rows() -> int:
        with engine.connect() as connection:
            return int(
                connection.scalar(
                    text("""SELECT (SELECT count(*) FROM squads.pledged_contributions)
                                   + (SELECT count(*) FROM squads.transfers WHERE kind = 'contribution')""")
                )
                or 0
            )

    killed_before = 0
    while rows() == 0:
        kill_9(database_url, "pledged_contributions", killed_before)
        killed_before += 1
    # The last one died after its commit: everything is there, and once.
    assert killed_before > 9, "the driver has more statements than that"
    run_driver(engine, honour_pledges, DriverRun("after"))
    assert_three_each(engine)
