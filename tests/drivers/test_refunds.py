"""Pools that go back to where they came from, with exact numbers."""

from fractions import Fraction

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import funding
from squads_pipeline.commands.correcting import correct
from tests.drivers.harvest_world import (
    TOKEN,
    adopt,
    balance,
    conserved,
    desert,
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
    squad,
    status,
    units,
)


@pytest.fixture(autouse=True)
def community(engine: Engine) -> None:
    """No top-ups: every token is somebody's gift."""
    adopt(engine, matching_pool_target_micro=0, treasury_target_micro=0, settle_count=1)
    people(engine, "ada", "bob", "cyd", "eve")


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
