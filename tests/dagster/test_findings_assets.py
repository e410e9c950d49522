"""Materializing verdicts, merges and deliveries: today they work, the past they audit; checks name what is wrong."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import Engine

from assets.driven import DrivenConfig
from assets.finding_checks import FINDING_CHECKS
from assets.findings import FINDING_ASSETS, delivered_messages, reviewed_findings
from assets.sources import SOURCES
from resources.database import Database
from sensors.gaps import DRIVER_TAG, gap_sensor
from squads_pipeline.commands import work
from squads_pipeline.definitions import defs
from squads_pipeline.drivers.knowledge_sinks import VARIABLE
from tests.dagster.conftest import checks_of, failed_checks, metadata_of, tamper
from tests.dagster.test_gap_sensor import evaluated
from tests.drivers.work_world import DAY, bubble, decide, find, found, harvest, review, rows

NAMES = ("reviewed_findings", "bubbled_findings", "delivered_messages")
Run = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def run(database_url: str, instance: dg.DagsterInstance) -> Run:
    """Materialize assets with their checks for a day."""

    def materialize(day: date, *names: str, config: dg.RunConfig | None = None) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            [*SOURCES, *FINDING_ASSETS, *FINDING_CHECKS],
            selection=dg.AssetSelection.assets(*(names or NAMES)),
            partition_key=day.isoformat(),
            resources={"database": Database(url=database_url)},
            run_config=config,
            instance=instance,
            raise_on_error=False,
        )

    return materialize


@pytest.fixture
def reviewed(engine: Engine) -> Engine:
    """A finding that a review has accepted, and one that nobody has reviewed."""
    found(engine)
    review(engine, find(engine, "Warm"))
    find(engine, "Cold")
    return engine


@pytest.fixture
def history(reviewed: Engine) -> Engine:
    """The same, decided and merged on a past day."""
    decide(reviewed)
    bubble(reviewed)
    return reviewed


@pytest.mark.usefixtures("reviewed")
def test_today_a_finding_goes_from_its_review_to_the_knowledge_graph(
    run: Run, today: date, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, f"file:{tmp_path / 'graph.jsonl'}")
    result = run(today)
    assert result.success
    assert set(checks_of(result).values()) == {True}
    assert set(checks_of(result)) == {
        "findings_are_where_their_facts_are",
        "verdicts_recompute_equal",
        "findings_bubble_once",
        "merges_have_their_message",
        "credits_recompute_equal",
    }
    told = {name: metadata_of(result, name)[today.isoformat()] for name in NAMES}
    assert [one["units"] for one in told.values()] == [1, 1, 1]
    assert [one["dagster/partition_row_count"] for one in told.values()] == [1, 1, 1]
    assert {(one["gap before, units"], one["gap after, units"]) for one in told.values()} == {(1, 0)}
    assert (told["reviewed_findings"]["accepted"], told["bubbled_findings"]["credits"]) == (1, 4)
    assert len((tmp_path / "graph.jsonl").read_text().splitlines()) == 1
    again = run(today)
    assert again.success
    assert [metadata_of(again, name)[today.isoformat()]["units"] for name in NAMES] == [0, 0, 0]


def test_a_dry_run_merges_nothing(reviewed: Engine, run: Run, today: date) -> None:
    decide(reviewed)
    config = dg.RunConfig(ops={"bubbled_findings": DrivenConfig(dry_run=True)})
    result = run(today, "bubbled_findings", config=config)
    assert result.success
    assert result.asset_materializations_for_node("bubbled_findings") == []
    assert rows(reviewed, "SELECT count(*) FROM squads.bubbled_findings") == [(0,)]


def test_a_past_day_is_audited_and_nothing_is_written(history: Engine, run: Run) -> None:
    before = rows(
        history, "SELECT (SELECT count(*) FROM squads.driver_runs), max(xmin::text) FROM squads.outbox"
    )
    result = run(date.fromisoformat(DAY))
    assert result.success
    told = {name: metadata_of(result, name)[DAY] for name in NAMES}
    assert {one["action"] for one in told.values()} == {"audited"}
    assert [one["differences"] for one in told.values()] == [0, 0, 0]
    assert (told["reviewed_findings"]["audited verdicts"], told["bubbled_findings"]["audited merges"]) == (
        1,
        1,
    )
    assert told["delivered_messages"]["messages waiting"] == 1
    assert (
        rows(history, "SELECT (SELECT count(*) FROM squads.driver_runs), max(xmin::text) FROM squads.outbox")
        == before
    )


@pytest.mark.parametrize(
    ("table", "change", "asset", "check"),
    [
        ("finding_reviews", "verdict = 'reject'", "reviewed_findings", "verdicts_recompute_equal"),
        ("squad_findings", "bubble_up_status = 'rejected', bubbled_at = NULL WHERE title = 'Warm'", "reviewed_findings",
         "findings_are_where_their_facts_are"),
        ("agent_contributions", "agent_id = 'eve' WHERE agent_id = 'bo'", "bubbled_findings",
         "credits_recompute_equal"),
        ("research_squads", "findings_bubbled = 0", "bubbled_findings", "findings_bubble_once"),
        ("outbox", "message_key = 'x'", "delivered_messages", "merges_have_their_message"),
    ],
)  # fmt: skip
def test_a_difference_fails_the_run_of_its_day(
    history: Engine, run: Run, table: str, change: str, asset: str, check: str
) -> None:
    with history.begin() as connection:
        tamper(connection, table, change)
    result = run(date.fromisoformat(DAY), asset)
    assert not result.success
    assert check in failed_checks(result)


def test_a_tick_asks_for_a_verdict_and_not_for_a_reviewer(
    engine: Engine, instance: dg.DagsterInstance, database: Database, today: date
) -> None:
    sensor = gap_sensor(reviewed_findings, stay=timedelta(0))
    closed = "no gap: gaps.reviewed_findings is empty, nothing is missing now"
    found(engine, review_window_seconds=31_536_000)
    number = find(engine)
    harvest(engine, "heat", f"{today} 00:00+00")
    assert evaluated(sensor, instance, database).skip_message == closed  # it waits, and is not due
    with engine.begin() as connection:
        work.review(connection, "cy", number, "accept", rationale="read")
    [request] = evaluated(sensor, instance, database).run_requests or []
    assert request.partition_key == today.isoformat()
    assert request.tags[DRIVER_TAG] == "review_findings"


@pytest.mark.usefixtures("history")
def test_the_delivery_sensor_does_not_spin(
    instance: dg.DagsterInstance,
    database_url: str,
    run: Run,
    today: date,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a sink nothing is due; with one that fails, nothing until the retry."""
    sensor = gap_sensor(delivered_messages, stay=timedelta(0))

    def asked() -> int:
        database = Database(url=database_url)
        try:
            return len(evaluated(sensor, instance, database).run_requests or [])
        finally:
            database.close()

    monkeypatch.delenv(VARIABLE, raising=False)
    assert asked() == 0
    monkeypatch.setenv(VARIABLE, f"file:{tmp_path}")  # a folder cannot be appended to
    assert asked() == 1
    result = run(today, "delivered_messages")
    assert result.success
    told = metadata_of(result, "delivered_messages")[today.isoformat()]
    assert (told["units"], told["messages failed"]) == (0, 1)
    assert "Is a directory" in str(told["first error"])
    assert asked() == 0


def test_the_lineage_goes_from_findings_to_messages() -> None:
    graph = defs.resolve_asset_graph()
    parents = {name: graph.get(dg.AssetKey(name)).parent_keys for name in NAMES}
    named = {name: {key.to_user_string() for key in keys} for name, keys in parents.items()}
    assert named == {
        "reviewed_findings": {"squad_findings", "finding_reviews", "research_squads", "squad_rosters"},
        "bubbled_findings": {
            *("reviewed_findings", "squad_findings", "finding_reviews", "research_squads", "squad_join_bids")
        },
        "delivered_messages": {"bubbled_findings"},
    }
