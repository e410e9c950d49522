"""Scores: each count alone moves the score by the policy's points; observers have none."""

from dataclasses import replace

import pytest

from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.scoring import POINT, Work, score_ppm

NOTHING = Work("ada", "researcher", 0, 0, 0, 0)
POLICY = Policy()


def test_who_did_nothing_has_no_score() -> None:
    assert score_ppm(NOTHING, POLICY) == 0


@pytest.mark.parametrize(
    ("fact", "score"),
    [
        ({"journal_entries": 1}, 1 * POINT),
        ({"journal_entries": 3}, 3 * POINT),
        ({"findings_authored": 1}, 5 * POINT),
        ({"merged_confidence_ppm": 1_000_000}, 20 * POINT),
        ({"merged_confidence_ppm": 333_333}, 6_666_660),
        ({"reviews": 2}, 6 * POINT),
    ],
)
def test_each_fact_alone_scores_by_the_policy(fact: dict[str, int], score: int) -> None:
    assert score_ppm(replace(NOTHING, **fact), POLICY) == score  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "parameter", ["points_per_entry", "points_per_finding", "points_per_merged", "points_per_review"]
)
def test_each_parameter_alone_changes_the_score(parameter: str) -> None:
    work = Work("ada", "lead", 1, 1, 500_000, 1)
    assert score_ppm(work, POLICY) == (1 + 5 + 10 + 3) * POINT
    assert score_ppm(work, replace(POLICY, **{parameter: 1_000})) != score_ppm(work, POLICY)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("role", "paid"), [("lead", True), ("researcher", True), ("reviewer", True), ("observer", False)]
)
def test_observers_alone_have_no_score(role: str, *, paid: bool) -> None:
    assert (score_ppm(Work("ada", role, 1, 1, 1, 1), POLICY) > 0) is paid


@pytest.mark.parametrize(
    "field", ["journal_entries", "findings_authored", "merged_confidence_ppm", "reviews"]
)
def test_nobody_does_less_than_nothing(field: str) -> None:
    with pytest.raises(ValueError, match="less than nothing"):
        score_ppm(replace(NOTHING, **{field: -1}), POLICY)  # type: ignore[arg-type]
