"""Two sharings-out at once, a contribution or a round meanwhile, and kill -9 between any two statements."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import funding
from squads_pipeline.drivers.distribute_pools import distribute_pools
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.store import database
from squads_pipeline.store.errors import RefusedError
from tests.drivers.harvest_world import (
    TOKEN,
    adopt,
    balance,
    desert,
    give,
    harvest,
    match,
    member,
    note,
    payments,
    people,
    pools,
    rows,
    run,
    squad,
    status,
)
from tests.drivers.killing import kill_9
from tests.drivers.test_form_squads_faults import waiting

POOLS = [("cold", "refund", 4 * TOKEN, 1), ("heat", "by_score", 10 * TOKEN, 2)]


@pytest.fixture(autouse=True)
def ended(engine: Engine) -> None:
    """Squad heat harvests with 10 tokens, of which ada earned three parts and bob one; cold is deserted with 4."""
    adopt(engine, settle_count=1, matching_pool_target_micro=0)
    people(engine, "ada", "bob", "eve")
    squad(engine, "heat")
    squad(engine, "cold", status="recruiting")
    for agent, notes in (("ada", 3), ("bob", 1)):
        member(engine, "heat", agent)
        note(engine, "heat", agent, notes)
    give(engine, "eve", "heat", 10)
    give(engine, "eve", "cold", 4)
    match(engine)
    harvest(engine, "heat")
    desert(engine, "cold")


def assert_shared_out_once(engine: Engine) -> None:
    assert pools(engine) == POOLS
    assert payments(engine) == [("payout:heat:ada", 7_500_000), ("payout:heat:bob", 2_500_000)]
    assert payments(engine, "refund") == [("refund:cold:wallet:eve", 4 * TOKEN)]
    assert {status(engine, one) for one in ("heat", "cold")} == {"disbanded"}
    assert (balance(engine, "squad:heat"), balance(engine, "squad:cold")) == (0, 0)
    assert rows(engine, "SELECT sum(balance_micro) FROM squads.accounts") == [(0,)]


def test_two_at_once_share_out_once(engine: Engine, database_url: str) -> None:
    start = threading.Barrier(2)

    def one(name: str) -> int:
        own = database.engine(database_url)
        start.wait()
        outcome = run_driver(own, distribute_pools, DriverRun(name))
        own.dispose()
        return outcome.units

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(one, ["first", "second"])) == [0, 2]
    assert_shared_out_once(engine)


def test_a_contribution_that_comes_first_is_matched_before_the_pool_goes_back(
    engine: Engine, database_url: str
) -> None:
    own = database.engine(database_url)
    with ThreadPoolExecutor(1) as threads, engine.begin() as connection:
        funding.contribute(connection, "bob", "cold", TOKEN, key="in time")
        sharing = threads.submit(run, own)
        while not waiting(engine):
            assert not sharing.done()
        connection.commit()
        # The gap is read again under the lock: cold is not due any more.
        assert sharing.result().units == 1
    assert status(engine, "cold") == "recruiting"
    match(engine)
    assert run(own).units == 1
    own.dispose()
    assert pools(engine)[0] == ("cold", "refund", 5 * TOKEN, 2)


def test_a_contribution_that_comes_too_late_is_refused(engine: Engine, database_url: str) -> None:
    own = database.engine(database_url)

    def contribute() -> str:
        with own.begin() as connection:
            try:
                funding.contribute(connection, "bob", "cold", TOKEN, key="too late")
            except RefusedError as error:
                return str(error)
        return "it was taken"

    with ThreadPoolExecutor(1) as threads, engine.begin() as connection:
        distribute_pools(connection, DriverRun("open"))
        contributing = threads.submit(contribute)
        while not waiting(engine):
            assert not contributing.done()
        connection.commit()
        assert contributing.result() == "Squad cold is disbanded and takes no contributions"
    own.dispose()
    assert_shared_out_once(engine)


def test_rounds_and_formation_beside_it_do_not_deadlock(engine: Engine, database_url: str) -> None:
    """Rounds lock the matching pool and then squads, formation the treasury and then squads; so does this."""
    for number in range(6):
        squad(engine, f"s{number}", status="recruiting")
        give(engine, "eve", f"s{number}", 1)
        desert(engine, f"s{number}")

    def rounds(_: int) -> None:
        own = database.engine(database_url)
        for _again in range(4):
            match(own)
            run(own)
        own.dispose()

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(rounds, range(3)))
    run(engine)
    assert rows(engine, "SELECT count(*) FROM squads.distributions") == [(8,)]
    assert rows(engine, "SELECT sum(balance_micro) FROM squads.accounts") == [(0,)]


def test_kill_9_between_any_two_statements(engine: Engine, database_url: str) -> None:
    effects = """SELECT (SELECT count(*) FROM squads.distributions) + (SELECT count(*) FROM squads.transfers
                         WHERE kind IN ('payout', 'refund'))
                        + (SELECT count(*) FROM squads.research_squads WHERE status = 'disbanded')"""
    killed_before = 0
    while rows(engine, effects) == [(0,)]:
        kill_9(database_url, "harvest_distributions", killed_before)
        killed_before += 1
    # The last one died after its commit: everything is there, and once.
    assert killed_before > 15, "the driver has more statements than that"
    assert run(engine).units == 0
    assert_shared_out_once(engine)
    with engine.connect() as connection:
        assert (
            connection.scalar(
                text("SELECT count(*) FROM squads.driver_runs WHERE driver = 'distribute_pools'")
            )
            == 1
        )
