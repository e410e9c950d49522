"""Materializing harvest_distributions: today it shares out, the past it audits; its checks name what was changed."""

from collections.abc import Callable
from datetime import date, timedelta

import dagster as dg
import pytest
from sqlalchemy import Engine, text

from assets.driven import RestatableConfig
from assets.funding import qf_matches
from assets.harvest import HARVEST_ASSETS, harvest_distributions
from assets.harvest_checks import HARVEST_CHECKS
from assets.sources import SOURCES
from resources.database import Database
from sensors.gaps import DRIVER_TAG, gap_sensor
from squads_pipeline.drivers.audit_distributions import audit_day, findings_between
from squads_pipeline.store.harvest_invariants import HARVEST_INVARIANTS
from tests.dagster.conftest import checks_of, failed_checks, metadata_of, tamper
from tests.dagster.test_gap_sensor import evaluated
from tests.drivers.harvest_world import (
    TOKEN,
    adopt,
    desert,
    give,
    harvest,
    match,
    member,
    note,
    people,
    rows,
    run,
    squad,
)

Share = Callable[..., dg.ExecuteInProcessResult]
TOMORROW = timedelta(days=1)


@pytest.fixture
def share(database_url: str, instance: dg.DagsterInstance) -> Share:
    """Materialize the asset with its checks for a day."""

    def materialize(day: date, *, dry_run: bool = False) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            [*SOURCES, qf_matches, *HARVEST_ASSETS, *HARVEST_CHECKS],
            selection=dg.AssetSelection.assets("harvest_distributions"),
            partition_key=day.isoformat(),
            resources={"database": Database(url=database_url)},
            run_config=dg.RunConfig(ops={"harvest_distributions": RestatableConfig(dry_run=dry_run)}),
            instance=instance,
            raise_on_error=False,
        )

    return materialize


@pytest.fixture
def ended(engine: Engine) -> Engine:
    """Squad heat harvests with 10 tokens, of which ada earned three parts and bob one; cold is deserted with 4."""
    adopt(engine, settle_count=1, matching_pool_target_micro=0, treasury_target_micro=0)
    people(engine, "ada", "bob", "eve")
    squad(engine, "heat")
    squad(engine, "cold", status="recruiting")
    for agent, notes in (("ada", 3), ("bob", 1)):
        member(engine, "heat", agent)
        note(engine, "heat", agent, notes)
    give(engine, "eve", "heat", 10)
    give(engine, "ada", "cold", 3)
    give(engine, "eve", "cold", 1)
    match(engine)
    harvest(engine, "heat")
    desert(engine, "cold")
    return engine


@pytest.fixture
def shared(ended: Engine) -> Engine:
    """The same, shared out."""
    assert run(ended).units == 2
    return ended


@pytest.mark.usefixtures("ended")
def test_today_it_shares_out_and_every_check_is_green(share: Share, today: date) -> None:
    result = share(today)
    assert result.success
    assert set(checks_of(result)) == {
        "balances_sum_to_zero",
        "entries_explain_balances",
        "nothing_is_overdrawn",
        "pools_are_grants_less_payouts",
        "squads_are_shared_out_once",
        "payouts_sum_to_the_pool",
        "shares_recompute_equal",
    }
    assert set(checks_of(result).values()) == {True}
    told = metadata_of(result, "harvest_distributions")[today.isoformat()]
    assert (told["action"], told["squads disbanded"], told["distributed, tokens"]) == ("drove", 2, "10")
    assert (told["gap before, units"], told["gap after, units"]) == (2, 0)
    assert (told["dagster/partition_row_count"], told["shared on the day, tokens"]) == (2, "10")
    assert "| cold | refund | 4 | 2 |" in str(told["largest pools"])
    assert "](data:image/svg+xml;base64," in str(told["chart"])


def test_a_dry_run_shares_out_nothing(ended: Engine, share: Share, today: date) -> None:
    result = share(today, dry_run=True)
    assert result.success
    assert result.asset_materializations_for_node("harvest_distributions") == []
    assert rows(ended, "SELECT count(*) FROM squads.distributions") == [(0,)]


def test_a_past_day_is_audited(shared: Engine, today: date) -> None:
    with shared.begin() as connection:
        connection.execute(text("SELECT set_config('squads.clock', (now() + interval '1 day')::text, true)"))
        assert audit_day(connection, today).facts == {
            "audited_distributions": 2,
            "distributions_of_other_rules": 0,
            "differences": 0,
        }
        assert audit_day(connection, today - TOMORROW).facts["audited_distributions"] == 0


def test_a_failed_check_fails_the_run(shared: Engine, share: Share, today: date) -> None:
    with shared.begin() as connection:
        tamper(connection, "harvest_distributions", "share_micro = 7 WHERE agent_id = 'ada'")
    result = share(today)
    assert not result.success
    assert "share_micro | 7500000 | 7" in failed_checks(result)["shares_recompute_equal"]


SHARES, PAYOUTS, ONCE = "shares_recompute_equal", "payouts_sum_to_the_pool", "squads_are_shared_out_once"
# Table, change, check that fails, what it names.
TAMPERED = [
    ("harvest_distributions", "journal_entries = 9 WHERE agent_id = 'ada'", SHARES, "score"),
    ("harvest_distributions", "score = 9 WHERE agent_id = 'ada'", SHARES, "| 3000000 | 9000000"),
    ("harvest_distributions", "share_micro = 1 WHERE agent_id = 'bob'", SHARES, "share_micro"),
    ("harvest_distributions", "share_micro = 1 WHERE agent_id = 'bob'", PAYOUTS, "7500001"),
    ("harvest_distributions", "rounded_up = 1 WHERE agent_id = 'bob'", SHARES, "rounded_up"),
    ("harvest_distributions", "role = 'observer' WHERE agent_id = 'bob'", SHARES, "score"),
    ("distributions", "manner = 'equal_parts' WHERE squad_id = 'heat'", SHARES, "by_score"),
    ("distributions", "pool_micro = 5 WHERE squad_id = 'heat'", PAYOUTS, "a pool of 5"),
    ("distributions", "pool_micro = 5 WHERE squad_id = 'cold'", SHARES, "wallet:ada: refund"),
    ("distributions", "total_score = 5 WHERE squad_id = 'heat'", SHARES, "total_score"),
    ("distributions", "members = 5 WHERE squad_id = 'cold'", SHARES, "members | 2 | 5"),
    ("squad_grants", "amount_micro = 1 WHERE squad_id = 'cold'", SHARES, "wallet:eve: refund"),
    ("transfers", "idempotency_key = 'x' WHERE idempotency_key = 'payout:heat:ada'", SHARES, "payout | 7500000 | 0"),
    ("transfers", "kind = 'payout' WHERE kind = 'refund'", PAYOUTS, "0 µT given back"),
    ("transfers", "kind = 'refund' WHERE kind = 'contribution'", PAYOUTS, "from wallet:"),
    ("research_squads", "status = 'active', disbanded_at = NULL WHERE id = 'heat'",
     ONCE, "a squad that is active"),
    ("research_squads", "merged_into = 'cold' WHERE id = 'heat'", ONCE, "merged into"),
    ("accounts", "closed_at = NULL WHERE name = 'squad:heat'", ONCE, "open"),
]  # fmt: skip
FINDERS = {one.name: one.find for one in HARVEST_INVARIANTS} | {"shares_recompute_equal": findings_between}


@pytest.mark.parametrize(("table", "change", "check", "named"), TAMPERED)
def test_a_tampered_fact_is_named(
    shared: Engine, today: date, table: str, change: str, check: str, named: str
) -> None:
    with shared.connect() as connection:
        tamper(connection, table, change)
        for since in (today, None):
            found = FINDERS[check](connection, since)
            said = [f"{one.subject} | {one.expected} | {one.found}" for one in found.first]
            assert any(named in line for line in said), (since, said)


def test_a_disbanded_squad_that_was_not_shared_out_is_named(ended: Engine) -> None:
    with ended.connect() as connection:
        connection.execute(
            text("UPDATE squads.research_squads SET status = 'disbanded', disbanded_at = now()")
        )
        once = HARVEST_INVARIANTS[0].find(connection, None)
    assert {one.found for one in once.first} == {"neither, 10000000 µT, open", "neither, 4000000 µT, open"}


def test_the_sensor_asks_while_a_squad_is_at_its_end(
    ended: Engine, instance: dg.DagsterInstance, database_url: str, today: date
) -> None:
    sensor = gap_sensor(harvest_distributions, stay=timedelta(0))
    database = Database(url=database_url)
    (request,) = evaluated(sensor, instance, database).run_requests or []
    assert (request.partition_key, request.run_key) == (today.isoformat(), None)
    assert request.tags[DRIVER_TAG] == "distribute_pools"
    run(ended)
    assert "gaps.harvest_distributions is empty" in str(evaluated(sensor, instance, database).skip_message)
    database.close()
    assert rows(
        ended, f"SELECT balance_micro - 1000 * {TOKEN} FROM squads.accounts WHERE name = 'wallet:ada'"
    ) == [(7_500_000,)]
