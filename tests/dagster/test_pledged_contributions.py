"""Materializing pledged_contributions: today it pays, the past it audits; its sensor, its checks, its lineage."""

from datetime import date, timedelta

import dagster as dg
import pytest
from sqlalchemy import text

from assets.pledges import pledged_contributions
from resources.database import Database
from sensors.gaps import DRIVER_TAG, gap_sensor
from squads_pipeline.commands import pledging
from squads_pipeline.definitions import defs
from squads_pipeline.drivers.audit_pledges import audit_day, findings_between
from squads_pipeline.drivers.honour_pledges import honour_pledges
from squads_pipeline.drivers.run import DriverRun
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import policies
from tests.dagster.conftest import Community, Materialize, checks_of, failed_checks, metadata_of, tamper
from tests.dagster.test_gap_sensor import evaluated

PAST = "2026-02-03"
SENSOR = gap_sensor(pledged_contributions, stay=timedelta(0))


def pledge(people: Community, *agents: str, moment: str | None = None) -> None:
    with people.at(moment) as connection:
        # A cycle of a month, so that no test crosses into the next one.
        policy = Policy(settle_count=2, pledge_cycle_seconds=2_592_000)
        policies.adopt(connection, policy, adopted_by="test", reason="a month's cycle")
        for agent in agents:
            pledging.pledge(connection, agent, ())


@pytest.fixture
def history(empty: Community) -> Community:
    """Two agents' pledges honoured on a past day: a and b pay x 50 tokens, then y 47.5."""
    empty.found(f"{PAST} 08:00+00")
    pledge(empty, "a", "b", moment=f"{PAST} 08:30+00")
    with empty.at(f"{PAST} 09:00+00") as connection:
        honour_pledges(connection, DriverRun("past"))
    return empty


def test_today_it_pays_and_every_check_is_green(
    people: Community, materialize: Materialize, today: date
) -> None:
    pledge(people, "a", "b")
    result = materialize("pledged_contributions", first=today)
    assert result.success
    assert set(checks_of(result).values()) == {True}
    assert len(checks_of(result)) == 8
    told = metadata_of(result, "pledged_contributions")[today.isoformat()]
    assert (told["gap before, units"], told["gap after, units"]) == (2, 0)
    assert (told["action"], told["contributions"], told["contributed, tokens"]) == ("drove", 4, "195")
    assert (told["dagster/partition_row_count"], told["agents of the day"]) == (4, 2)
    again = metadata_of(materialize("pledged_contributions", first=today), "pledged_contributions")
    assert (again[today.isoformat()]["units"], people.count("squads.pledged_contributions")) == (0, 4)


def test_matching_follows_in_the_same_run(people: Community, materialize: Materialize, today: date) -> None:
    pledge(people, "a", "b")
    assert materialize("pledged_contributions", "qf_matches", first=today).success
    assert people.rows("SELECT squad_id, contributors FROM squads.qf_matches ORDER BY 1") == [
        ("x", 2),
        ("y", 2),
    ]


def test_a_past_day_is_audited_and_pays_nobody(history: Community, materialize: Materialize) -> None:
    before = history.count("squads.transfers")
    result = materialize("pledged_contributions", first=date.fromisoformat(PAST))
    assert result.success
    told = metadata_of(result, "pledged_contributions")[PAST]
    assert (told["action"], told["audited payments"], told["differences"]) == ("audited", 4, 0)
    assert history.count("squads.transfers") == before


@pytest.mark.parametrize(
    ("table", "change", "named"),
    [
        ("pledged_contributions", "amount_micro = amount_micro - 1", "amount_micro | 50000000 | 49999999"),
        ("pledged_contributions", "balance_before_micro = 900000000", "balance_before_micro | 1000000000 | 900000000"),
        ("pledged_contributions", "cycle = 7", "cycle | "),
        ("pledged_contributions", "slot = slot + 3", "reason against it | None | "),
        ("pledges", "reserve_micro = 999500000", "reason against it | None | what is left above the reserve"),
        ("pledges", "revoked = true", "pledge | ('a', False) | ('a', True)"),
        ("pledges", "squads = '[\"z\"]'", "squad | True | False"),
        ("transfers", "amount_micro = 1 WHERE driver = 'honour_pledges'", "transfer | 50000000 | 1"),
    ],
)  # fmt: skip
def test_a_tampered_fact_is_found(history: Community, table: str, change: str, named: str) -> None:
    with history.engine.connect() as connection:
        tamper(connection, table, change)
        found = findings_between(connection, None)
        said = [f"{one.subject} | {one.expected} | {one.found}" for one in found.first]
        assert any(named in line for line in said), said
        assert audit_day(connection, date.fromisoformat(PAST)).facts["differences"] == found.total


def test_a_difference_fails_the_run_of_its_day(history: Community, materialize: Materialize) -> None:
    history.tamper("pledges", "revoked = true")
    result = materialize("pledged_contributions", first=date.fromisoformat(PAST))
    assert not result.success
    assert "agent a, squad x: pledge" in failed_checks(result)["payments_recompute_equal"]


def test_a_tick_asks_for_today_while_the_gap_is_open(
    people: Community, instance: dg.DagsterInstance, database: Database, today: date
) -> None:
    closed = "no gap: gaps.pledged_contributions is empty, nothing is missing now"
    assert evaluated(SENSOR, instance, database).skip_message == closed
    pledge(people, "a")
    [request] = evaluated(SENSOR, instance, database).run_requests or []
    assert request.partition_key == today.isoformat()
    assert request.asset_selection == [dg.AssetKey("pledged_contributions")]
    assert request.tags[DRIVER_TAG] == "honour_pledges"
    with people.engine.begin() as connection:
        honour_pledges(connection, DriverRun("now"))
        assert connection.scalar(text("SELECT count(*) FROM squads.pledged_contributions")) == 2
    assert evaluated(SENSOR, instance, database).skip_message == closed


def test_matching_comes_after_pledges_in_the_lineage() -> None:
    graph = defs.resolve_asset_graph()
    assert dg.AssetKey("pledged_contributions") in graph.get(dg.AssetKey("qf_matches")).parent_keys
    parents = graph.get(dg.AssetKey("pledged_contributions")).parent_keys
    assert {key.to_user_string() for key in parents} == {
        *("agents", "pledges", "research_squads", "squad_rosters", "squad_join_bids")
    }
