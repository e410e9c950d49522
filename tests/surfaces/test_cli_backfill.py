"""`squads backfill`: audits of past days as recorded runs, what differs, restatements, and errors that teach."""

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import community, funding
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.run import DriverRun
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import policies
from tests.surfaces.conftest import Squads

FIRST, SECOND = "2026-02-03", "2026-02-04"
TOKEN = 1_000_000


@pytest.fixture
def past(squads: Squads, engine: Engine) -> Squads:
    """A community with a round on each of two past days; the first pays 40 tokens, the second 40 more."""
    assert squads("status").code == 0
    with engine.begin() as connection:
        connection.execute(text(f"SET LOCAL squads.clock = '{FIRST} 08:00+00'"))
        policies.adopt(connection, Policy(settle_count=2), adopted_by="test", reason="two make a round")
        for agent in ("ada", "bob"):
            community.add_agent(connection, agent, tokens_micro=100 * TOKEN)
        community.add_squad(connection, "heat")
    for day in (FIRST, SECOND):
        with engine.begin() as connection:
            connection.execute(text(f"SET LOCAL squads.clock = '{day} 09:00+00'"))
            for agent in ("ada", "bob"):
                funding.contribute(connection, agent, "heat", 10 * TOKEN, key=f"{agent}:{day}")
            match_round(connection, DriverRun("past"))
    return squads


def tamper(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE squads.qf_matches DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE squads.qf_matches SET match_micro = 35000000 WHERE round_id = 1"))
        connection.execute(text("ALTER TABLE squads.qf_matches ENABLE TRIGGER USER"))


def counted(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_what_holds_is_verified_as_one_recorded_run_for_each_asset(past: Squads, engine: Engine) -> None:
    ran = past("backfill", "--from", FIRST, "--to", SECOND, "--json")
    assert (ran.code, ran.document["ok"]) == (0, True)
    runs = {run["asset"]: run for run in ran.document["runs"]}
    assert runs["qf_matches"]["verified"] == {"rounds": 2, "matches": 2}
    assert counted(engine, "dagster.runs") == len(runs) > 5
    with engine.connect() as connection:
        tags: dict[str, str] = dict(
            connection.execute(
                text("SELECT key, value FROM dagster.run_tags WHERE run_id = :run AND key LIKE 'squads/%'"),
                {"run": runs["qf_matches"]["run_id"]},
            ).all()
        )
        days = connection.scalar(
            text(
                "SELECT count(*) FROM dagster.event_logs WHERE run_id = :run AND partition IS NOT NULL"
                " AND dagster_event_type = 'ASSET_MATERIALIZATION'"
            ),
            {"run": runs["qf_matches"]["run_id"]},
        )
    assert tags.pop("squads/policy")
    assert (tags.pop("squads/driver"), tags.pop("squads/gap")) == ("match_round", "qf_matches")
    assert tags["squads/days"] == f"{FIRST}..{SECOND}"
    assert days == 2


def test_a_dry_run_records_nothing(past: Squads, engine: Engine) -> None:
    ran = past("backfill", "--from", FIRST, "--to", SECOND, "--only", "qf_matches", "--dry-run")
    assert (ran.code, "holds   qf_matches: 2 rounds, 2 matches verified" in ran.out) == (0, True)
    assert "nothing was written" in ran.out
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT to_regclass('dagster.runs')")) is None


def test_what_differs_is_named_with_both_values_and_restated(past: Squads, engine: Engine) -> None:
    tamper(engine)
    only = ("--from", FIRST, "--to", SECOND, "--only", "qf_matches")
    ran = past("backfill", *only, "--json")
    assert (ran.code, ran.document["ok"]) == (1, False)
    assert {
        "check": "rounds_recompute_equal",
        "what": "round 1, squad heat: match_micro",
        "expected": "40000000",
        "found": "35000000",
        "difference": "-5 tokens",
    } in ran.document["runs"][0]["findings"]
    shown = past("backfill", *only)
    assert (shown.code, "-5 tokens" in shown.out) == (1, True)
    plan = past("backfill", *only, "--restate", "--reason", "tampered", "--dry-run", "--json").document
    assert counted(engine, "squads.restatements") == 0
    done = past("backfill", *only, "--restate", "--reason", "tampered", "--json")
    assert (done.code, done.document["ok"]) == (0, True)
    [change] = plan["runs"][0]["changes"]
    assert done.document["runs"][0]["changes"] == [change]
    assert (change["fact"], change["was"], change["is"]) == ("round 1, squad heat", "35", "40")
    assert counted(engine, "squads.restatements") == 1
    assert past("backfill", *only).code == 0


def test_errors_that_teach(past: Squads) -> None:
    for arguments, said in (
        (("--from", SECOND, "--to", FIRST), "Give the earlier day to --from"),
        (("--from", FIRST, "--to", "2999-01-01"), "2999-01-01 has not begun"),
        (("--from", "2017-12-31", "--to", FIRST), "before 2018-01-01"),
        (("--from", FIRST, "--to", FIRST, "--only", "nonsense"), "Choose one of squads_formed"),
        (
            ("--from", FIRST, "--to", FIRST, "--only", "squads_formed", "--restate", "--reason", "x"),
            "no revisions",
        ),
        (("--from", FIRST, "--to", FIRST, "--restate"), "--reason TEXT"),
        (("--from", FIRST, "--to", FIRST, "--reason", "x"), "--restate"),
    ):
        ran = past("backfill", *arguments)
        assert (ran.code, said in ran.err) == (1, True), ran.err
    assert past("backfill", "--from", "yesterday", "--to", FIRST).code == 2
