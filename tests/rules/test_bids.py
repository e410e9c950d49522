"""Bids: guards in which each single fact flips the answer, who decides, what becomes of one by itself."""

from dataclasses import replace
from typing import Any

import pytest

from squads_pipeline.rules.bids import (
    Fate,
    Waiting,
    carried_out,
    fate_of_bid,
    why_not_decided_by,
    why_not_joined,
)
from squads_pipeline.rules.judgement import NOBODY, Verdict

Facts = dict[str, Any]

JOINABLE: Facts = {
    "status": "recruiting",
    "role": "researcher",
    "working_members": 7,
    "max_members": 8,
    "is_member": False,
}


@pytest.mark.parametrize("fact", [{}, {"status": "active"}, {"role": "observer", "working_members": 8}])
def test_an_agent_may_join_when_nothing_stands_against_it(fact: Facts) -> None:
    assert why_not_joined(**(JOINABLE | fact)) is None


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        ({"status": "forming"}, "the squad is forming and takes no members"),
        ({"status": "harvesting"}, "the squad is harvesting and takes no members"),
        ({"status": "disbanded"}, "the squad is disbanded and takes no members"),
        ({"working_members": 8}, "the squad has its 8 members"),
        ({"working_members": None}, "the squad's members are not known"),
        ({"is_member": True}, "the agent is a member already"),
        ({"is_member": None}, "the squad's members are not known"),
        ({"max_members": 7}, "the squad has its 7 members"),
    ],
)
def test_each_fact_alone_keeps_an_agent_from_joining(fact: Facts, reason: str) -> None:
    assert why_not_joined(**(JOINABLE | fact)) == reason


DECIDABLE: Facts = {"decider": "ada", "bidder": "bo", "members": {"ada", "cy"}, "creator": "dee"}


@pytest.mark.parametrize(
    "fact",
    [
        {},
        {"decider": "dee"},
        {"decider": "anybody", "members": set(), "creator": None},
        {"decider": "anybody", "members": set(), "creator": "bo"},
    ],
)
def test_an_agent_may_decide_when_nothing_stands_against_it(fact: Facts) -> None:
    assert why_not_decided_by(**(DECIDABLE | fact)) is None


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        ({"bidder": "ada"}, "nobody decides their own bid"),
        ({"bidder": "ada", "members": set(), "creator": None}, "nobody decides their own bid"),
        ({"members": None}, "the squad's members are not known"),
        ({"decider": "eve"}, "only its members and who formed it decide: ada, cy, dee"),
        ({"members": {"cy"}}, "only its members and who formed it decide: cy, dee"),
        ({"members": set()}, "only its members and who formed it decide: dee"),
    ],
)
def test_each_fact_alone_keeps_an_agent_from_deciding(fact: Facts, reason: str) -> None:
    assert why_not_decided_by(**(DECIDABLE | fact)) == reason


WAITS = Waiting(1, "heat", "researcher", "recruiting", 7, is_member=False, time_over=False)


def test_a_bid_waits_for_judgement_when_no_rule_decides_it() -> None:
    assert fate_of_bid(WAITS, 8) is None
    assert fate_of_bid(replace(WAITS, role="observer", working_members=8), 8) is None
    assert fate_of_bid(replace(WAITS, status="active"), 8) is None


@pytest.mark.parametrize(
    ("fact", "fate"),
    [
        ({"status": "harvesting"}, Fate("lapsed", "the squad is harvesting and takes no members")),
        ({"status": "disbanded"}, Fate("lapsed", "the squad is disbanded and takes no members")),
        ({"is_member": True}, Fate("lapsed", "the agent is a member already")),
        ({"working_members": 8}, Fate("declined", "the squad has its 8 members")),
        ({"time_over": True}, Fate("lapsed", "nobody decided it in time")),
    ],
)
def test_each_fact_alone_decides_a_bid(fact: Facts, fate: Fate) -> None:
    assert fate_of_bid(replace(WAITS, **fact), 8) == fate


def test_verdicts_take_the_places_that_there_are() -> None:
    bids = [
        replace(WAITS, bid_id=number, squad_id="heat" if number < 5 else "cold") for number in range(1, 6)
    ]
    bids[1] = replace(bids[1], role="observer")
    yes, no = Verdict(True, 1, "yes", "judge"), Verdict(False, 1, "no", "judge")
    verdicts = {1: yes, 2: yes, 3: yes, 4: no, 5: yes}
    assert list(carried_out(bids, verdicts, 8)) == [1, 2, 4, 5]


def test_by_default_nobody_judges() -> None:
    assert NOBODY.fit_of_bid(charter="Find out.", pitch="Me.", role="researcher") is None
