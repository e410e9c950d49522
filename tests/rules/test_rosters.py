"""Rosters: guards in which each single fact flips the answer, the next step of a squad, who leads it."""

from dataclasses import replace
from typing import Any

import pytest

from squads_pipeline.rules.lifecycle import (
    ACTIVATED,
    EXTENDED,
    HARVESTED,
    OPENED,
    Edge,
    why_not_activated,
    why_not_extended,
    why_not_harvested,
)
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.rosters import Candidate, Standing, leader, next_step

Facts = dict[str, Any]

ACTIVATABLE: Facts = {"status": "recruiting", "window_over": True, "working_members": 1}


def test_a_squad_begins_when_nothing_stands_against_it() -> None:
    assert why_not_activated(**ACTIVATABLE) is None


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        ({"status": "active"}, "the squad is active"),
        ({"window_over": False}, "recruitment has not closed"),
        ({"window_over": None}, "it is not known when recruitment closes"),
        ({"working_members": 0}, "nobody has joined to work"),
        ({"working_members": None}, "its members are not known"),
    ],
)
def test_each_fact_alone_keeps_a_squad_from_beginning(fact: Facts, reason: str) -> None:
    assert why_not_activated(**(ACTIVATABLE | fact)) == reason


EXTENDABLE: Facts = {
    "status": "recruiting",
    "window_over": True,
    "working_members": 0,
    "extensions": 0,
    "most_extensions": 1,
}


def test_a_squad_recruits_on_when_nothing_stands_against_it() -> None:
    assert why_not_extended(**EXTENDABLE) is None


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        ({"status": "forming"}, "the squad is forming"),
        ({"window_over": False}, "recruitment has not closed"),
        ({"window_over": None}, "it is not known when recruitment closes"),
        ({"working_members": 1}, "somebody has joined to work"),
        ({"working_members": None}, "its members are not known"),
        ({"extensions": 1}, "it was extended 1 of 1 times"),
        ({"extensions": None}, "it is not known how often it was extended"),
        ({"most_extensions": 0}, "it was extended 0 of 0 times"),
    ],
)
def test_each_fact_alone_keeps_a_squad_from_recruiting_on(fact: Facts, reason: str) -> None:
    assert why_not_extended(**(EXTENDABLE | fact)) == reason


AT_WORK: Facts = {"status": "active", "time_over": False, "criteria_met": False, "lead_asks": False}


@pytest.mark.parametrize(
    "fact", [{"time_over": True}, {"time_over": None}, {"criteria_met": True}, {"lead_asks": True}]
)
def test_each_fact_alone_begins_the_harvest(fact: Facts) -> None:
    assert why_not_harvested(**(AT_WORK | fact)) is None
    assert why_not_harvested(**(AT_WORK | fact | {"status": "harvesting"})) == "the squad is harvesting"


@pytest.mark.parametrize("fact", [{}, {"criteria_met": None}])
def test_a_squad_works_on_otherwise(fact: Facts) -> None:
    reason = "its time to work is not over and its success criteria are not met"
    assert why_not_harvested(**(AT_WORK | fact)) == reason


STANDING = Standing(
    squad_id="heat",
    status="active",
    charter="Find out.",
    success_criteria=[{"measure": "journal_entries", "at_least": 2}],
    seed_micro=10,
    posted_micro=1,
    window_over=False,
    time_over=False,
    working_members=0,
    extensions=0,
    measured={"journal_entries": 1},
)
FORMING = replace(STANDING, status="forming")
RECRUITING = replace(STANDING, status="recruiting")


@pytest.mark.parametrize(
    ("standing", "edge"),
    [
        (FORMING, OPENED),
        (replace(FORMING, charter=" "), None),
        (replace(FORMING, success_criteria=None), None),
        (replace(FORMING, success_criteria={"measure": "members"}), None),
        (replace(FORMING, posted_micro=0), None),
        (RECRUITING, None),
        (replace(RECRUITING, window_over=True), EXTENDED),
        (replace(RECRUITING, window_over=True, extensions=1), None),
        (replace(RECRUITING, window_over=True, working_members=1), ACTIVATED),
        (replace(RECRUITING, window_over=True, working_members=1, extensions=1), ACTIVATED),
        (STANDING, None),
        (replace(STANDING, time_over=True), HARVESTED),
        (replace(STANDING, time_over=None), HARVESTED),
        (replace(STANDING, measured={"journal_entries": 2}), HARVESTED),
        (replace(STANDING, status="harvesting", time_over=True), None),
    ],
)
def test_the_next_step_of_a_squad(standing: Standing, edge: Edge | None) -> None:
    step = next_step(standing, Policy())
    assert (step and step.edge) == edge


def test_a_step_says_why() -> None:
    def reason(**facts: Any) -> str:
        step = next_step(replace(STANDING, **facts), Policy())
        assert step is not None
        return step.reason

    assert reason(time_over=True) == "its time to work is over"
    assert reason(time_over=None) == "it has no end of its work"
    assert reason(measured={"journal_entries": 5}) == "all its success criteria are met"


@pytest.mark.parametrize(
    ("candidates", "lead"),
    [
        ([], None),
        ([Candidate("ada", "observer", 1_000_000)], None),
        ([Candidate("ada", "reviewer", 0)], "ada"),
        ([Candidate("ada", "researcher", 1), Candidate("bo", "researcher", 2)], "bo"),
        ([Candidate("bo", "researcher", 2), Candidate("ada", "reviewer", 2)], "ada"),
        ([Candidate("ada", "researcher", 500_000), Candidate("Bo", "researcher", None)], "Bo"),
        ([Candidate("ada", "researcher", None), Candidate("bo", "researcher", 500_001)], "bo"),
        ([Candidate("ada", "researcher", 3), Candidate("bo", "observer", 9)], "ada"),
    ],
)
def test_the_best_bid_leads(candidates: list[Candidate], lead: str | None) -> None:
    assert leader(candidates) == lead
