"""Forking: a child with its part of the pool; who may, how much, how deep."""

from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands.forking import Forked, fork
from squads_pipeline.rules.lifecycle import ACTIVATED
from squads_pipeline.store.errors import AlreadyExistsError, RefusedError
from tests.drivers.harvest_world import (
    TOKEN,
    adopt,
    balance,
    give,
    match,
    member,
    people,
    rows,
    squad,
    take,
)


@pytest.fixture(autouse=True)
def heat(engine: Engine) -> None:
    """Squad heat, led by ada, with 10 tokens and a µT."""
    adopt(engine, matching_pool_target_micro=0, treasury_target_micro=0, settle_count=1)
    people(engine, "ada", "bob")
    squad(engine, "heat", target_type="hypothesis", target_id="h1")
    member(engine, "heat", "ada", "lead")
    member(engine, "heat", "bob")
    give(engine, "bob", "heat", 10)
    match(engine)


def forked(engine: Engine, agent: str = "ada", parent: str = "heat", **options: Any) -> Forked:
    given: dict[str, Any] = {"charter": "Look closer.", "amount_micro": 4 * TOKEN}
    with engine.begin() as connection:
        return fork(connection, agent, parent, **(given | options))


def refused(engine: Engine, agent: str = "ada", parent: str = "heat", **options: Any) -> str:
    with pytest.raises(RefusedError) as said:
        forked(engine, agent, parent, **options)
    assert rows(engine, "SELECT count(*) FROM squads.squad_grants WHERE purpose = 'fork_grant'") == [(0,)]
    return str(said.value)


def test_a_fork_recruits_with_its_part_of_the_pool(engine: Engine) -> None:
    adopt(engine, settle_count=1, recruit_window_seconds=3_600)
    assert forked(engine) == Forked("heat-fork-1", "heat", 1, 4 * TOKEN)
    assert (balance(engine, "squad:heat"), balance(engine, "squad:heat-fork-1")) == (6 * TOKEN, 4 * TOKEN)
    assert rows(
        engine,
        """SELECT name, charter, status, target_artifact_type, target_artifact_id, parent_squad_id, created_by,
                  success_criteria, recruitment_closes_at - formed_at = '1 h' FROM squads.research_squads
           WHERE id <> 'heat'""",
    ) == [
        (
            "heat-fork-1",
            "Look closer.",
            "recruiting",
            "hypothesis",
            "h1",
            "heat",
            "ada",
            [{"measure": "findings_bubbled", "at_least": 1}],
            True,
        )
    ]
    key = "SELECT idempotency_key FROM squads.transfers WHERE kind = 'fork_grant'"
    assert rows(engine, key) == [("fork:heat-fork-1",)]
    events = (
        "SELECT to_status, actor, reason FROM squads.squad_events WHERE squad_id <> 'heat' ORDER BY event_no"
    )
    assert rows(engine, events) == [
        ("forming", "ada", "forked from heat"),
        ("recruiting", "ada", "forked from heat"),
    ]
    assert rows(engine, "SELECT sum(balance_micro) FROM squads.accounts") == [(0,)]


def test_who_forks_is_the_first_member_by_an_accepted_bid(engine: Engine) -> None:
    forked(engine)
    bids = "SELECT squad_id, agent_id, status, decided_by, fit_ppm FROM squads.squad_join_bids"
    assert rows(engine, bids) == [("heat-fork-1", "ada", "accepted", "ada", 1_000_000)]
    members = "SELECT agent_id, left_at FROM squads.squad_members WHERE squad_id = 'heat-fork-1'"
    assert rows(engine, members) == [("ada", None)]


def test_options_of_the_child_are_kept(engine: Engine) -> None:
    wanted = [{"measure": "journal_entries", "at_least": 3}]
    forked(engine, squad="closer", name="Closer", criteria=wanted, amount_micro=0)
    found = "SELECT id, name, success_criteria FROM squads.research_squads WHERE parent_squad_id = 'heat'"
    assert rows(engine, found) == [("closer", "Closer", wanted)]
    assert balance(engine, "squad:heat") == 10 * TOKEN
    with pytest.raises(AlreadyExistsError):
        forked(engine, squad="closer")
    assert forked(engine).squad_id == "heat-fork-1"
    assert forked(engine, amount_micro=0).squad_id == "heat-fork-2"


def test_a_fork_gets_at_most_the_policys_part_rounded_down(engine: Engine) -> None:
    adopt(engine, settle_count=1, fork_fraction=Fraction(1, 3))
    assert "Give from 0 to 3.333333 tokens" in refused_remedy(engine, 3_333_334)
    assert "Give from 0 to 3.333333 tokens" in refused_remedy(engine, -1)
    assert forked(engine, amount_micro=3_333_333).amount_micro == 3_333_333


def refused_remedy(engine: Engine, amount_micro: int) -> str:
    with pytest.raises(RefusedError) as said:
        forked(engine, amount_micro=amount_micro)
    return said.value.remedy


def test_only_the_lead_of_a_squad_at_work_forks(engine: Engine) -> None:
    assert refused(engine, "bob") == "bob does not lead heat"
    assert refused(engine, charter=" \n") == "The charter is empty"
    assert refused(engine, criteria=[]) == "There are no success criteria"
    with engine.begin() as connection:
        connection.execute(text("UPDATE squads.research_squads SET status = 'harvesting'"))
    assert "the squad is harvesting" in refused(engine)


def test_forks_follow_upon_each_other_as_deep_as_the_policy_allows(engine: Engine) -> None:
    adopt(engine, settle_count=1, max_fork_depth=2, fork_fraction=Fraction(1))
    parent = "heat"
    for depth in (1, 2):
        child = forked(engine, parent=parent, amount_micro=TOKEN)
        assert child.depth == depth
        take(engine, child.squad_id, ACTIVATED)
        with engine.begin() as connection:
            connection.execute(text("UPDATE squads.squad_members SET role = 'lead' WHERE agent_id = 'ada'"))
        parent = child.squad_id
    with pytest.raises(RefusedError, match="fork 3 upon each other, and the policy allows 2"):
        forked(engine, parent=parent, amount_micro=0)
