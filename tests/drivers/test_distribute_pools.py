"""What sharing out a pool does, with exact numbers."""

from fractions import Fraction

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import funding
from squads_pipeline.commands.correcting import correct
from squads_pipeline.drivers.distribute_pools import distribute_pools
from squads_pipeline.drivers.run import DriverRun
from squads_pipeline.rules.lifecycle import CLOSED
from squads_pipeline.store import gap_failures, ledger
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.store.ledger import TransferRequest
from squads_pipeline.store.stamp import Stamp
from tests.drivers.harvest_world import (
    TOKEN,
    adopt,
    balance,
    closed_at,
    decide,
    desert,
    finding,
    give,
    harvest,
    match,
    member,
    note,
    payments,
    people,
    pools,
    review,
    rows,
    run,
    shares,
    squad,
    status,
    take,
    units,
)
from tests.drivers.test_match_round import contents


@pytest.fixture(autouse=True)
def community(engine: Engine) -> None:
    """No top-ups: every token is somebody's gift."""
    adopt(engine, matching_pool_target_micro=0, treasury_target_micro=0, settle_count=1)
    people(engine, "ada", "bob", "cyd", "eve")


def conserved(engine: Engine) -> bool:
    return rows(engine, "SELECT sum(balance_micro) FROM squads.accounts") == [(0,)]


def worked(engine: Engine, name: str = "heat") -> None:
    """A squad whose members scored: ada 1·3 + 5 + 20·0.75 = 23, bob 3 + 1 = 4, cyd, who left, 1; eve observes."""
    squad(engine, name)
    member(engine, name, "ada", "lead")
    member(engine, name, "bob", "reviewer")
    member(engine, name, "cyd", left=True)
    member(engine, name, "eve", "observer")
    note(engine, name, "ada", 3)
    note(engine, name, "bob")
    note(engine, name, "cyd")
    note(engine, name, "eve", 50)
    review(engine, finding(engine, name, "ada", confidence="0.75"), "bob")


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


def test_without_anybody_the_pool_goes_back_to_its_sources(engine: Engine) -> None:
    """30 tokens of ada's, 20 of bob's and a match of (√30 + √20)² = 50 + 20·√6, of which 25 are paid."""
    with engine.begin() as connection:
        funding.mint(connection, "matching_pool", 100 * TOKEN, key="pool", reason="test")
    adopt(engine, matching_pool_target_micro=0, settle_count=1, max_match_fraction=Fraction(1))
    squad(engine, "heat")
    member(engine, "heat", "eve", "observer")
    give(engine, "ada", "heat", 30)
    give(engine, "bob", "heat", 20)
    match(engine)
    assert balance(engine, "squad:heat") == 75 * TOKEN
    harvest(engine, "heat")
    run(engine)
    assert payments(engine, "refund") == [
        ("refund:heat:matching_pool", 25 * TOKEN),
        ("refund:heat:wallet:ada", 30 * TOKEN),
        ("refund:heat:wallet:bob", 20 * TOKEN),
    ]
    assert pools(engine) == [("heat", "refund", 75 * TOKEN, 3)]
    assert balance(engine, "matching_pool") == 100 * TOKEN
    assert conserved(engine)


def test_refunds_are_in_proportion_when_a_part_is_gone(engine: Engine) -> None:
    """A child was given a third of 3 tokens: 2 are left for two sources that gave 1 and 2."""
    squad(engine, "heat")
    squad(engine, "child")
    give(engine, "ada", "heat", 1)
    give(engine, "bob", "heat", 2)
    match(engine)
    move(engine, "fork_grant", "squad:heat", "squad:child", TOKEN)
    harvest(engine, "heat")
    run(engine)
    assert payments(engine, "refund") == [
        ("refund:heat:wallet:ada", 666_667),
        ("refund:heat:wallet:bob", 1_333_333),
    ]


def move(engine: Engine, kind: str, payer: str, receiver: str, amount_micro: int) -> None:
    with engine.begin() as connection:
        found = ledger.find_accounts(connection, [payer, receiver])
        ledger.lock_accounts(connection, [one.id for one in found.values()])
        policy = connection.scalar(text("SELECT id FROM squads.current_policy"))
        request = TransferRequest(
            kind, found[payer].id, found[receiver].id, amount_micro, f"{kind}:{receiver}"
        )
        ledger.post(connection, [request], Stamp("test", "test", str(policy), "1"))


def test_what_a_fork_gives_back_is_its_parents_while_the_parent_lives(engine: Engine) -> None:
    squad(engine, "parent")
    member(engine, "parent", "ada", "lead")
    squad(engine, "child", status="recruiting")
    give(engine, "bob", "parent", 10)
    match(engine)
    move(engine, "fork_grant", "squad:parent", "squad:child", 4 * TOKEN)
    harvest(engine, "parent")
    desert(engine, "child")
    # Both are at an end: the child first, so that its parent shares out what comes back.
    assert run(engine).facts["squads_disbanded"] == 1
    assert (status(engine, "child"), status(engine, "parent")) == ("disbanded", "harvesting")
    assert run(engine).units == 1
    assert payments(engine, "refund") == [("refund:child:squad:parent", 4 * TOKEN)]
    assert payments(engine) == [("payout:parent:ada", 10 * TOKEN)]


def test_what_came_from_a_closed_account_goes_to_the_treasury(engine: Engine) -> None:
    squad(engine, "parent")
    member(engine, "parent", "ada", "lead")
    squad(engine, "child")
    give(engine, "bob", "parent", 10)
    match(engine)
    move(engine, "fork_grant", "squad:parent", "squad:child", 4 * TOKEN)
    harvest(engine, "parent")
    run(engine)
    harvest(engine, "child")
    run(engine)
    assert payments(engine, "refund") == [("refund:child:treasury", 4 * TOKEN)]


def test_a_deserted_squad_is_refunded_whoever_came_and_left(engine: Engine) -> None:
    squad(engine, "heat", status="recruiting")
    member(engine, "heat", "ada", left=True)
    member(engine, "heat", "eve", "observer")
    give(engine, "bob", "heat", 7)
    desert(engine, "heat")
    # Its contributions are matched first, at once.
    assert (units(engine), units(engine, "qf_matches")) == ([], ["squad:heat"])
    match(engine)
    assert units(engine) == ["squad:heat"]
    run(engine)
    assert payments(engine, "refund") == [("refund:heat:wallet:bob", 7 * TOKEN)]
    events = "SELECT from_status, to_status FROM squads.squad_events ORDER BY event_no DESC LIMIT 1"
    assert rows(engine, events) == [("recruiting", "disbanded")]


@pytest.mark.parametrize("fact", ["window", "no window", "extension", "member"])
def test_each_fact_alone_keeps_a_squad_from_being_given_up(engine: Engine, fact: str) -> None:
    squad(engine, "heat", status="recruiting")
    desert(engine, "heat", extensions=0 if fact == "extension" else 1)
    closes = {"window": "squads.clock() + interval '1 minute'", "no window": "NULL"}.get(fact)
    if closes:
        with engine.begin() as connection:
            connection.execute(text(f"UPDATE squads.research_squads SET recruitment_closes_at = {closes}"))
    if fact == "member":
        member(engine, "heat", "ada")
    assert units(engine) == []
    assert (run(engine).units, status(engine, "heat")) == (0, "recruiting")


@pytest.mark.parametrize("waits", ["pending", "reviewed"])
def test_findings_that_wait_hold_the_harvest_back(engine: Engine, waits: str) -> None:
    worked(engine)
    number = finding(engine, "heat", "bob", waits)
    harvest(engine, "heat")
    assert (units(engine), run(engine).units) == ([], 0)
    for step in ("reviewed", "merged") if waits == "pending" else ("merged",):
        decide(engine, number, step)
    assert run(engine).units == 1


def test_findings_of_a_squad_that_was_absorbed_hold_its_home_back_and_count_there(engine: Engine) -> None:
    squad(engine, "heat")
    squad(engine, "cold")
    member(engine, "heat", "ada", "lead")
    member(engine, "heat", "bob")
    number = finding(engine, "cold", "bob", "pending")
    note(engine, "cold", "ada", 2)
    with engine.begin() as connection:
        connection.execute(
            text("""UPDATE squads.research_squads SET status = 'disbanded', disbanded_at = now(), merged_into = 'heat'
                    WHERE id = 'cold'""")
        )
    harvest(engine, "heat")
    assert units(engine) == []
    review(engine, number, "ada")
    decide(engine, number, "reviewed")
    decide(engine, number, "merged")
    run(engine)
    assert shares(engine) == [("heat", "ada", "5", 0, 0), ("heat", "bob", "15", 0, 0)]


def test_a_squad_without_an_end_date_is_shared_out_like_any_other(engine: Engine) -> None:
    """Squads whose target_disband_at was null were never harvested by the system that this one replaces."""
    worked(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE squads.research_squads SET target_disband_at = NULL"))
    harvest(engine, "heat")
    assert rows(engine, "SELECT target_disband_at FROM squads.research_squads") == [(None,)]
    assert run(engine).units == 1


def test_the_final_match_is_paid_before_the_pool_is_shared_out(engine: Engine) -> None:
    with engine.begin() as connection:
        funding.mint(connection, "matching_pool", 1_000 * TOKEN, key="pool", reason="test")
    adopt(engine, matching_pool_target_micro=0, settle_after_seconds=3600, max_match_fraction=Fraction(1))
    worked(engine)
    give(engine, "bob", "heat", 10)
    give(engine, "cyd", "heat", 10)
    assert units(engine, "qf_matches") == []
    harvest(engine, "heat")
    with engine.connect() as connection, pytest.raises(RefusedError, match="harvesting and takes no"):
        funding.contribute(connection, "ada", "heat", TOKEN, key="too late")
    assert (units(engine, "qf_matches"), units(engine), run(engine).units) == (["squad:heat"], [], 0)
    match(engine)
    run(engine)
    assert pools(engine) == [("heat", "by_score", 60 * TOKEN, 3)]
    assert rows(engine, "SELECT count(*) FROM squads.qf_unclaimed") == [(0,)]


def test_what_is_due_and_unpaid_lapses_with_the_squad(engine: Engine) -> None:
    with engine.begin() as connection:
        funding.mint(connection, "matching_pool", 100 * TOKEN, key="pool", reason="test")
    adopt(engine, matching_pool_target_micro=0, settle_count=1, max_match_fraction=Fraction(1))
    worked(engine)
    squad(engine, "cold")
    for agent in ("bob", "cyd"):
        give(engine, agent, "heat", 100)
    match(engine)
    assert rows(engine, "SELECT due_micro - match_micro FROM squads.qf_matches") == [(375 * TOKEN,)]
    harvest(engine, "heat")
    run(engine)
    give(engine, "bob", "cold", 1)
    match(engine)
    assert rows(engine, "SELECT squad_id, match_micro FROM squads.qf_matches WHERE round_id = 2") == [
        ("cold", 0)
    ]


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


def test_what_a_correction_took_back_is_not_refunded(engine: Engine) -> None:
    squad(engine, "heat")
    give(engine, "ada", "heat", 4)
    give(engine, "bob", "heat", 4)
    match(engine)
    with engine.begin() as connection:
        contribution = "SELECT min(id)::text FROM squads.squad_grants WHERE agent_id = 'ada'"
        number = str(connection.scalar(text(contribution)))
        correct(connection, number, reason="ada meant one token", amount_micro=3 * TOKEN)
    harvest(engine, "heat")
    run(engine)
    assert payments(engine, "refund") == [
        ("refund:heat:wallet:ada", TOKEN),
        ("refund:heat:wallet:bob", 4 * TOKEN),
    ]


def test_a_payout_cannot_be_corrected_into_a_closed_account(engine: Engine) -> None:
    worked(engine)
    give(engine, "eve", "heat", 100)
    match(engine)
    harvest(engine, "heat")
    run(engine)
    with engine.begin() as connection, pytest.raises(RefusedError, match="closed and takes no money"):
        correct(connection, "payout:heat:bob", reason="too much")
