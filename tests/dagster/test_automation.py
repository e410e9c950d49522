"""When marts are materialized: after what moves their money, once more when a day is over, and never years at once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from assets.funding import FUNDING_ASSETS
from assets.market import MARKET
from assets.marts import MARTS
from assets.sources import SOURCES
from resources.database import Database
from resources.tables import MartTables
from squads_pipeline.definitions import defs
from squads_pipeline.drivers.registry import DRIVERS

FOLLOWERS = (*MARTS, *MARKET)
STATEMENTS = ("agent_statements", "squad_pools", "token_supply", "squad_market", "gap_coverage", "fairness")
AFTER = {
    "squads_formed": {"squad_pools", "token_supply", "squad_market", "gap_coverage"},
    "squad_rosters": {"squad_market", "gap_coverage"},
    "pledged_contributions": {*STATEMENTS} - {"fairness"},
    "qf_matches": {*STATEMENTS, "mechanism_comparison"},
    "reviewed_findings": set(),
    "bubbled_findings": set(),
    "harvest_distributions": {*STATEMENTS},
    "delivered_messages": set(),
    "credit_dividends": {"agent_statements", "token_supply", "fairness"},
    "policy_calibration": set(),
    "ledger_seals": set(),
}
EVENING = datetime(2026, 3, 10, 22, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 11, tzinfo=UTC)

Requested = Callable[[datetime], dict[str, set[str]]]


class Slow(dg.IOManager):
    """Stores nothing, and takes its time."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._meanwhile = meanwhile

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:  # noqa: ARG002
        self._meanwhile()

    def load_input(self, context: dg.InputContext) -> None:
        raise NotImplementedError


@pytest.fixture
def requested(instance: dg.DagsterInstance) -> Requested:
    """Evaluate the conditions at a moment, as the daemon does; returns asset → partitions asked for."""
    cursor = None

    def evaluate(moment: datetime) -> dict[str, set[str]]:
        nonlocal cursor
        result = dg.evaluate_automation_conditions(
            defs,
            instance,
            asset_selection=dg.AssetSelection.assets(*FOLLOWERS),
            evaluation_time=moment,
            cursor=cursor,
        )
        cursor = result.cursor
        found = {
            asset.key.to_user_string(): {str(one) for one in result.get_requested_partitions(asset.key)}
            for asset in FOLLOWERS
        }
        return {asset: partitions for asset, partitions in found.items() if partitions}

    return evaluate


def made(instance: dg.DagsterInstance, asset: str, day: str) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=day))


def make_statements(
    instance: dg.DagsterInstance, database: Database, meanwhile: Callable[[], None]
) -> dg.ExecuteInProcessResult:
    """A run of `agent_statements` in which something happens after the ledger was read."""
    return dg.materialize(
        [*SOURCES, *FUNDING_ASSETS, *MARTS],
        selection=dg.AssetSelection.assets("agent_statements"),
        partition_key="2026-03-10",
        instance=instance,
        resources={"database": database, "marts": Slow(meanwhile)},
    )


def test_a_new_deployment_asks_for_nothing(requested: Requested) -> None:
    assert requested(EVENING) == {}
    assert requested(EVENING + timedelta(seconds=30)) == {}


@pytest.mark.parametrize("driven", DRIVERS)
def test_marts_follow_what_they_are_made_of(
    driven: str, instance: dg.DagsterInstance, requested: Requested
) -> None:
    requested(EVENING)
    made(instance, driven, "2026-03-10")
    assert requested(EVENING + timedelta(minutes=1)) == {mart: {"2026-03-10"} for mart in AFTER[driven]}
    assert requested(EVENING + timedelta(minutes=2)) == {}


def test_a_harvest_while_its_rounds_marts_are_being_made_is_not_lost(
    instance: dg.DagsterInstance, requested: Requested, database: Database
) -> None:
    """The ledger was read before the harvest, and what is stored after it does not pass for its answer."""

    def harvest() -> None:
        made(instance, "harvest_distributions", "2026-03-10")
        assert "agent_statements" not in requested(EVENING + timedelta(minutes=3))

    requested(EVENING)
    made(instance, "qf_matches", "2026-03-10")
    assert "agent_statements" in requested(EVENING + timedelta(minutes=1))
    requested(EVENING + timedelta(minutes=2))
    assert make_statements(instance, database, harvest).success
    assert requested(EVENING + timedelta(minutes=4))["agent_statements"] == {"2026-03-10"}
    assert "agent_statements" not in requested(EVENING + timedelta(minutes=5))


def test_a_harvest_just_after_its_rounds_marts_were_asked_for_is_not_lost(
    instance: dg.DagsterInstance, requested: Requested, database: Database
) -> None:
    """Request, harvest and the end of the mart's run lie between two looks."""
    requested(EVENING)
    made(instance, "qf_matches", "2026-03-10")
    assert "agent_statements" in requested(EVENING + timedelta(minutes=1))
    assert make_statements(
        instance, database, lambda: made(instance, "harvest_distributions", "2026-03-10")
    ).success
    assert requested(EVENING + timedelta(minutes=2))["agent_statements"] == {"2026-03-10"}
    assert "agent_statements" not in requested(EVENING + timedelta(minutes=3))


def test_a_round_that_was_reported_after_midnight_counts_for_its_day(
    instance: dg.DagsterInstance, requested: Requested
) -> None:
    requested(MIDNIGHT - timedelta(seconds=5))
    made(instance, "qf_matches", "2026-03-10")
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
        made(instance, "qf_matches", day)
    assert requested(EVENING + timedelta(minutes=1)) == {}


def test_what_failed_is_asked_for_again(instance: dg.DagsterInstance, requested: Requested) -> None:
    """As after a stop in the middle of a run: the round is handled, and the mart is not there."""
    requested(EVENING)
    made(instance, "qf_matches", "2026-03-10")
    requested(EVENING + timedelta(minutes=1))
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    run = dg.materialize(
        [*SOURCES, *MARTS],
        selection=dg.AssetSelection.assets("mechanism_comparison"),
        partition_key="2026-03-10",
        instance=instance,
        resources={"database": Database(url=nowhere), "marts": MartTables(url=nowhere)},
        raise_on_error=False,
    )
    assert not run.success
    assert requested(EVENING + timedelta(minutes=4)) == {}
    assert requested(EVENING + timedelta(minutes=6)) == {"mechanism_comparison": {"2026-03-10"}}
