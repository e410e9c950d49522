"""What stands against an end, a fork or a merger: each single fact does, and all are listed."""

from typing import Any

import pytest

from squads_pipeline.rules.endings import (
    against_abandoning,
    against_closing,
    against_forking,
    against_merging,
)

CLOSABLE: dict[str, Any] = {"status": "harvesting", "pending": 0, "reviewed": 0, "unclaimed": 0}
DESERTED: dict[str, Any] = {
    "status": "recruiting",
    "others": 0,
    "unclaimed": 0,
    "window_over": True,
    "extensions_left": 0,
}
FORKABLE: dict[str, Any] = {"status": "active", "depth": 3, "max_depth": 3}
MERGEABLE: dict[str, Any] = {
    "statuses": ("active", "active"),
    "target_types": ("gap", "gap"),
    "same": False,
}


def test_nothing_stands_against_what_may_be() -> None:
    assert against_closing(**CLOSABLE) == ()
    assert against_abandoning(**DESERTED) == ()
    assert against_forking(**FORKABLE) == ()
    assert against_merging(**MERGEABLE) == ()


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        ({"status": "active"}, "the squad is active"),
        ({"pending": 1}, "1 finding pending"),
        ({"reviewed": 2}, "2 findings accepted"),
        ({"unclaimed": 1}, "1 contribution unmatched"),
    ],
)
def test_each_fact_alone_stands_against_closing(fact: dict[str, Any], reason: str) -> None:
    (said,) = against_closing(**(CLOSABLE | fact))
    assert said.startswith(reason)


def test_everything_against_closing_is_listed() -> None:
    assert len(against_closing(**(CLOSABLE | {"pending": 1, "reviewed": 1, "unclaimed": 1}))) == 3


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        ({"status": "forming"}, "the squad is forming"),
        ({"others": 1}, "1 member would work"),
        ({"unclaimed": 3}, "3 contributions unmatched"),
        ({"window_over": False}, "its recruiting window is not over"),
        ({"window_over": None}, "its recruiting window is not over"),
        ({"extensions_left": 1}, "it may still be extended 1 time"),
    ],
)
def test_each_fact_alone_stands_against_abandoning(fact: dict[str, Any], reason: str) -> None:
    (said,) = against_abandoning(**(DESERTED | fact))
    assert said.startswith(reason)


@pytest.mark.parametrize(
    ("fact", "reason"),
    [({"status": "recruiting"}, "the squad is recruiting"), ({"depth": 4}, "it would be fork 4")],
)
def test_each_fact_alone_stands_against_forking(fact: dict[str, Any], reason: str) -> None:
    (said,) = against_forking(**(FORKABLE | fact))
    assert said.startswith(reason)


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        ({"statuses": ("harvesting", "active")}, "the squad to absorb is harvesting"),
        ({"statuses": ("active", "recruiting")}, "the squad that is to go on is recruiting"),
        ({"target_types": ("gap", "analysis")}, "their targets differ in type: gap and analysis"),
        ({"same": True}, "a squad cannot be merged into itself"),
    ],
)
def test_each_fact_alone_stands_against_merging(fact: dict[str, Any], reason: str) -> None:
    (said,) = against_merging(**(MERGEABLE | fact))
    assert said == reason
