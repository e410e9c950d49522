"""Calibration: a hand-computed example, each fact that keeps a proposal back, and reviewers' verdicts."""

from dataclasses import replace

import pytest

from squads_pipeline.rules.calibration import (
    Candidate,
    Member,
    Pool,
    calibrate,
    proposed,
    shares,
    steps,
)
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.reviewers import Judged, Reviewer

POLICY = Policy(points_per_entry=10, points_per_finding=5, points_per_merged=20, points_per_review=3)


def member(agent: str, entries: int = 0, findings: int = 0, merged: int = 0, reviews: int = 0) -> Member:
    return Member(agent, "researcher", entries, findings, merged * 1_000_000, reviews, 0)


def pool(*members: Member, policy: Policy = POLICY, micro: int = 1_000_000) -> Pool:
    """A pool paid out as the policy says."""
    unpaid = Pool("s", micro, members)
    paid = shares(unpaid, policy)
    return Pool(
        "s", micro, [replace(one, paid_micro=share) for one, share in zip(members, paid, strict=True)]
    )


# Scores 43, 40, 30, 20, 10: a writes much and finds nothing, b merged two findings. What they were credited for
# later puts b before a. Ranks 1 2 3 4 5 against 2 1 3 4 5: 1 - 6·2/120 = 0.9. With entries at 8 points a has
# 35 against 40 of b, and the ranks agree.
WORK = pool(
    member("a", entries=4, reviews=1),
    member("b", merged=2),
    member("c", entries=3),
    member("d", entries=2),
    member("e", entries=1),
)
CREDIT = {"a": 400, "b": 500, "c": 300, "d": 200, "e": 100}


def test_the_best_step_is_proposed_with_its_reason() -> None:
    found = calibrate([WORK], CREDIT, [], POLICY)
    assert found.correlation_ppm == 900_000
    assert [(one.agent_id, one.paid_rank_doubled, one.credit_rank_doubled) for one in found.agents] == [
        ("a", 2, 4),
        ("b", 4, 2),
        ("c", 6, 6),
        ("d", 8, 8),
        ("e", 10, 10),
    ]
    assert [(one.parameter, one.value, one.correlation_ppm) for one in found.candidates] == [
        ("points_per_entry", 12, 900_000),
        ("points_per_entry", 8, 1_000_000),
        ("points_per_finding", 6, 900_000),
        ("points_per_finding", 4, 900_000),
        ("points_per_merged", 24, 1_000_000),
        ("points_per_merged", 16, 900_000),
        ("points_per_review", 4, 900_000),
        ("points_per_review", 2, 900_000),
    ]
    assert found.proposal == Candidate("points_per_entry", 8, 1_000_000)
    assert found.reason == "the rank correlation would have been 1.000000 instead of 0.900000"
    assert proposed(POLICY, found.proposal) == replace(POLICY, points_per_entry=8)


def test_what_agrees_already_is_left_alone() -> None:
    found = calibrate([WORK], CREDIT | {"a": 600}, [], POLICY)
    assert (found.correlation_ppm, found.proposal) == (1_000_000, None)
    assert found.reason == "no step raises the rank correlation by 0.020000 or more"


def test_four_agents_are_too_few() -> None:
    found = calibrate([pool(*WORK.members[:4])], CREDIT, [], POLICY)
    assert (found.proposal, found.candidates) == (None, [])
    assert found.reason == "payouts of 4 agents are too few to compare; it takes 5"


@pytest.mark.parametrize("credit", [{}, dict.fromkeys("abcde", 7)])
def test_where_all_are_credited_alike_nothing_follows(credit: dict[str, int]) -> None:
    found = calibrate([WORK], credit, [], POLICY)
    assert (found.correlation_ppm, found.proposal) == (None, None)
    assert "nothing follows" in found.reason


def test_no_history_is_no_error() -> None:
    found = calibrate([], {}, [], POLICY)
    assert (found.correlation_ppm, found.agents, found.reviewers, found.proposal) == (None, [], [], None)


def test_whoever_was_never_paid_under_the_policy_is_not_compared() -> None:
    assert calibrate([WORK], CREDIT | {"z": 900}, [], POLICY).correlation_ppm == 900_000


def test_a_step_is_a_fifth_or_one_point_and_stays_in_bounds() -> None:
    policy = Policy(
        points_per_entry=0, points_per_finding=4, points_per_merged=1_000_000, points_per_review=7
    )
    assert [(one.parameter, one.value) for one in steps(policy)] == [
        ("points_per_entry", 1),
        ("points_per_finding", 5),
        ("points_per_finding", 3),
        ("points_per_merged", 800_000),
        ("points_per_review", 8),
        ("points_per_review", 6),
    ]


def test_observers_have_no_share_and_without_scores_parts_are_equal() -> None:
    observer = Member("o", "observer", 9, 9, 9, 9, 0)
    assert shares(Pool("s", 100, [observer, member("a", entries=1), member("b")]), POLICY) == [0, 100, 0]
    assert shares(Pool("s", 101, [observer, member("a"), member("b")]), POLICY) == [0, 51, 50]
    assert shares(Pool("s", 0, [observer]), POLICY) == [0]


def test_a_reviewer_is_rated_by_what_became_of_the_findings() -> None:
    judged = [
        Judged("rex", True, 900_000, "cited"),  # (0.9 - 1)² = 0.01
        Judged("rex", True, 800_000, "refuted"),  # 0.64
        Judged("rex", False, 300_000, "refuted"),  # 0.09
        Judged("rex", False, None, "adopted"),  # said nothing of how sure
        Judged("amy", True, None, "replicated"),
    ]
    assert calibrate([], {}, judged, POLICY).reviewers == [
        Reviewer("amy", 1, 0, 0, 0, 1_000_000, None),
        Reviewer("rex", 1, 1, 1, 1, 500_000, 246_667),
    ]
