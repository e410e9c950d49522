"""Verdicts and merges with several runs at once, reviews beside them, and kill -9 between any two statements."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import work
from squads_pipeline.drivers.bubble_findings import bubble_findings
from squads_pipeline.drivers.review_findings import review_findings
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.store import database
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.store.finding_invariants import FINDING_INVARIANTS, STATES
from tests.drivers.killing import kill_9
from tests.drivers.work_world import find, found, review, rows, run_both

SQUADS = ("heat", "cold", "wind")
PER_SQUAD = 4


@pytest.fixture(autouse=True)
def waiting(engine: Engine) -> None:
    found(engine, *SQUADS)
    for squad in SQUADS:
        for number in range(PER_SQUAD):
            review(engine, find(engine, f"Finding {number}", squad=squad))


def assert_merged_once(engine: Engine) -> None:
    findings = len(SQUADS) * PER_SQUAD
    assert rows(engine, "SELECT DISTINCT findings_bubbled FROM squads.research_squads") == [(PER_SQUAD,)]
    assert rows(
        engine,
        """SELECT (SELECT count(*) FROM squads.reviewed_findings), (SELECT count(*) FROM squads.bubbled_findings),
                  (SELECT count(*) FROM squads.outbox), (SELECT count(*) FROM squads.agent_contributions)""",
    ) == [(findings, findings, findings, findings * 4)]
    with engine.connect() as connection:
        for one in (STATES, *FINDING_INVARIANTS):
            assert one.find(connection, None).first == ()


def test_many_runs_at_once(engine: Engine, database_url: str) -> None:
    start = threading.Barrier(4)

    def both(_: int) -> int:
        own = database.engine(database_url)
        start.wait()
        try:
            return run_both(own)
        finally:
            own.dispose()

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(both, range(4))) == 2 * len(SQUADS) * PER_SQUAD
    assert_merged_once(engine)


def test_reviews_and_findings_beside_runs(engine: Engine, database_url: str) -> None:
    """Some reviews come too late and are refused; none is lost, and nothing waits crosswise."""
    numbers = [int(number) for (number,) in rows(engine, "SELECT id FROM squads.squad_findings")]

    def reviewer(agent: str) -> tuple[int, int]:
        own = database.engine(database_url)
        given = late = 0
        for number in numbers:
            try:
                with own.begin() as connection:
                    work.review(connection, agent, number, "accept", rationale="read")
                given += 1
            except RefusedError:
                late += 1
        own.dispose()
        return given, late

    def author(squad: str) -> None:
        own = database.engine(database_url)
        for number in range(10):
            with own.begin() as connection:
                work.log(connection, "bo", squad, "note", f"Note {number}", "…")
        own.dispose()

    with ThreadPoolExecutor(9) as threads:
        reviewed = [threads.submit(reviewer, agent) for agent in ("eve", "fay")]
        logged = [threads.submit(author, squad) for squad in SQUADS]
        ran = [threads.submit(run_both, engine) for _ in range(2)]
        counts = [one.result() for one in reviewed]
        for entries in logged:
            entries.result()
        for closed in ran:
            closed.result()
    run_both(engine)
    assert_merged_once(engine)
    assert all(given + late == len(numbers) for given, late in counts)
    counted = "SELECT sum(accepts) FROM squads.reviewed_findings"
    assert rows(engine, counted) == [(len(numbers) + sum(given for given, _ in counts),)]
    assert rows(engine, "SELECT sum(journal_entries) FROM squads.squad_members") == [(30,)]


def test_a_review_that_comes_while_a_run_decides_is_refused_after_it(
    engine: Engine, database_url: str
) -> None:
    def late() -> str:
        own = database.engine(database_url)
        try:
            with own.begin() as connection:
                work.review(connection, "eve", 1, "reject", rationale="no")
        except RefusedError as error:
            return str(error)
        finally:
            own.dispose()
        return "taken"

    with engine.connect() as running, ThreadPoolExecutor(1) as threads:
        review_findings(running, DriverRun("running"))
        reviewed = threads.submit(late)
        with engine.connect() as watching:
            while not watching.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                watching.rollback()
        running.commit()
        assert reviewed.result().endswith("it is reviewed already")


@pytest.mark.parametrize(("gap", "statements"), [("reviewed_findings", 9), ("bubbled_findings", 12)])
def test_kill_9_between_any_two_statements(
    engine: Engine, database_url: str, gap: str, statements: int
) -> None:
    if gap == "bubbled_findings":
        run_driver(engine, review_findings, DriverRun("before"))
    killed_before = 0
    while rows(engine, f"SELECT count(*) FROM squads.{gap}") == [(0,)]:
        kill_9(database_url, gap, killed_before)
        killed_before += 1
    # The last one died after its commit: everything is there, and once.
    assert killed_before > statements, "the driver has more statements than that"
    run_driver(engine, review_findings, DriverRun("after"))
    run_driver(engine, bubble_findings, DriverRun("after"))
    assert_merged_once(engine)
