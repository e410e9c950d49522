"""A simulated community: reproducible to the µT, whole at any moment, and alive in every way."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from sqlalchemy import Connection, Engine, event, text

from squads_pipeline.commands import community
from squads_pipeline.drivers.registry import DRIVERS
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.store import database, gap_failures, overview, simulation_facts
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.surfaces import verification
from squads_pipeline.surfaces.simulation import report
from squads_pipeline.surfaces.simulation.actions import Action
from squads_pipeline.surfaces.simulation.clock import Clock, engine_at
from squads_pipeline.surfaces.simulation.report import SimulationReport
from squads_pipeline.surfaces.simulation.simulator import Beat, Plan, simulate
from tests.conftest import copy_of

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)
SMALL = Plan(agents=30, days=8, seed=1, until=UNTIL)
LIVELY = Plan(agents=150, days=12, seed=1, until=UNTIL)

World = tuple[str, SimulationReport, frozenset[str]]


@pytest.fixture(scope="module")
def worlds(postgres_url: str, template_database: str) -> Iterator[Callable[[Plan], World]]:
    """Simulate a plan in a database of its own, once for all tests: URL, what came of it, states seen."""
    made: dict[Plan, World] = {}
    open_copies = []

    def world(plan: Plan) -> World:
        if plan not in made:
            copy = copy_of(postgres_url, template_database)
            url = copy.__enter__()
            open_copies.append(copy)
            made[plan] = (url, *lived(url, plan))
        return made[plan]

    yield world
    for copy in open_copies:
        copy.__exit__(None, None, None)


def lived(url: str, plan: Plan) -> tuple[SimulationReport, frozenset[str]]:
    states: set[str] = set()

    def watch(beat: Beat) -> None:
        states.update(squad.status for squad in beat.seen.squads.values())

    clock = Clock(plan.start)
    with engine_at(url, clock) as engine:
        came_of = report.read(engine, plan, simulate(engine, clock, plan, watch), 0.0)
    return came_of, frozenset(states | came_of.squads.keys())


def test_the_same_seed_gives_the_same_ledger_whenever_it_is_run(worlds: Callable[[Plan], World]) -> None:
    _, first, _ = worlds(SMALL)
    _, later, _ = worlds(Plan(SMALL.agents, SMALL.days, SMALL.seed, UNTIL + timedelta(days=45)))
    assert first.digest == later.digest
    assert (first.flows, first.earners, first.done) == (later.flows, later.earners, later.done)


def test_another_seed_gives_another_ledger(worlds: Callable[[Plan], World]) -> None:
    _, first, _ = worlds(SMALL)
    _, other, _ = worlds(Plan(SMALL.agents, SMALL.days, SMALL.seed + 1, UNTIL))
    assert first.digest != other.digest


def test_the_digest_sees_an_amount_a_day_and_a_name(connection: Connection) -> None:
    community.add_agent(connection, "ada", tokens_micro=1)
    first = overview.now(connection).date()
    before = simulation_facts.ledger_digest(connection, first)
    assert before != simulation_facts.ledger_digest(connection, first - timedelta(days=1))
    community.add_agent(connection, "bob", tokens_micro=1)
    assert before != simulation_facts.ledger_digest(connection, first)


@pytest.mark.parametrize("plan", [SMALL, LIVELY], ids=["small", "lively"])
def test_all_that_must_hold_holds_afterwards(worlds: Callable[[Plan], World], plan: Plan) -> None:
    url, came_of, _ = worlds(plan)
    assert (came_of.still_open, came_of.failing, came_of.ok) == ((), (), True)
    with _real_time(url) as engine:
        assert _broken(engine) == []
        with engine.connect() as connection:
            assert sum(overview.holdings(connection).values()) == 0


def test_every_action_happens_and_squads_are_in_every_state(worlds: Callable[[Plan], World]) -> None:
    _, came_of, states = worlds(LIVELY)
    missing = {kind.__name__ for kind in get_args(Action)} - came_of.done.keys()
    assert missing == set()
    assert states == {"forming", "recruiting", "active", "harvesting", "disbanded"}
    assert set(came_of.findings) >= {"merged", "rejected"}
    kinds = {flow.kind for flow in came_of.flows}
    assert kinds >= {"seed", "contribution", "match", "sponsorship", "milestone_bonus", "fork_grant"}
    assert kinds >= {"merge_sweep", "payout", "refund", "dividend"}


def test_the_real_clock_goes_on_from_there(worlds: Callable[[Plan], World]) -> None:
    """Months later the sensors find much that is due, and break nothing."""
    url, _, _ = worlds(Plan(SMALL.agents, SMALL.days, SMALL.seed + 1, UNTIL))
    with _real_time(url) as engine:
        for _ in range(4):
            for driver in DRIVERS.values():
                run_driver(engine, driver, DriverRun("real"))
        assert _broken(engine) == []
        with engine.connect() as connection:
            assert gap_failures.of_gap(connection) == []
            late = "SELECT count(*) FROM squads.research_squads WHERE status = 'active' AND target_disband_at <= now()"
            assert connection.scalar(text(late)) == 0


def test_a_database_in_use_is_refused(database_url: str, engine: Engine) -> None:
    with engine.begin() as connection:
        community.add_agent(connection, "ada")
    clock = Clock(SMALL.start)
    with engine_at(database_url, clock) as other, pytest.raises(RefusedError) as caught:
        simulate(other, clock, SMALL)
    assert "make reset" in caught.value.remedy
    with engine.connect() as connection:
        assert overview.count_agents(connection) == 1


def test_an_interruption_between_ticks_leaves_a_whole_ledger(database_url: str, engine: Engine) -> None:
    def stop(beat: Beat) -> None:
        if beat.number == 20:
            raise KeyboardInterrupt

    clock = Clock(SMALL.start)
    with engine_at(database_url, clock) as other, pytest.raises(KeyboardInterrupt):
        simulate(other, clock, SMALL, stop)
    assert _broken(engine) == []


def test_an_interruption_amid_a_transaction_leaves_a_whole_ledger(database_url: str, engine: Engine) -> None:
    clock = Clock(SMALL.start)
    with engine_at(database_url, clock) as other:
        posted = 0

        def stop(_: Connection, __: object, statement: str, *___: object) -> None:
            nonlocal posted
            posted += "INSERT INTO squads.transfers" in statement
            if posted == 60:
                raise KeyboardInterrupt

        event.listen(other, "after_cursor_execute", stop)
        with pytest.raises(KeyboardInterrupt):
            simulate(other, clock, SMALL)
    assert _broken(engine) == []
    with engine.connect() as connection:
        assert sum(flow.transfers for flow in simulation_facts.flows(connection)) > 50


def test_time_is_set_for_every_transaction_and_goes_forward_only(database_url: str) -> None:
    clock = Clock(UNTIL)
    with engine_at(database_url, clock) as engine:
        for _ in range(2):
            with engine.begin() as connection:
                assert overview.now(connection) == clock.now
            clock.advance(clock.now + timedelta(hours=1))
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance(UNTIL)


@contextmanager
def _real_time(url: str) -> Iterator[Engine]:
    engine = database.engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _broken(engine: Engine) -> list[verification.Verdict]:
    return [verdict for verdict in verification.verify(engine, None).verdicts if verdict.total]
