"""When marts are materialized: after each round, once more when a day is over, and never years at once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from assets.funding import ASSETS
from assets.marts import MARTS
from assets.sources import SOURCES
from resources.database import Database
from resources.tables import MartTables
from squads_pipeline.definitions import defs

STATEMENTS = ("agent_statements", "squad_pools", "token_supply")
EVENING = datetime(2026, 3, 10, 22, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 11, tzinfo=UTC)

Requested = Callable[[datetime], dict[str, set[str]]]


@pytest.fixture
def requested(instance: dg.DagsterInstance) -> Requested:
    """Evaluate the conditions at a moment, as the daemon does; returns asset → partitions asked for."""
    cursor = None

    def evaluate(moment: datetime) -> dict[str, set[str]]:
        nonlocal cursor
        result = dg.evaluate_automation_conditions(
            defs,
            instance,
            asset_selection=dg.AssetSelection.assets(*ASSETS, *MARTS),
            evaluation_time=moment,
            cursor=cursor,
        )
        cursor = result.cursor
        found = {
            asset.key.to_user_string(): {str(one) for one in result.get_requested_partitions(asset.key)}
            for asset in (*ASSETS, *MARTS)
        }
        return {asset: partitions for asset, partitions in found.items() if partitions}

    return evaluate


def matched(instance: dg.DagsterInstance, day: str) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization("qf_matches", partition=day))


def test_a_new_deployment_asks_for_nothing(requested: Requested) -> None:
    assert requested(EVENING) == {}
    assert requested(EVENING + timedelta(seconds=30)) == {}


def test_marts_follow_a_round(instance: dg.DagsterInstance, requested: Requested) -> None:
    requested(EVENING)
    matched(instance, "2026-03-10")
    every = {mart: {"2026-03-10"} for mart in (*STATEMENTS, "mechanism_comparison")}
    assert requested(EVENING + timedelta(minutes=1)) == every
    assert requested(EVENING + timedelta(minutes=2)) == {}


def test_a_round_that_was_reported_after_midnight_counts_for_its_day(
    instance: dg.DagsterInstance, requested: Requested
) -> None:
    requested(MIDNIGHT - timedelta(seconds=5))
    matched(instance, "2026-03-10")
    asked = requested(MIDNIGHT + timedelta(seconds=5))
    assert asked["mechanism_comparison"] == {"2026-03-10"}
    assert asked["squad_pools"] == {"2026-03-10"}


def test_yesterday_is_stated_once_more_when_it_is_over(requested: Requested) -> None:
    requested(EVENING)
    assert requested(MIDNIGHT + timedelta(minutes=9)) == {}
    asked = requested(MIDNIGHT + timedelta(minutes=11))
    assert asked == {mart: {f"2026-03-{day:02}" for day in range(4, 12)} for mart in STATEMENTS}
    assert requested(MIDNIGHT + timedelta(minutes=12)) == {}
    assert requested(MIDNIGHT + timedelta(hours=23)) == {}


def test_a_long_weekend_without_power_is_made_good(requested: Requested) -> None:
    requested(EVENING)
    assert "2026-03-10" in requested(EVENING + timedelta(days=4))["squad_pools"]


def test_a_backfill_of_the_past_asks_for_no_marts(instance: dg.DagsterInstance, requested: Requested) -> None:
    requested(EVENING)
    for day in ("2025-01-01", "2025-06-01", "2026-02-28"):
        matched(instance, day)
    assert requested(EVENING + timedelta(minutes=1)) == {}


def test_what_failed_is_asked_for_again(instance: dg.DagsterInstance, requested: Requested) -> None:
    """As after a stop in the middle of a run: the round is handled, and the mart is not there."""
    requested(EVENING)
    matched(instance, "2026-03-10")
    requested(EVENING + timedelta(minutes=1))
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    run = dg.materialize(
        [*SOURCES, *ASSETS],
        selection=dg.AssetSelection.assets("mechanism_comparison"),
        partition_key="2026-03-10",
        instance=instance,
        resources={"database": Database(url=nowhere), "marts": MartTables(url=nowhere)},
        raise_on_error=False,
    )
    assert not run.success
    assert requested(EVENING + timedelta(minutes=4)) == {}
    assert requested(EVENING + timedelta(minutes=6)) == {"mechanism_comparison": {"2026-03-10"}}
