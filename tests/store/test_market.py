"""Past days of the market: places are left as they were, whatever became of squads and members since."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from squads_pipeline.commands import joining
from squads_pipeline.commands.forking import fork
from squads_pipeline.commands.merging import merge
from squads_pipeline.store import market, roster_facts
from tests.drivers.roster_world import CLOSED, accept, adopt, agents, at, bid, form, member, run

FIRST, SECOND, THIRD, FOURTH = (date(2026, 3, 11) + timedelta(days) for days in range(4))
NEVER_OVER = {"active_window_seconds": 60 * 86_400}


@pytest.fixture(autouse=True)
def three(engine: Engine) -> None:
    """Squads at work from the first day on: heat of ada with cy, cold of bo with cy and dee, last of eve."""
    adopt(engine, **NEVER_OVER)
    agents(engine, "ada", "bo", "cy", "dee", "eve", "fay")
    for lead, name in (("ada", "heat"), ("bo", "cold"), ("eve", "last")):
        form(engine, lead, name)
    member(engine, "cy", "heat")
    member(engine, "cy", "cold")
    member(engine, "dee", "cold")
    run(engine, CLOSED)


def noon(day: date) -> str:
    return f"{day} 12:00+00"


def members(engine: Engine, day: date, asked: str = noon(FOURTH + timedelta(9))) -> dict[str, int]:
    """Squad → members at the end of a day, asked at a moment."""
    with at(engine, asked) as connection:
        shown = market.open_squads(connection, day)
    return dict(zip(shown["squad_id"], map(int, shown["members"]), strict=True))


def join(
    engine: Engine, agent: str, squad: str, day: date, role: str = "researcher", by: str = "ada"
) -> None:
    accept(engine, by, bid(engine, agent, squad, role, noon(day)), moment=noon(day))


def leave(engine: Engine, agent: str, squad: str, day: date) -> None:
    with at(engine, noon(day)) as connection:
        joining.leave(connection, agent, squad)


def unite(engine: Engine, squad: str, into: str, leads: tuple[str, str], day: date) -> None:
    with at(engine, noon(day)) as connection:
        assert [merge(connection, lead, squad, into).merged for lead in leads] == [False, True]


def test_who_came_by_a_merger_was_not_there_before(engine: Engine) -> None:
    before = [members(engine, day, asked=noon(THIRD)) for day in (FIRST, SECOND)]
    unite(engine, "cold", "heat", ("bo", "ada"), THIRD)
    assert [members(engine, day) for day in (FIRST, SECOND)] == before
    assert before == [{"heat": 2, "cold": 3, "last": 1}] * 2
    assert members(engine, THIRD) == members(engine, FOURTH) == {"heat": 4, "last": 1}


def test_who_came_by_two_mergers_was_in_one_squad_after_the_other(engine: Engine) -> None:
    unite(engine, "cold", "heat", ("bo", "ada"), SECOND)
    unite(engine, "heat", "last", ("ada", "eve"), THIRD)
    assert members(engine, FIRST) == {"heat": 2, "cold": 3, "last": 1}
    assert members(engine, SECOND) == {"heat": 4, "last": 1}
    assert members(engine, THIRD) == {"last": 5}


def test_who_came_by_two_mergers_to_one_squad_came_one_after_the_other(engine: Engine) -> None:
    unite(engine, "cold", "heat", ("bo", "ada"), SECOND)
    unite(engine, "last", "heat", ("eve", "ada"), THIRD)
    assert members(engine, FIRST) == {"heat": 2, "cold": 3, "last": 1}
    assert members(engine, SECOND) == {"heat": 4, "last": 1}
    assert members(engine, THIRD) == {"heat": 5}


def test_an_observer_takes_no_place_until_a_merger_brings_one(engine: Engine) -> None:
    join(engine, "fay", "heat", FIRST, role="observer")
    join(engine, "fay", "cold", SECOND, by="bo")
    unite(engine, "cold", "heat", ("bo", "ada"), THIRD)
    assert members(engine, FIRST) == {"heat": 2, "cold": 3, "last": 1}
    assert members(engine, SECOND) == {"heat": 2, "cold": 4, "last": 1}
    assert members(engine, THIRD) == {"heat": 5, "last": 1}


def test_who_left_before_a_merger_left_that_squad(engine: Engine) -> None:
    leave(engine, "dee", "cold", SECOND)
    unite(engine, "cold", "heat", ("bo", "ada"), THIRD)
    assert members(engine, FIRST) == {"heat": 2, "cold": 3, "last": 1}
    assert members(engine, SECOND) == {"heat": 2, "cold": 2, "last": 1}
    assert members(engine, THIRD) == {"heat": 3, "last": 1}


def test_who_joined_after_a_merger_was_in_neither_before(engine: Engine) -> None:
    unite(engine, "cold", "heat", ("bo", "ada"), SECOND)
    join(engine, "fay", "heat", THIRD)
    assert members(engine, FIRST) == {"heat": 2, "cold": 3, "last": 1}
    assert members(engine, SECOND) == {"heat": 4, "last": 1}
    assert members(engine, THIRD) == {"heat": 5, "last": 1}


def test_a_promoted_observer_is_a_member_from_then_on(engine: Engine) -> None:
    join(engine, "fay", "heat", FIRST, role="observer")
    leave(engine, "fay", "heat", SECOND)
    join(engine, "fay", "heat", THIRD)
    found = [members(engine, day)["heat"] for day in (FIRST, SECOND, THIRD)]
    assert found == [2, 2, 3]


def test_the_founder_of_a_fork_is_in_both(engine: Engine) -> None:
    with at(engine, noon(SECOND)) as connection:
        fork(connection, "bo", "cold", charter="More.", amount_micro=0, squad="colder")
    unite(engine, "cold", "heat", ("bo", "ada"), THIRD)
    assert members(engine, FIRST) == {"heat": 2, "cold": 3, "last": 1}
    assert members(engine, SECOND) == {"heat": 2, "cold": 3, "last": 1, "colder": 1}
    assert members(engine, THIRD)["colder"] == 1


def test_when_somebody_left_who_came_back_is_not_known(engine: Engine) -> None:
    leave(engine, "dee", "cold", SECOND)
    join(engine, "dee", "cold", THIRD, by="bo")
    found = [members(engine, day)["cold"] for day in (FIRST, SECOND, THIRD)]
    assert found == [2, 2, 3]  # on the first day there were 3


def test_when_somebody_left_who_came_again_by_a_merger_is_not_known(engine: Engine) -> None:
    leave(engine, "cy", "heat", SECOND)
    unite(engine, "cold", "heat", ("bo", "ada"), THIRD)
    found = [members(engine, day)["heat"] for day in (FIRST, SECOND, THIRD)]
    assert found == [2, 2, 4]  # on the second day there was 1


def test_the_audit_of_rosters_counts_the_same_members(engine: Engine) -> None:
    unite(engine, "cold", "heat", ("bo", "ada"), SECOND)
    with engine.connect() as connection:
        taken = roster_facts.between(connection, FIRST, FIRST)
    counted = {one.squad_id: one.standing.measured["members"] for one in taken}
    assert counted == {"heat": 2, "cold": 3, "last": 1}
