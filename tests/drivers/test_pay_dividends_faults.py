"""Two payments at once, contributions that commit late, and kill -9 between any two statements."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import contributions_made
from squads_pipeline.drivers.pay_dividends import pay_dividends
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.store import database
from tests.drivers.credit_world import (
    TOKEN,
    adopt,
    assert_nothing_is_broken,
    contribute,
    dividends,
    happens,
    people,
    rows,
    run,
    wallets,
)
from tests.drivers.killing import kill_9
from tests.drivers.test_form_squads_faults import waiting

PAID = {"ada": 66_666_666, "bo": 33_333_334}


@pytest.fixture(autouse=True)
def wanted(engine: Engine) -> None:
    adopt(engine, treasury_target_micro=120 * TOKEN)
    people(engine, "ada bo")
    contribute(engine, "ada", "analysis:a", 1, via_squad=1)
    contribute(engine, "bo", "analysis:a")
    for _ in range(2):
        happens(engine, "analysis:a")
    happens(engine, "analysis:a", "adopted")


def test_two_at_once_pay_once(engine: Engine, database_url: str) -> None:
    start = threading.Barrier(2)

    def one(name: str) -> int:
        own = database.engine(database_url)
        start.wait()
        outcome = run_driver(own, pay_dividends, DriverRun(name))
        own.dispose()
        return outcome.units

    with ThreadPoolExecutor(2) as threads:
        units = sorted(threads.map(one, ["first", "second"]))
    assert units == [0, 2]
    assert wallets(engine) == PAID
    assert_nothing_is_broken(engine)


def test_a_contribution_that_commits_late_is_waited_for(engine: Engine, database_url: str) -> None:
    own = database.engine(database_url)
    with ThreadPoolExecutor(1) as threads, engine.begin() as connection:
        contributions_made.credit(connection, "bo", "analysis:late", "data", "n:9", "operator")
        happens(own, "analysis:late")
        paying = threads.submit(run, own)
        while not waiting(own):
            assert not paying.done()
            time.sleep(0.01)
        connection.commit()
        assert paying.result().units == 2
    own.dispose()
    assert [one[1] for one in dividends(engine).values()] == ["paid", "paid"]
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('squads.clock', (now() + interval '1 day')::text, true)"))
        pay_dividends(connection, DriverRun("tomorrow"))
    assert dividends(engine)[4] == (50 * TOKEN, "paid", {"bo": 50 * TOKEN})
    assert_nothing_is_broken(engine)


def test_kill_9_between_any_two_statements(engine: Engine, database_url: str) -> None:
    effects = "SELECT (SELECT count(*) FROM squads.dividends) + (SELECT count(*) FROM squads.transfers)"
    killed_before = 0
    while rows(engine, effects) == [(0,)]:
        kill_9(database_url, "credit_dividends", killed_before)
        killed_before += 1
    # The last one died after its commit: everything is there, and once.
    assert killed_before > 12, "the driver has more statements than that"
    assert run(engine).units == 0
    assert wallets(engine) == PAID
    assert sorted(dividends(engine)) == [1, 2]
    assert_nothing_is_broken(engine)
