"""What sharing out a pool does, with exact numbers."""

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands.correcting import correct
from squads_pipeline.drivers.distribute_pools import distribute_pools
from squads_pipeline.drivers.run import DriverRun
from squads_pipeline.rules.lifecycle import CLOSED
from squads_pipeline.store import gap_failures
from squads_pipeline.store.errors import RefusedError
from tests.drivers.harvest_world import (
    TOKEN,
    adopt,
    balance,
    closed_at,
    conserved,
    finding,
    give,
    harvest,
    match,
    member,
    move,
    payments,
    people,
    pools,
    rows,
    run,
    shares,
    squad,
    status,
    take,
    units,
    worked,
)
from tests.drivers.test_match_round import contents


@pytest.fixture(autouse=True)
def community(engine: Engine) -> None:
    """No top-ups: every token is somebody's gift."""
    adopt(engine, matching_pool_target_micro=0, treasury_target_micro=0, settle_count=1)
    people(engine, "ada", "bob", "cyd", "eve")


def test_a_pool_is_shared_out_by_score(engine: Engine) -> None:
    worked(engine)
    give(engine, "eve", "heat", 100)
    match(engine)
    harvest(engine, "heat")
    assert units(engine) == ["squad:heat"]
    outcome = run(engine)
    # 23, 4 and 1 of 28 parts of 100 tokens: 82.142857142…, 14.285714285…, 3.571428571… tokens.
    assert shares(engine) == [
        ("heat", "ada", "23", 82_142_857, 0),
        ("heat", "bob", "4", 14_285_714, 0),
        ("heat", "cyd", "1", 3_571_429, 1),
        ("heat", "eve", "0", 0, 0),
    ]
    assert pools(engine) == [("heat", "by_score", 100 * TOKEN, 3)]
    assert payments(engine) == [
        ("payout:heat:ada", 82_142_857),
        ("payout:heat:bob", 14_285_714),
        ("payout:heat:cyd", 3_571_429),
    ]
    assert outcome.facts == {
        "squads_disbanded": 1,
        "pools_refunded": 0,
        "shares": 3,
        "distributed_micro": 100 * TOKEN,
        "refunded_micro": 0,
    }
    assert (outcome.units, outcome.moved_micro) == (1, 100 * TOKEN)
    assert balance(engine, "wallet:ada") == 1_000 * TOKEN + 82_142_857
    assert (balance(engine, "squad:heat"), status(engine, "heat"), units(engine)) == (0, "disbanded", [])
    assert closed_at(engine, "heat") is not None
    assert conserved(engine)


def test_the_facts_of_a_sharing_out_hold_every_input(engine: Engine) -> None:
    worked(engine)
    harvest(engine, "heat")
    run(engine)
    assert rows(
        engine,
        """SELECT agent_id, role, journal_entries, findings_authored, trim_scale(merged_confidence)::text, reviews
           FROM squads.harvest_distributions ORDER BY 1""",
    ) == [
        ("ada", "lead", 3, 1, "0.75", 0),
        ("bob", "reviewer", 1, 0, "0", 1),
        ("cyd", "researcher", 1, 0, "0", 0),
        ("eve", "observer", 50, 0, "0", 0),
    ]
    scores = "SELECT trim_scale(contribution_score)::text FROM squads.squad_members ORDER BY agent_id"
    assert rows(engine, scores) == [("23",), ("4",), ("1",), ("0",)]
    # There was no money: it is shared out all the same, and nothing moves.
    assert pools(engine) == [("heat", "empty", 0, 0)]
    events = "SELECT from_status, to_status, actor FROM squads.squad_events ORDER BY event_no DESC LIMIT 1"
    assert rows(engine, events) == [("harvesting", "disbanded", "distribute_pools")]


def test_the_verdicts_confidence_counts_before_the_authors(engine: Engine) -> None:
    squad(engine, "heat")
    member(engine, "heat", "ada", "lead")
    number = finding(engine, "heat", "ada", confidence="0.9")
    with engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.reviewed_findings
                        (finding_id, squad_id, verdict, reason, accepts, rejects, confidence, decided_at,
                         policy_id, rule_version, driver, run_id, effective_on)
                    SELECT :number, 'heat', 'accepted', 'reviews', 1, 0, 0.333333, now(), id, '1', 'test', 'test',
                           CURRENT_DATE FROM squads.current_policy"""),
            {"number": number},
        )
    harvest(engine, "heat")
    run(engine)
    assert shares(engine) == [("heat", "ada", "11.66666", 0, 0)]


def test_without_any_work_all_but_observers_get_equal_parts(engine: Engine) -> None:
    squad(engine, "heat")
    for agent, left in (("ada", False), ("bob", True), ("cyd", False)):
        member(engine, "heat", agent, left=left)
    member(engine, "heat", "eve", "observer")
    give(engine, "eve", "heat", 100)
    match(engine)
    harvest(engine, "heat")
    run(engine)
    assert [row[3] for row in shares(engine)] == [33_333_334, 33_333_333, 33_333_333, 0]
    assert pools(engine) == [("heat", "equal_parts", 100 * TOKEN, 3)]


def test_a_closed_account_refuses_money(engine: Engine) -> None:
    worked(engine)
    harvest(engine, "heat")
    run(engine)
    with pytest.raises(RefusedError, match="closed and takes no money"):
        move(engine, "sponsorship", "wallet:ada", "squad:heat", 1)
    assert (balance(engine, "squad:heat"), balance(engine, "wallet:ada")) == (0, 1_000 * TOKEN)


def test_bids_and_proposals_lapse_with_the_squad(engine: Engine) -> None:
    worked(engine)
    squad(engine, "cold")
    with engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.squad_join_bids (squad_id, agent_id, role, pitch, bid_at)
                    VALUES ('heat', 'eve', 'researcher', 'Let me in', now())""")
        )
        connection.execute(text("INSERT INTO squads.squad_merges VALUES ('cold', 'heat', 'ada', now())"))
    harvest(engine, "heat")
    run(engine)
    bids = "SELECT status, decided_by, decided_at IS NULL FROM squads.squad_join_bids"
    assert rows(engine, bids) == [("lapsed", "distribute_pools", False)]
    assert rows(engine, "SELECT count(*) FROM squads.squad_merges") == [(0,)]


def test_a_squad_that_cannot_be_shared_out_does_not_stop_the_others(engine: Engine) -> None:
    worked(engine, "a")
    worked(engine, "b")
    give(engine, "eve", "a", 10)
    give(engine, "eve", "b", 10)
    match(engine)
    harvest(engine, "a", "b")
    move(engine, "correction", "wallet:eve", "wallet:ada", 1)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE squads.transfers DISABLE TRIGGER USER"))
        connection.execute(
            text("UPDATE squads.transfers SET idempotency_key = 'payout:a:ada' WHERE kind = 'correction'")
        )
        connection.execute(text("ALTER TABLE squads.transfers ENABLE TRIGGER USER"))
    outcome = run(engine)
    assert (outcome.units, outcome.facts["units_failed"]) == (1, 1)
    assert (status(engine, "a"), status(engine, "b")) == ("harvesting", "disbanded")
    with engine.connect() as connection:
        (failure,) = gap_failures.of_gap(connection)
    assert failure.unit == "squad:a"
    assert "payout:a:ada" in failure.error
    assert conserved(engine)


def test_names_with_colons_share_no_key(engine: Engine) -> None:
    people(engine, "c", "b:c")
    for name, agent in (("a:b", "c"), ("a", "b:c")):
        squad(engine, name)
        member(engine, name, agent)
        give(engine, "eve", name, 10)
    match(engine)
    harvest(engine, "a", "a:b")
    assert run(engine).units == 2
    assert payments(engine) == [("payout:a%3Ab:c", 10 * TOKEN), ("payout:a:b:c", 10 * TOKEN)]


def test_a_second_run_writes_nothing(engine: Engine) -> None:
    worked(engine)
    harvest(engine, "heat")
    assert run(engine).units == 1
    before = contents(engine)
    assert run(engine).units == 0
    assert contents(engine) == before


def test_a_dry_run_writes_nothing_and_tells_what_the_real_run_does(engine: Engine) -> None:
    worked(engine)
    give(engine, "eve", "heat", 100)
    match(engine)
    harvest(engine, "heat")
    before = contents(engine)
    plan = run(engine, dry_run=True)
    assert contents(engine) == before
    assert run(engine) == plan


def test_the_day_is_the_transactions_own(engine: Engine) -> None:
    worked(engine)
    harvest(engine, "heat")
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('squads.clock', '2030-05-06 23:59:59+00', true)"))
        distribute_pools(connection, DriverRun("late"))
    days = """SELECT DISTINCT effective_on::text FROM squads.distributions
              UNION SELECT effective_on::text FROM squads.harvest_distributions"""
    assert rows(engine, days) == [("2030-05-06",)]
    ended = "SELECT (disbanded_at AT TIME ZONE 'UTC')::text FROM squads.research_squads"
    assert rows(engine, ended) == [("2030-05-06 23:59:59",)]


def test_a_squad_takes_an_edge_only_from_where_it_begins(engine: Engine) -> None:
    squad(engine, "heat")
    with pytest.raises(AssertionError, match="not every squad was harvesting"):
        take(engine, "heat", CLOSED)


def test_a_payout_cannot_be_corrected_into_a_closed_account(engine: Engine) -> None:
    worked(engine)
    give(engine, "eve", "heat", 100)
    match(engine)
    harvest(engine, "heat")
    run(engine)
    with engine.begin() as connection, pytest.raises(RefusedError, match="closed and takes no money"):
        correct(connection, "payout:heat:bob", reason="too much")
