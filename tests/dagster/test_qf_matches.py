"""Materializing qf_matches: today it pays, the past it audits, the future it refuses; two at once are one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import dagster as dg
import pytest
from sqlalchemy import Connection, text

from squads_pipeline.drivers.audit_matches import audit_day
from squads_pipeline.drivers.days import Story, on_day, run_days
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.run import DriverRun, Outcome, run_driver
from squads_pipeline.store.errors import RefusedError
from tests.dagster.conftest import Community, Materialize, checks_of, metadata_of, run_assets

PAST = "2026-02-03"


def test_today_it_pays_and_every_check_is_green(
    people: Community, materialize: Materialize, today: date
) -> None:
    people.give(("a", "x", 10), ("b", "x", 10), ("c", "y", 5))
    result = materialize("qf_matches", first=today)
    assert result.success
    # (√10 + √10)² = 40; a lone contributor is matched nothing.
    assert people.rows("SELECT squad_id, match_micro FROM squads.qf_matches ORDER BY 1") == [
        ("x", 40_000_000),
        ("y", 0),
    ]
    assert set(checks_of(result).values()) == {True}
    assert len(checks_of(result)) == 10


def test_the_run_tells_what_it_did(people: Community, materialize: Materialize, today: date) -> None:
    people.give(("a", "x", 10), ("b", "x", 10))
    result = materialize("qf_matches", first=today)
    told = metadata_of(result, "qf_matches")[today.isoformat()]
    assert told["action"] == "drove"
    assert (told["gap before, units"], told["gap before, tokens"]) == (1, "20")
    assert (told["gap after, units"], told["gap after, tokens"]) == (0, "0")
    assert (told["round"], told["contributions claimed"], told["claimed, tokens"]) == (1, 2, "20")
    assert (told["minted, tokens"], told["matched, tokens"]) == ("100,000", "40")
    assert told["dagster/partition_row_count"] == 1
    assert "| x | 2 | 20 | 40 | 40 | paid in full |" in str(told["largest matches"])


def test_a_second_run_writes_nothing(people: Community, materialize: Materialize, today: date) -> None:
    people.give(("a", "x", 10), ("b", "x", 10))
    versions = {_version(materialize("qf_matches", first=today)) for _ in range(2)}
    assert len(versions) == 1
    assert (people.count("squads.qf_rounds"), people.count("squads.driver_runs")) == (1, 1)


def test_two_runs_at_once_pay_once(people: Community, database_url: str, today: date) -> None:
    people.give(("a", "x", 10), ("b", "x", 10))

    def run() -> bool:
        with dg.DagsterInstance.ephemeral() as instance:
            return run_assets(database_url, instance, ["qf_matches"], today, today).success

    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(run) for _ in range(2)]
    assert [one.result() for one in runs] == [True, True]
    assert people.rows("SELECT round_id, match_micro FROM squads.qf_matches") == [(1, 40_000_000)]


def test_a_dry_run_says_what_the_real_run_then_does_and_writes_nothing(
    people: Community, materialize: Materialize, today: date
) -> None:
    people.give(("a", "x", 10), ("b", "x", 10))
    planned = materialize("qf_matches", first=today, dry_run=True)
    assert planned.success
    assert people.count("squads.qf_rounds") == 0
    assert planned.asset_materializations_for_node("qf_matches") == []
    assert checks_of(planned) == {}
    (observation,) = [
        event.event_specific_data.asset_observation  # type: ignore[union-attr]
        for event in planned.all_events
        if event.event_type_value == "ASSET_OBSERVATION"
    ]
    plan = {name: value.value for name, value in observation.metadata.items()}
    done = metadata_of(materialize("qf_matches", first=today), "qf_matches")[today.isoformat()]
    for name in ("units", "moved, tokens", "round", "due, tokens", "budget, tokens", "matched, tokens"):
        assert plan[name] == done[name]


def test_a_past_day_is_audited_and_nothing_is_written(empty: Community, materialize: Materialize) -> None:
    empty.found(f"{PAST} 08:00+00")
    empty.give(("a", "x", 10), ("b", "x", 10), moment=f"{PAST} 09:00+00")
    empty.round(f"{PAST} 10:00+00")
    empty.give(("a", "x", 7), ("c", "y", 3), moment=f"{PAST} 11:00+00")
    empty.round(f"{PAST} 12:00+00")
    empty.give(("a", "y", 5), ("b", "y", 5))  # an open gap, which a run for the past must leave alone
    before = empty.count("squads.transfers")
    result = materialize("qf_matches", first=date.fromisoformat(PAST))
    assert result.success
    told = metadata_of(result, "qf_matches")[PAST]
    assert told["action"] == "audited"
    assert (told["audited rounds"], told["audited matches"], told["differences"]) == (2, 3, 0)
    assert (empty.count("squads.transfers"), empty.count("squads.qf_rounds")) == (before, 2)
    assert checks_of(result)["rounds_recompute_equal"]


def test_the_future_is_refused_in_words(people: Community, today: date) -> None:
    with pytest.raises(RefusedError, match="has not begun"):
        run_days(
            people.engine, [today, today + timedelta(1)], Story(match_round, audit_day), DriverRun("run")
        )
    assert people.count("squads.qf_rounds") == 0


def test_what_a_person_can_mend_fails_without_a_traceback(
    empty: Community, materialize: Materialize, today: date
) -> None:
    with empty.engine.begin() as connection:
        connection.execute(text("ALTER TABLE squads.policy_adoptions RENAME TO hidden"))
        connection.execute(text("CREATE TABLE squads.policy_adoptions (LIKE squads.hidden INCLUDING ALL)"))
    result = materialize("qf_matches", first=today)
    assert not result.success
    failure = result.failure_data_for_node("qf_matches")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert failure.user_failure_data.description == "No policy is in force"
    assert (
        failure.user_failure_data.metadata["what to do"].value
        == "Set the database up with `squads db start`."
    )


def test_a_run_that_midnight_overtakes_writes_nothing(people: Community, today: date) -> None:
    people.give(("a", "x", 10), ("b", "x", 10))

    def slow(connection: Connection, run: DriverRun) -> Outcome:
        outcome = match_round(connection, run)
        connection.execute(text("SET LOCAL squads.clock = 'tomorrow'"))
        return outcome

    outcome = run_driver(people.engine, on_day(today, slow, audit_day), DriverRun("late"))
    assert (outcome.units, outcome.moved_micro) == (0, 0)
    assert outcome.facts == {"action": "midnight passed while it ran, so it wrote nothing"}
    assert (people.count("squads.qf_rounds"), people.count("squads.qf_unclaimed")) == (0, 2)


def test_a_range_of_days_is_one_run(empty: Community, materialize: Materialize, today: date) -> None:
    first = today - timedelta(3)
    empty.found(f"{first} 08:00+00")
    empty.give(("a", "x", 10), ("b", "x", 10), moment=f"{first} 09:00+00")
    empty.round(f"{first} 10:00+00")
    empty.give(("a", "x", 5), ("b", "y", 10))
    result = materialize("qf_matches", "squad_pools", "mechanism_comparison", first=first, last=today)
    assert result.success
    told = metadata_of(result, "qf_matches")
    assert [told[day]["action"] for day in sorted(told)] == ["audited", "audited", "audited", "drove"]
    assert [told[day]["dagster/partition_row_count"] for day in sorted(told)] == [1, 0, 0, 2]
    assert set(checks_of(result).values()) == {True}


def _version(result: dg.ExecuteInProcessResult) -> str:
    (event,) = result.asset_materializations_for_node("qf_matches")
    return str((event.tags or {})["dagster/data_version"])
