"""Asking for a squad's end: who may, what stands against it, and what it does."""

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands.disbanding import Ended, disband
from squads_pipeline.store.errors import NotFoundError, RefusedError
from tests.drivers.harvest_world import (
    TOKEN,
    adopt,
    finding,
    give,
    harvest,
    match,
    member,
    note,
    payments,
    people,
    rows,
    squad,
    status,
    units,
)


@pytest.fixture(autouse=True)
def community(engine: Engine) -> None:
    adopt(engine, matching_pool_target_micro=0, treasury_target_micro=0, settle_count=1)
    people(engine, "ada", "bob")


def asked(engine: Engine, agent: str | None, squad_id: str) -> Ended:
    with engine.begin() as connection:
        return disband(connection, agent, squad_id)


def refused(engine: Engine, agent: str | None, squad_id: str) -> str:
    before = rows(engine, "SELECT count(*) FROM squads.squad_events")
    with engine.begin() as connection, pytest.raises(RefusedError) as said:
        disband(connection, agent, squad_id)
    assert rows(engine, "SELECT count(*) FROM squads.squad_events") == before
    return str(said.value)


def test_a_squad_at_work_is_harvested_and_then_shared_out(engine: Engine) -> None:
    squad(engine, "heat", name="Heat maps")
    member(engine, "heat", "ada", "lead")
    note(engine, "heat", "ada")
    give(engine, "bob", "heat", 5)
    match(engine)
    assert asked(engine, "ada", "Heat maps") == Ended("heat", "harvesting", None, 0)
    assert asked(engine, "ada", "heat") == Ended("heat", "disbanded", "by_score", 5 * TOKEN)
    assert payments(engine) == [("payout:heat:ada", 5 * TOKEN)]
    events = (
        "SELECT from_status, to_status, actor, reason FROM squads.squad_events ORDER BY event_no DESC LIMIT 2"
    )
    assert rows(engine, events) == [
        ("harvesting", "disbanded", "ada", "ada asked for it"),
        ("active", "harvesting", "ada", "ada asked for it"),
    ]
    assert refused(engine, "ada", "heat") == "Squad heat cannot be disbanded: the squad is disbanded"


def test_all_that_stands_against_it_is_listed(engine: Engine) -> None:
    squad(engine, "heat")
    member(engine, "heat", "ada", "lead")
    finding(engine, "heat", "ada", "pending")
    finding(engine, "heat", "ada", "reviewed")
    give(engine, "bob", "heat", 5)
    harvest(engine, "heat")
    assert refused(engine, None, "heat") == (
        "Squad heat cannot be disbanded: 1 finding pending: to be reviewed, or rejected when the review window is "
        "over; 1 finding accepted: to be merged into the knowledge graph; 1 contribution unmatched: the next round "
        "claims them"
    )


def test_the_lead_or_an_operator_may_ask_and_nobody_else(engine: Engine) -> None:
    squad(engine, "heat", created_by="bob")
    member(engine, "heat", "ada", "lead")
    member(engine, "heat", "bob")
    assert refused(engine, "bob", "heat") == "bob does not lead heat"
    assert asked(engine, None, "heat").status == "harvesting"
    with engine.begin() as connection, pytest.raises(NotFoundError, match="no squad nowhere"):
        disband(connection, None, "nowhere")


def test_a_squad_that_recruits_and_is_empty_is_given_up_before_its_time(engine: Engine) -> None:
    squad(engine, "heat", status="recruiting", created_by="ada")
    member(engine, "heat", "ada")
    give(engine, "bob", "heat", 5)
    assert refused(engine, "ada", "heat").endswith("1 contribution unmatched: the next round claims them")
    match(engine)
    assert refused(engine, "bob", "heat") == "bob does not lead heat"
    # Its window has no end, so the driver would never give it up; who formed it and is alone in it may.
    assert units(engine) == []
    assert asked(engine, "ada", "heat") == Ended("heat", "disbanded", "refund", 5 * TOKEN)
    assert payments(engine, "refund") == [("refund:heat:wallet:bob", 5 * TOKEN)]


def test_nobody_gives_up_others_work(engine: Engine) -> None:
    squad(engine, "heat", status="recruiting", created_by="ada")
    member(engine, "heat", "ada")
    assert refused(engine, None, "heat").endswith("1 member would work in it")
    member(engine, "heat", "bob")
    assert refused(engine, "ada", "heat").endswith("2 members would work in it")
    assert status(engine, "heat") == "recruiting"


def test_a_squad_that_forms_is_not_disbanded(engine: Engine) -> None:
    squad(engine, "heat")
    with engine.begin() as connection:
        connection.execute(text("UPDATE squads.research_squads SET status = 'forming'"))
    assert refused(engine, None, "heat") == "Squad heat cannot be disbanded: the squad is forming"
