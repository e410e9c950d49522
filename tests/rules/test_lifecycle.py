"""The lifecycle: its edges, and guards in which each single fact flips the answer."""

from typing import Any

import pytest

from squads_pipeline.rules.lifecycle import (
    ACTIVATED,
    EDGES,
    FORMED,
    OPENED,
    Edge,
    opening_edges,
    replay,
    why_not_formed,
    why_not_opened,
)

FORMABLE: dict[str, Any] = {
    "target_status": "open",
    "importance_ppm": 500_000,
    "least_ppm": 500_000,
    "live_squad": None,
}
OPENABLE: dict[str, Any] = {
    "status": "forming",
    "charter": "Find out.",
    "success_criteria": ["one finding"],
    "seed_micro": 10,
    "posted_micro": 1,
}


def test_a_squad_is_formed_when_nothing_stands_against_it() -> None:
    assert why_not_formed(**FORMABLE) is None


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        ({"target_status": "closed"}, "the target is closed"),
        ({"importance_ppm": None}, "the target's importance is unknown"),
        ({"importance_ppm": 499_999}, "importance 499999 is below 500000 millionths"),
        ({"live_squad": "heat"}, "squad heat lives around the target"),
    ],
)
def test_each_fact_alone_keeps_a_squad_from_being_formed(fact: dict[str, Any], reason: str) -> None:
    assert why_not_formed(**(FORMABLE | fact)) == reason


def test_a_squad_recruits_when_nothing_stands_against_it() -> None:
    assert why_not_opened(**OPENABLE) is None
    assert why_not_opened(**(OPENABLE | {"seed_micro": 0, "posted_micro": 0})) is None


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        ({"status": "recruiting"}, "the squad is recruiting"),
        ({"charter": " \n"}, "the charter is empty"),
        ({"success_criteria": []}, "there are no success criteria"),
        ({"posted_micro": 0}, "nothing of the seed is posted"),
    ],
)
def test_each_fact_alone_keeps_a_squad_from_recruiting(fact: dict[str, Any], reason: str) -> None:
    assert why_not_opened(**(OPENABLE | fact)) == reason


@pytest.mark.parametrize(
    ("status", "edges"),
    [
        ("forming", (FORMED,)),
        ("recruiting", (FORMED, OPENED)),
        ("active", (FORMED, OPENED, ACTIVATED)),
    ],
)
def test_the_opening_edges_replay_to_the_first_status(status: str, edges: tuple[Edge, ...]) -> None:
    assert opening_edges(status) == edges
    assert replay(edges) == status


@pytest.mark.parametrize("status", ["harvesting", "disbanded", "nonsense"])
def test_no_squad_begins_at_its_end(status: str) -> None:
    with pytest.raises(ValueError, match="no squad begins"):
        opening_edges(status)


@pytest.mark.parametrize("edges", [[OPENED], [FORMED, ACTIVATED], [FORMED, Edge("forming", "active")]])
def test_what_is_no_life_of_a_squad_is_refused(edges: list[Edge]) -> None:
    with pytest.raises(ValueError, match="no edge leads"):
        replay(edges)


def test_nothing_leads_out_of_disbanded_and_one_edge_in() -> None:
    assert all(edge.from_status != "disbanded" for edge in EDGES)
    assert [edge for edge in EDGES if edge.from_status is None] == [FORMED]
    assert replay([]) is None
