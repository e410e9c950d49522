"""Verdicts on findings: by enough reviews at once, by time-out to the second, under the squad that answers."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import work
from squads_pipeline.drivers.review_findings import review_findings
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.store import gap_failures, gaps
from squads_pipeline.store.errors import RefusedError
from tests.drivers.work_world import (
    DAY,
    NOON,
    at,
    decide,
    due,
    find,
    found,
    harvest,
    merge,
    review,
    rows,
)

GAP = "reviewed_findings"
VERDICTS = """SELECT finding_id, verdict, reason, accepts, rejects, confidence::text, reviewed_by
              FROM squads.reviewed_findings ORDER BY 1"""
STATES = "SELECT bubble_up_status, reviewed_by FROM squads.squad_findings ORDER BY id"
# The squad harvests from noon on, and waits for 172,800 seconds.
BEFORE, EXACTLY = "2026-02-05 11:59:59.999999+00", "2026-02-05 12:00:00+00"


def units(engine: Engine, moment: str) -> list[gaps.Unit]:
    with at(engine, moment) as connection:
        return gaps.units(connection, GAP, 10)


def test_reviews_decide_at_once_while_the_squad_is_active(engine: Engine) -> None:
    found(engine)
    warm, cold, third = find(engine, "Warm"), find(engine, "Cold"), find(engine, "Third")
    assert units(engine, NOON) == []  # nothing to do in an active squad until somebody has reviewed
    review(engine, warm, ppm=900_001)
    review(engine, cold, "reject")
    assert due(engine, GAP, NOON) == [f"finding:{warm}", f"finding:{cold}"]
    outcome = decide(engine)
    assert (outcome.units, outcome.moved_micro) == (2, 0)
    assert outcome.facts == {"accepted": 1, "rejected": 1, "timed_out": 0}
    assert rows(engine, VERDICTS) == [
        (warm, "accepted", "reviews", 1, 0, "0.900001", "cy"),
        (cold, "rejected", "reviews", 0, 1, "0.500000", "cy"),
    ]
    assert rows(engine, STATES) == [("reviewed", "cy"), ("rejected", "cy"), ("pending", None)]
    assert units(engine, NOON) == []
    assert rows(engine, "SELECT driver, units, moved_micro FROM squads.driver_runs") == [
        ("review_findings", 2, 0)
    ]
    assert rows(engine, "SELECT DISTINCT effective_on::text FROM squads.reviewed_findings") == [(DAY,)]
    assert third


def test_a_harvesting_squad_waits_for_reviewers_and_says_so(engine: Engine) -> None:
    found(engine)
    number = find(engine)
    harvest(engine, "heat", NOON)
    [unit] = units(engine, NOON)
    assert unit.unit == f"finding:{number}"
    assert unit.since == datetime(2026, 2, 5, 12, tzinfo=UTC)
    assert unit.reason.startswith(f"waits for a review: `squads review {number} accept|reject")
    assert due(engine, GAP, BEFORE) == []


def test_the_time_out_is_exact(engine: Engine) -> None:
    found(engine, reviews_needed=2)
    number = find(engine, confidence_ppm=700_000)
    review(engine, number, ppm=800_000)
    harvest(engine, "heat", NOON)
    assert decide(engine, BEFORE).units == 0
    assert rows(engine, STATES) == [("pending", None)]
    assert decide(engine, EXACTLY).facts == {"accepted": 0, "rejected": 1, "timed_out": 1}
    assert rows(engine, VERDICTS) == [(number, "rejected", "review_timeout", 1, 0, "0.800000", None)]
    assert rows(engine, STATES) == [("rejected", None)]


def test_a_review_in_the_last_moment_counts(engine: Engine) -> None:
    found(engine)
    number = find(engine)
    harvest(engine, "heat", NOON)
    review(engine, number, moment=BEFORE)
    assert decide(engine, EXACTLY).facts["accepted"] == 1
    with at(engine, EXACTLY) as connection, pytest.raises(RefusedError, match="it is reviewed already"):
        work.review(connection, "eve", number, "reject", rationale="too late")


def test_the_number_needed_is_the_policys(engine: Engine) -> None:
    found(engine, reviews_needed=3)
    number = find(engine)
    review(engine, number, "reject", by="cy")
    review(engine, number, "accept", by="eve", ppm=600_000)
    assert due(engine, GAP, NOON) == []
    review(engine, number, "accept", by="fay", ppm=600_001)
    review(engine, number, "reject", by="dee")
    decide(engine)  # two to two: a tie rejects
    assert rows(engine, VERDICTS) == [(number, "rejected", "reviews", 2, 2, "0.600000", "fay")]


def test_a_merged_squads_findings_follow_the_home(engine: Engine) -> None:
    found(engine, "heat", "home")
    number = find(engine)
    merge(engine, "heat", "home")
    assert units(engine, NOON) == []
    harvest(engine, "home", NOON)
    assert [unit.since for unit in units(engine, NOON)] == [datetime(2026, 2, 5, 12, tzinfo=UTC)]
    decide(engine, EXACTLY)
    assert rows(engine, "SELECT finding_id, squad_id, reason FROM squads.reviewed_findings") == [
        (number, "home", "review_timeout")
    ]


def test_an_unknown_beginning_of_the_harvest_rejects_nothing(engine: Engine) -> None:
    found(engine)
    find(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE squads.research_squads SET status = 'harvesting'"))
    assert units(engine, "2030-01-01 00:00+00") == []


def test_a_second_run_writes_nothing_and_a_dry_run_neither(engine: Engine) -> None:
    found(engine)
    review(engine, find(engine))
    plan = run_driver(engine, review_findings, DriverRun("dry"), dry_run=True)
    assert rows(engine, "SELECT count(*) FROM squads.reviewed_findings") == [(0,)]
    assert run_driver(engine, review_findings, DriverRun("real")) == plan
    before = rows(engine, "SELECT xmin::text FROM squads.squad_findings")
    assert run_driver(engine, review_findings, DriverRun("again")).units == 0
    assert rows(engine, "SELECT xmin::text FROM squads.squad_findings") == before
    assert rows(engine, "SELECT count(*) FROM squads.driver_runs") == [(1,)]


def test_one_that_fails_does_not_stop_the_others(engine: Engine) -> None:
    found(engine)
    numbers = [find(engine, title) for title in ("One", "Two", "Three")]
    for number in numbers:
        review(engine, number)
    with engine.begin() as connection:
        connection.execute(
            text(f"""ALTER TABLE squads.reviewed_findings
                     ADD CONSTRAINT broken CHECK (finding_id <> {numbers[1]})""")
        )
    assert decide(engine).facts == {"accepted": 2, "rejected": 0, "timed_out": 0, "units_failed": 1}
    with engine.connect() as connection:
        [failure] = gap_failures.of_gap(connection, GAP)
    assert failure.unit == f"finding:{numbers[1]}"
    assert failure.retry_at - failure.first_failed_at == timedelta(minutes=1)


def test_an_idle_look_reads_no_table_through(engine: Engine) -> None:
    found(engine)
    find(engine)
    with engine.connect() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off"))
        for gap in (GAP, "bubbled_findings", "delivered_messages"):
            plan = "\n".join(connection.scalars(text(f"EXPLAIN SELECT FROM squads.missing_{gap}")))
            for history in (
                "squad_findings",
                "finding_reviews",
                "reviewed_findings",
                "outbox",
                "squad_events",
            ):
                assert f"Seq Scan on {history} " not in plan, plan
