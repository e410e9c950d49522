"""Restated matches: new revisions, corrections of the difference, what cannot be moved, and nothing twice."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import dagster as dg
import pytest

from squads_pipeline.drivers.audit_matches import audit, audit_day, audit_range, findings_between
from squads_pipeline.drivers.days import Story, run_days
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.restate_matches import restate_day
from squads_pipeline.drivers.run import DriverRun, Outcome
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.store import ledger, policies
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.store.invariants import INVARIANTS
from squads_pipeline.store.ledger import TransferRequest
from squads_pipeline.store.stamp import Stamp
from tests.dagster.conftest import Community, Materialize, checks_of, failed_checks, metadata_of, run_assets

DAY = date(2026, 2, 3)
STORY = Story(match_round, audit_day, audit_range, restate_day)


@pytest.fixture
def history(empty: Community) -> Community:
    """Round 1 on the day pays x 40 tokens: (√10 + √10)²; y, with one contributor, nothing."""
    empty.found(f"{DAY} 08:00+00")
    empty.give(("a", "x", 10), ("b", "x", 10), ("c", "y", 5), moment=f"{DAY} 09:00+00")
    empty.round(f"{DAY} 10:00+00")
    return empty


def underpaid(history: Community, micro: int = 30_000_000) -> None:
    """Make it as if an older version of the rules had decided and paid 30 tokens, or another amount."""
    less = 40_000_000 - micro
    history.tamper("qf_rounds", "rule_version = '0'")
    history.tamper("qf_matches", "rule_version = '0'")
    history.tamper("qf_matches", f"match_micro = {micro}, reason = 'older rules' WHERE squad_id = 'x'")
    history.tamper("transfers", f"amount_micro = {micro} WHERE idempotency_key = 'match:1:x:0'")
    match = "(SELECT id FROM squads.transfers WHERE idempotency_key = 'match:1:x:0')"
    history.tamper("squad_grants", f"amount_micro = {micro} WHERE id = {match}")
    history.tamper(
        "entries",
        f"amount_micro = sign(amount_micro) * {micro},"
        f" balance_after_micro = balance_after_micro - sign(amount_micro) * {less} WHERE transfer_id = {match}",
    )
    history.write(f"UPDATE squads.accounts SET balance_micro = balance_micro - {less} WHERE name = 'squad:x'")
    history.write(
        f"UPDATE squads.accounts SET balance_micro = balance_micro + {less} WHERE name = 'matching_pool'"
    )
    history.write(f"UPDATE squads.qf_standings SET matched_micro = {micro} WHERE squad_id = 'x'")


def restate(history: Community, *, dry_run: bool = False, day: date = DAY) -> Outcome:
    return run_days(
        history.engine, [day], STORY, DriverRun("restating"), dry_run=dry_run, reason="older rules"
    )[day]


def matches(history: Community) -> list[tuple[object, ...]]:
    return history.rows("SELECT squad_id, revision, match_micro, reason FROM squads.qf_matches ORDER BY 1, 2")


def pool(history: Community, squad: str = "x") -> int:
    return int(
        str(history.rows(f"SELECT balance_micro FROM squads.accounts WHERE name = 'squad:{squad}'")[0][0])
    )


def assert_everything_holds(history: Community) -> None:
    with history.engine.connect() as connection:
        broken = {name: one.find(connection, None).first for name, one in INVARIANTS.items()}
        broken["recomputed"] = findings_between(connection, DAY).first
    assert not any(broken.values()), broken


def spend(history: Community, micro: int) -> None:
    """Take money out of the pool of x, so that it keeps so much."""
    with history.engine.begin() as connection:
        found = ledger.find_accounts(connection, ["squad:x", "treasury"])
        ledger.lock_accounts(connection, [one.id for one in found.values()])
        here, there = found["squad:x"], found["treasury"]
        request = TransferRequest("correction", here.id, there.id, here.balance_micro - micro, "spent")
        policy = policy_id(policies.current(connection))
        ledger.post(connection, [request], Stamp("test", "test", policy, "1"))


def test_a_tampered_fact_is_found_with_both_values_and_the_difference_and_put_right(
    history: Community, materialize: Materialize
) -> None:
    history.tamper("qf_matches", "match_micro = 35000000 WHERE squad_id = 'x'")
    found = failed_checks(materialize("qf_matches", first=DAY))
    assert (
        "round 1, squad x: match_micro | 40000000 | 35000000 | -5 tokens |" in found["rounds_recompute_equal"]
    )
    result = materialize("qf_matches", first=DAY, restate="a fact was changed")
    assert result.success
    assert set(checks_of(result).values()) == {True}
    told = metadata_of(result, "qf_matches")[DAY.isoformat()]
    assert (told["action"], told["restated facts"], told["paid besides, tokens"]) == ("restated", 1, "0")
    assert "| round 1, squad x | squad:x | 35 | 40 | 0 | 0 | 0 |" in str(told["who gains and loses"])
    # The transfer had been right: nothing moves, and the revision that was wrong can still be read.
    assert history.count("squads.transfers WHERE kind = 'correction'") == 0
    assert [row[:3] for row in matches(history)] == [
        ("x", 0, 35_000_000),
        ("x", 1, 40_000_000),
        ("y", 0, 0),
    ]
    assert_everything_holds(history)


def test_a_fact_of_other_rules_is_said_to_be_and_restated_by_the_rules_of_today(
    history: Community, materialize: Materialize
) -> None:
    underpaid(history)
    audited = metadata_of(result := materialize("qf_matches", first=DAY), "qf_matches")[DAY.isoformat()]
    assert result.success
    assert (audited["rounds of other rules"], audited["audited matches"], audited["differences"]) == (1, 0, 0)
    done = restate(history)
    assert (done.units, done.moved_micro) == (1, 10_000_000)
    assert matches(history)[:2] == [
        ("x", 0, 30_000_000, "older rules"),
        ("x", 1, 40_000_000, "paid in full"),
    ]
    assert pool(history) == 60_000_000
    assert history.rows("SELECT matched_micro FROM squads.qf_standings WHERE squad_id = 'x'") == [
        (40_000_000,)
    ]
    assert history.rows(
        "SELECT kind, amount_micro, reason, run_id, effective_on = squads.utc_day(squads.clock())"
        " FROM squads.transfers WHERE idempotency_key = 'correction:match:1:x:1'"
    ) == [("correction", 10_000_000, "older rules", "restating", True)]
    assert history.rows(
        "SELECT effective_on, rule_version, driver FROM squads.qf_matches WHERE revision = 1"
    ) == [(DAY, "1", "restate_matches")]
    assert_everything_holds(history)


def test_twice_writes_nothing_the_second_time(history: Community) -> None:
    underpaid(history)
    restate(history)
    before = [
        history.count(f"squads.{one}") for one in ("transfers", "qf_matches", "restatements", "driver_runs")
    ]
    again = restate(history)
    assert (again.units, again.moved_micro, again.changes) == (0, 0, ())
    assert before == [
        history.count(f"squads.{one}") for one in ("transfers", "qf_matches", "restatements", "driver_runs")
    ]


def test_a_dry_run_says_who_gains_what_and_writes_nothing(
    history: Community,
) -> None:
    underpaid(history)
    planned = restate(history, dry_run=True)
    assert history.count("squads.restatements") == history.count("squads.qf_matches WHERE revision > 0") == 0
    assert (pool(history), planned) == (50_000_000, restate(history))
    (change,) = planned.changes
    assert (change.holder, change.was_micro, change.is_micro, change.moved_micro) == (
        "squad:x",
        30_000_000,
        40_000_000,
        10_000_000,
    )


def test_what_was_spent_is_unrecovered_and_said_so(history: Community) -> None:
    underpaid(history, 55_000_000)
    spend(history, 4_000_000)
    done = restate(history)
    assert (done.moved_micro, done.facts["taken_back_micro"], done.facts["unrecovered_micro"]) == (
        4_000_000,
        4_000_000,
        11_000_000,
    )
    assert pool(history) == 0
    assert history.rows("SELECT moved_micro, unrecovered_micro FROM squads.restatements") == [
        (-4_000_000, 11_000_000)
    ]
    assert_everything_holds(history)
    assert restate(history).units == 0


def test_what_is_owed_to_a_closed_account_is_undeliverable_and_said_so(history: Community) -> None:
    underpaid(history)
    spend(history, 0)
    history.write("UPDATE squads.accounts SET closed_at = now() WHERE name = 'squad:x'")
    done = restate(history)
    assert (done.moved_micro, done.facts["undeliverable_micro"]) == (0, 10_000_000)
    assert_everything_holds(history)
    assert restate(history).units == 0


def test_later_rounds_rest_on_what_was_restated(history: Community) -> None:
    underpaid(history)
    history.give(("a", "x", 30), ("b", "x", 30), moment=f"{DAY + timedelta(1)} 09:00+00")
    history.round(f"{DAY + timedelta(1)} 10:00+00")  # (√40 + √40)² = 160, of which 30 were paid
    assert pool(history) == (20 + 60 + 160) * 1_000_000
    days = [DAY, DAY + timedelta(1)]
    done = run_days(history.engine, days, STORY, DriverRun("restating"), reason="older rules")
    assert [done[day].facts["paid_besides_micro"] for day in days] == [10_000_000, 0]
    assert done[days[1]].facts["taken_back_micro"] == 10_000_000
    assert pool(history) == (20 + 60 + 160) * 1_000_000
    assert_everything_holds(history)


def test_a_row_that_is_gone_and_one_too_many(history: Community) -> None:
    history.tamper("qf_matches", "squad_id = 'y', revision = 5 WHERE squad_id = 'x'")
    restate(history)
    assert [row[:3] for row in matches(history)] == [
        ("x", 1, 40_000_000),
        ("y", 0, 0),
        ("y", 5, 40_000_000),
        ("y", 6, 0),
    ]
    assert pool(history) == 60_000_000
    assert_everything_holds(history)


def test_without_a_reason_and_today_are_refused(
    history: Community, materialize: Materialize, today: date
) -> None:
    for day, reason, said in ((DAY, " ", "without a reason"), (today, "why", "is not over")):
        with pytest.raises(RefusedError, match=said):
            run_days(history.engine, [day], STORY, DriverRun("run"), reason=reason)
    result = materialize("qf_matches", first=DAY, restate="")
    failure = result.failure_data_for_node("qf_matches")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert failure.user_failure_data.description == "A restatement without a reason"


def test_two_at_once_restate_once(history: Community, database_url: str) -> None:
    underpaid(history)

    def run() -> bool:
        with dg.DagsterInstance.ephemeral() as instance:
            return run_assets(database_url, instance, ["qf_matches"], DAY, DAY, restate="older rules").success

    with ThreadPoolExecutor(2) as threads:
        assert [one.result() for one in [threads.submit(run) for _ in range(2)]] == [True, True]
    assert history.count("squads.restatements") == 1
    assert pool(history) == 60_000_000


def test_a_restatement_that_is_another_ones_is_found(history: Community) -> None:
    underpaid(history)
    restate(history)
    history.tamper("transfers", "amount_micro = 1 WHERE kind = 'correction'")
    with history.engine.connect() as connection:
        found = INVARIANTS["I6"].find(connection, None).first
        assert {one.subject for one in found} == {"round 1, squad x", "restatement 1 of match:1:x"}
        assert any(one.field == "transfer" for one in audit(connection, DAY, DAY).differences)


KILLED = """
import os, signal, sys
from datetime import date
from sqlalchemy import event
from squads_pipeline.drivers.restate_matches import restate_day
from squads_pipeline.drivers.run import DriverRun, transaction
from squads_pipeline.store import database

url, last, day = sys.argv[1], int(sys.argv[2]), date.fromisoformat(sys.argv[3])
engine = database.engine(url)
seen = 0

def die(*_):
    global seen
    seen += 1
    if seen > last:
        os.kill(os.getpid(), signal.SIGKILL)

with engine.connect():
    pass
event.listen(engine, "before_cursor_execute", die)
event.listen(engine, "commit", die)
with transaction(engine, dry_run=False) as connection:
    restate_day(connection, day, "older rules", DriverRun("killed"))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_9_leaves_all_or_nothing(history: Community, database_url: str) -> None:
    underpaid(history)
    # Between any of the first statements, before the last ones, and after the commit.
    for killed_before in (0, 3, 8, 12, 16, 20, 24, 28, 100):
        command = [sys.executable, "-c", KILLED, database_url, str(killed_before), DAY.isoformat()]
        assert subprocess.run(command, check=False).returncode == -9
        restated = history.count("squads.restatements")
        assert history.count("squads.transfers WHERE kind = 'correction'") == restated
        assert pool(history) == 50_000_000 + restated * 10_000_000
    restate(history)
    assert pool(history) == 60_000_000
    assert_everything_holds(history)
