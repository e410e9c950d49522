"""Restated shares of pools and dividends: what was too much pays for what was too little, and nothing happens twice."""

import pytest
from sqlalchemy import Connection, Engine, text

from squads_pipeline.drivers import audit_distributions, restate_distributions, restate_dividends
from squads_pipeline.drivers.run import DriverRun, Outcome, run_driver
from squads_pipeline.store import runs
from squads_pipeline.store.credit_invariants import CREDIT_INVARIANTS
from squads_pipeline.store.harvest_invariants import HARVEST_INVARIANTS
from squads_pipeline.store.invariants import INVARIANTS
from tests.drivers import credit_world, harvest_world
from tests.drivers.harvest_world import TOKEN, rows


def restated(engine: Engine, asset: str) -> Outcome:
    """Restate today's facts, as a restatement of a later day would restate a past day's."""
    driver = {
        "harvest_distributions": restate_distributions.restate_day,
        "credit_dividends": restate_dividends.restate_day,
    }[asset]

    def story(connection: Connection, run: DriverRun) -> Outcome:
        return driver(connection, runs.today(connection), "counted wrongly", run)

    return run_driver(engine, story, DriverRun("restating"))


def change(engine: Engine, table: str, to: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE squads.{table} DISABLE TRIGGER USER"))
        connection.execute(text(f"UPDATE squads.{table} SET {to}"))
        connection.execute(text(f"ALTER TABLE squads.{table} ENABLE TRIGGER USER"))


def assert_money_holds(engine: Engine) -> None:
    with engine.connect() as connection:
        for one in (*INVARIANTS.values(), *HARVEST_INVARIANTS):
            assert one.find(connection, None).first == (), one.name


@pytest.fixture
def shared(engine: Engine) -> Engine:
    """Squad heat shared out 10 tokens: 7.5 to ada for three notes, 2.5 to bob for one. There should be one each."""
    harvest_world.adopt(engine, settle_count=1, matching_pool_target_micro=0, treasury_target_micro=0)
    harvest_world.people(engine, "ada", "bob", "eve")
    harvest_world.squad(engine, "heat")
    for agent, notes in (("ada", 3), ("bob", 1)):
        harvest_world.member(engine, "heat", agent)
        harvest_world.note(engine, "heat", agent, notes)
    harvest_world.give(engine, "eve", "heat", 10)
    harvest_world.match(engine)
    harvest_world.harvest(engine, "heat")
    assert harvest_world.run(engine).units == 1
    change(engine, "harvest_distributions", "journal_entries = 1, rule_version = '0'")
    change(engine, "distributions", "rule_version = '0'")
    return engine


def wallet(engine: Engine, agent: str) -> int:
    [(balance,)] = rows(engine, f"SELECT balance_micro FROM squads.accounts WHERE name = 'wallet:{agent}'")
    return int(str(balance))


def test_a_pools_shares_are_put_right_through_the_closed_pool(shared: Engine) -> None:
    with shared.connect() as connection:
        audited = audit_distributions.audit(connection, None, None)
    assert (audited.distributions, audited.skipped, audited.differences) == (0, 1, ())
    done = restated(shared, "harvest_distributions")
    assert (done.units, done.moved_micro, done.facts["differences_left"]) == (2, 5 * TOKEN, 0)
    assert rows(
        shared, "SELECT agent_id, revision, share_micro FROM squads.harvest_distributions ORDER BY 1, 2"
    ) == [("ada", 0, 7_500_000), ("ada", 1, 5_000_000), ("bob", 0, 2_500_000), ("bob", 1, 5_000_000)]
    assert (wallet(shared, "ada"), wallet(shared, "bob")) == (1_005 * TOKEN, 1_005 * TOKEN)
    assert rows(shared, "SELECT balance_micro FROM squads.accounts WHERE name = 'squad:heat'") == [(0,)]
    assert_money_holds(shared)
    assert restated(shared, "harvest_distributions").units == 0


def test_what_a_member_has_spent_reaches_nobody_and_is_said_so(shared: Engine) -> None:
    harvest_world.squad(shared, "other")
    harvest_world.give(shared, "ada", "other", 1_007)
    done = restated(shared, "harvest_distributions")
    assert wallet(shared, "ada") == 0
    assert (done.facts["taken_back_micro"], done.facts["unrecovered_micro"]) == (500_000, 2_000_000)
    assert (done.facts["paid_besides_micro"], done.facts["undeliverable_micro"]) == (500_000, 2_000_000)
    assert_money_holds(shared)
    assert restated(shared, "harvest_distributions").units == 0


@pytest.fixture
def settled(engine: Engine) -> Engine:
    """A dividend by contributions to one artifact, half of which were bob's; then it turns out that he made none."""
    credit_world.adopt(engine)
    credit_world.people(engine, "ada bob")
    for agent in ("ada", "bob"):
        credit_world.contribute(engine, agent, "analysis:a")
    credit_world.happens(engine, "analysis:a")
    assert credit_world.run(engine).units == 1
    change(engine, "agent_contributions", "artifact_id = 'elsewhere' WHERE agent_id = 'bob'")
    return engine


def test_a_dividends_shares_are_put_right_from_and_to_the_treasury(settled: Engine) -> None:
    whole = sum(credit_world.wallets(settled).values())
    done = restated(settled, "credit_dividends")
    assert (done.units, done.moved_micro) == (2, whole)
    assert credit_world.wallets(settled) == {"ada": whole, "bob": 0}
    assert rows(settled, "SELECT agent_id, share_micro FROM squads.credit_dividends_in_force ORDER BY 1") == [
        ("ada", whole),
        ("bob", 0),
    ]
    # The settlement, which says how many were paid, has no revisions.
    assert done.facts["differences_left"] == 1
    assert_money_holds(settled)
    with settled.connect() as connection:
        for one in CREDIT_INVARIANTS:
            assert one.find(connection, None).first == (), one.name
    assert restated(settled, "credit_dividends").units == 0


def test_a_restated_share_that_is_changed_again_is_found(shared: Engine) -> None:
    restated(shared, "harvest_distributions")
    change(shared, "harvest_distributions", "share_micro = 1 WHERE revision = 1 AND agent_id = 'bob'")
    with shared.connect() as connection:
        found = audit_distributions.findings_between(connection, None).first
    assert [(one.subject, one.difference) for one in found] == [
        ("squad heat, agent bob: share_micro", "-4.999999 tokens")
    ]
