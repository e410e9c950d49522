"""`squads reconcile`, `gaps` and `status`: from an open gap to none, recorded as Dagster runs."""

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.drivers.registry import DRIVERS
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import policies
from squads_pipeline.store.gaps import GAPS
from tests.drivers.harvest_world import member, squad
from tests.surfaces.conftest import Squads


@pytest.fixture
def gap(community: Squads, engine: Engine) -> Squads:
    """A community with one gap open: two contributions to one squad that have settled."""
    with engine.begin() as connection:
        policies.adopt(connection, Policy(settle_after_seconds=0), adopted_by="test", reason="at once")
    community("contribute", "heat", "25", "--as", "ada")
    community("contribute", "heat", "9", "--as", "bob")
    return community


def counted(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_a_dry_run_tells_the_plan_and_writes_nothing(gap: Squads, engine: Engine) -> None:
    plan = gap("reconcile", "--dry-run", "--json").document["plan"]["qf_matches"]
    assert (plan["units"], plan["contributions_claimed"], plan["matched"]) == (1, 2, "64")
    assert plan["matched_micro"] == 64_000_000
    assert "would close 1 units" in gap("reconcile", "--dry-run", "--only", "qf_matches").out
    assert counted(engine, "squads.qf_rounds") == counted(engine, "marts.squad_pools") == 0
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT to_regnamespace('dagster')")) is None


def test_gaps_and_status_show_what_is_missing(gap: Squads) -> None:
    by_name = {one["gap"]: one for one in gap("gaps", "--json").document["gaps"]}
    assert list(by_name) == list(GAPS)
    assert [name for name, one in by_name.items() if one["open_units"]] == ["qf_matches"]
    found = by_name["qf_matches"]
    assert (found["open_units"], found["tokens_at_stake_micro"]) == (1, 34_000_000)
    assert found["units"][0]["unit"] == "squad:heat"
    assert "squad:heat: 2 contributions unmatched" in gap("gaps").out
    status = gap("status", "--json").document
    assert (status["inbox"]["contributions"], status["squads"]) == (2, {"recruiting": 1})
    assert status["accounts"]["wallet"] == {"balance": "166", "balance_micro": 166_000_000}
    assert "2 contributions, 34 tokens" in gap("status").out


def test_gaps_are_closed_as_recorded_runs(gap: Squads, engine: Engine) -> None:
    ran = gap("reconcile", "--json")
    assert (ran.code, ran.document["ok"], ran.document["still_open"]) == (0, True, {})
    driven, marts = ran.document["runs"]
    assert (driven["assets"], driven["units"], driven["moved"]) == (["qf_matches"], 1, "100064")
    assert sorted(marts["assets"]) == [
        "agent_statements",
        "fairness",
        "gap_coverage",
        "mechanism_comparison",
        "squad_market",
        "squad_pools",
        "token_supply",
    ]
    assert counted(engine, "marts.squad_pools") == 1
    assert counted(engine, "dagster.runs") == 2
    assert gap("reconcile").out == "no gap is open; nothing to do\n"
    assert gap("reconcile", "--only", "squad_pools", "--json").document["runs"][0]["success"] is True
    assert gap("status", "--json").document["rounds"][0]["matched"] == "64"


def test_what_a_later_driver_opens_is_closed_in_the_same_call(community: Squads, engine: Engine) -> None:
    # The squad is disbanded last of all, and leaves its target without one.
    squad(engine, "warm")
    member(engine, "warm", "ada", "lead")
    community("targets", "add", "gap", "warm", "--title", "How warm?", "--importance", "0.9")
    community("harvest", "warm", "--as", "ada")
    ran = community("reconcile", "--json").document
    assert [run["assets"] for run in ran["runs"][:-1] if run["units"]] == [
        ["harvest_distributions"],
        ["squads_formed"],
    ]
    assert ran["still_open"] == {}


def test_what_only_waits_is_not_run_for(community: Squads) -> None:
    # The bid waits for a person until recruiting is over.
    community("join", "heat", "--pitch", "I have a thermometer.", "--as", "bob")
    ran = community("reconcile")
    assert (ran.code, ran.out[:47]) == (0, "squad_rosters waits: 1 unit, the first until 20")
    document = community("reconcile", "--json").document
    waiting = document["still_open"]["squad_rosters"]
    assert (document["runs"], waiting["units"], waiting["due"]) == ([], 1, 0)


def test_a_run_that_fails_is_told_and_exits_with_1(gap: Squads, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE squads.accounts SET balance_micro = balance_micro + 1 WHERE name = 'wallet:ada'")
        )
    ran = gap("reconcile", "--json")
    assert (ran.code, ran.document["ok"]) == (1, False)
    [run] = ran.document["runs"]
    assert run["success"] is False
    assert "check balances_sum_to_zero of qf_matches failed" in run["failures"]


def test_an_asset_that_is_none(squads: Squads) -> None:
    for arguments in (("--only", "nonsense"), ("--only", "squad_pools", "--dry-run")):
        ran = squads("reconcile", *arguments)
        drivers = "Choose one of squads_formed, squad_rosters, pledged_contributions, qf_matches"
        assert (ran.code, drivers in ran.err) == (1, True)


def test_pledges_are_honoured_before_matching(community: Squads, engine: Engine) -> None:
    with engine.begin() as connection:
        policy = Policy(settle_after_seconds=0, pledge_cycle_seconds=2_592_000)
        policies.adopt(connection, policy, adopted_by="test", reason="at once")
    for agent in ("ada", "bob"):
        community("pledge", "--as", agent)
    plan = community("reconcile", "--dry-run", "--json").document["plan"]
    assert list(plan) == list(DRIVERS)
    assert (plan["pledged_contributions"]["units"], plan["pledged_contributions"]["contributed"]) == (2, "10")
    status = community("status", "--json").document
    assert ("pledged_contributions", 2) in [(one["gap"], one["open_units"]) for one in status["gaps"]]
    runs = community("reconcile", "--json").document["runs"]
    assert [run["assets"] for run in runs[:2]] == [["pledged_contributions"], ["qf_matches"]]
    assert [run["success"] for run in runs] == [True] * 3
    # Two contributions of 5 tokens: (√5 + √5)² = 20.
    assert community("status", "--json").document["rounds"][0]["matched"] == "20"
    rows = community("table", "pledged_contributions", "--json").out
    assert '"amount": "5"' in rows
    assert community("ledger", "verify").code == 0
