"""What a sharing-out waits for: recruiting, findings, the last match; and what lapses when it comes."""

from fractions import Fraction

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import funding
from squads_pipeline.store.errors import RefusedError
from tests.drivers.harvest_world import (
    TOKEN,
    adopt,
    decide,
    desert,
    finding,
    give,
    harvest,
    match,
    member,
    note,
    people,
    pools,
    review,
    rows,
    run,
    shares,
    squad,
    status,
    units,
    worked,
)


@pytest.fixture(autouse=True)
def community(engine: Engine) -> None:
    """No top-ups: every token is somebody's gift."""
    adopt(engine, matching_pool_target_micro=0, treasury_target_micro=0, settle_count=1)
    people(engine, "ada", "bob", "cyd", "eve")


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
