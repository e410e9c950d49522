"""`squads disband`, `fork`, `merge`, `sponsor` and `bonus`: what they answer and how they fail."""

import pytest
from sqlalchemy import Engine

from tests.drivers.harvest_world import member, note, rows, squad
from tests.surfaces.conftest import Squads


@pytest.fixture
def led(community: Squads, engine: Engine) -> Squads:
    """Two squads at work: warm, led by ada, with 10 tokens of bob's, and cool, led by bob."""
    for name, lead in (("warm", "ada"), ("cool", "bob")):
        squad(engine, name)
        member(engine, name, lead, "lead")
    note(engine, "warm", "ada")
    assert community("sponsor", "warm", "10", "--as", "bob").code == 0
    return community


def test_a_squad_is_disbanded_in_two_steps(led: Squads) -> None:
    assert led("disband", "warm", "--as", "ada").out == (
        "warm is harvesting: what is left is reviewed, merged and matched\n"
    )
    assert led("disband", "warm", "--json").document == {
        "squad": "warm",
        "status": "disbanded",
        "manner": "by_score",
        "pool": "10",
        "pool_micro": 10_000_000,
    }
    ran = led("disband", "warm")
    assert (ran.code, "the squad is disbanded" in ran.err) == (1, True)


def test_the_end_of_a_pool_is_told_in_words(led: Squads) -> None:
    led("disband", "warm")
    assert led("disband", "warm").out == ("warm is disbanded, its pool of 10 tokens shared out by score\n")
    assert "does not lead cool" in led("disband", "cool", "--as", "ada").err


def test_a_fork_gets_its_part(led: Squads) -> None:
    forked = led("fork", "warm", "--as", "ada", "--charter", "Closer", "--tokens", "5")
    assert forked.out == "warm-fork-1 is forked from warm with 5 tokens, and recruits\n"
    asked = ("fork", "warm", "--as", "ada", "--charter", "Closer", "--tokens", "2", "--id", "close", "--json")
    assert led(*asked).document == {
        "squad": "close",
        "parent": "warm",
        "depth": 1,
        "amount": "2",
        "amount_micro": 2_000_000,
    }
    ran = led("fork", "warm", "--as", "ada", "--charter", "Closer", "--tokens", "2")
    assert (ran.code, "Give from 0 to 1.5 tokens" in ran.err) == (1, True)


def test_a_merger_needs_both_leads(led: Squads) -> None:
    proposed = "proposed to merge warm into cool; waits for bob to agree"
    assert led("merge", "warm", "cool", "--as", "ada").out == f"{proposed}\n"
    assert led("merge", "warm", "cool", "--as", "ada").out.endswith("(said before; nothing changed)\n")
    assert led("merge", "warm", "cool", "--as", "bob").out == "warm is merged into cool, with 10 tokens\n"
    ran = led("merge", "warm", "cool", "--as", "bob", "--json")
    assert (ran.code, ran.document["error"]["kind"]) == (1, "refused")


def test_gifts_are_told_once(led: Squads, engine: Engine) -> None:
    first = led("sponsor", "cool", "2.5", "--as", "ada", "--key", "k")
    assert first.out == "ada sponsors cool with 2.5 tokens\n"
    assert led("sponsor", "cool", "2.5", "--as", "ada", "--key", "k").out.endswith("nothing moved)\n")
    assert "belong to a driver" in led("sponsor", "cool", "1", "--as", "ada", "--key", "payout:x").err
    led("ledger", "mint", "treasury", "50", "--reason", "test")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            """UPDATE squads.research_squads
               SET success_criteria = '[{"measure": "findings_bubbled", "at_least": 1}]'"""
        )
    ran = led("bonus", "cool", "findings_bubbled", "5")
    assert (ran.code, "is not met: 0 of 1" in ran.err) == (1, True)
    assert led("bonus", "cool", "findings_bubbled", "5", "--confirm").out == (
        "cool is rewarded for findings_bubbled with 5 tokens\n"
    )
    assert led("bonus", "cool", "findings_bubbled", "5", "--json").document["repeated"]
    assert rows(engine, "SELECT count(*) FROM squads.qf_unclaimed") == [(0,)]


def test_the_ledger_verifies_after_all_of_it(led: Squads) -> None:
    led("fork", "warm", "--as", "ada", "--charter", "Closer", "--tokens", "5")
    led("merge", "warm", "cool", "--as", "ada")
    led("merge", "warm", "cool", "--as", "bob")
    led("disband", "cool")
    led("disband", "cool")
    led("disband", "warm-fork-1", "--as", "ada")
    ran = led("ledger", "verify", "--json")
    broken = [one for one in ran.document["invariants"] if not one["ok"]]
    assert (ran.code, broken) == (0, [])
