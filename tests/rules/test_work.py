"""Who may log, find and review: each single fact flips the answer."""

from typing import Any

import pytest

from squads_pipeline.rules.work import why_not_found, why_not_logged, why_not_reviewed

LOGGABLE: dict[str, Any] = {"status": "active", "role": "researcher", "entry_type": "progress"}
FINDABLE: dict[str, Any] = {"status": "active", "role": "lead"}
REVIEWABLE: dict[str, Any] = {
    "squad_status": "active",
    "finding_status": "pending",
    "author": "bo",
    "reviewer": "cy",
}


@pytest.mark.parametrize("change", [{}, {"role": "lead"}, {"role": "observer", "entry_type": "note"}])
def test_who_may_log(change: dict[str, Any]) -> None:
    assert why_not_logged(**(LOGGABLE | change)) is None


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        ({"status": "recruiting"}, "the squad is recruiting"),
        ({"status": "harvesting"}, "the squad is harvesting"),
        ({"status": "disbanded"}, "the squad is disbanded"),
        ({"role": None}, "the agent is no present member"),
        ({"role": "observer"}, "an observer writes nothing but entries of type note"),
    ],
)
def test_each_fact_alone_forbids_to_log(fact: dict[str, Any], reason: str) -> None:
    assert why_not_logged(**(LOGGABLE | fact)) == reason


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        ({}, None),
        ({"role": "reviewer"}, None),
        ({"status": "forming"}, "the squad is forming"),
        ({"role": None}, "the agent is no present member"),
        ({"role": "observer"}, "an observer authors no findings"),
    ],
)
def test_who_may_find(fact: dict[str, Any], reason: str | None) -> None:
    assert why_not_found(**(FINDABLE | fact)) == reason


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        ({}, None),
        ({"squad_status": "harvesting"}, None),
        ({"squad_status": "recruiting"}, "its squad is recruiting"),
        ({"squad_status": "disbanded"}, "its squad is disbanded"),
        ({"finding_status": "reviewed"}, "it is reviewed already"),
        ({"finding_status": "merged"}, "it is merged already"),
        ({"finding_status": "rejected"}, "it is rejected already"),
        ({"reviewer": "bo"}, "nobody reviews their own finding"),
    ],
)
def test_who_may_review(fact: dict[str, Any], reason: str | None) -> None:
    assert why_not_reviewed(**(REVIEWABLE | fact)) == reason
