"""Verdicts, confidence and credit: each single fact flips the answer, each millionth is exact."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from squads_pipeline.rules.findings import (
    Case,
    Membership,
    Review,
    Verdict,
    agreed_confidence_ppm,
    credited,
    decide,
)
from squads_pipeline.rules.policy import Policy

BEGAN = datetime(2026, 2, 3, 12, tzinfo=UTC)
WINDOW = timedelta(seconds=Policy().review_window_seconds)
ENDS = BEGAN + WINDOW
MOMENT = timedelta(microseconds=1)


def reviews(said: str, *ppm: int | None) -> list[Review]:
    """Reviews such as ``ar``: one that accepts, by r0, and one that rejects, by r1."""
    verdicts: dict[str, Literal["accept", "reject"]] = {"a": "accept", "r": "reject"}
    stated = [*ppm, *[None] * (len(said) - len(ppm))]
    return [Review(f"r{number}", verdicts[one], stated[number]) for number, one in enumerate(said)]


@pytest.mark.parametrize(
    ("needed", "said", "verdict", "decisive"),
    [
        (1, "", None, None),
        (1, "a", "accepted", "r0"),
        (1, "r", "rejected", "r0"),
        (1, "ar", "rejected", "r0"),  # a tie rejects
        (1, "raa", "accepted", "r0"),
        (2, "a", None, None),
        (2, "aa", "accepted", "r1"),
        (2, "ar", "rejected", "r1"),
        (3, "ar", None, None),
        (3, "ara", "accepted", "r2"),
        (3, "raar", "rejected", "r2"),
    ],
)
def test_the_majority_of_enough_reviews(
    needed: int, said: str, verdict: str | None, decisive: str | None
) -> None:
    found = decide(Case(500_000, reviews(said), None), BEGAN, Policy(reviews_needed=needed))
    if verdict is None:
        assert found is None
    else:
        assert found is not None
        assert (found.verdict, found.reason, found.reviewed_by) == (verdict, "reviews", decisive)
        assert (found.accepts, found.rejects) == (said.count("a"), said.count("r"))


@pytest.mark.parametrize(
    ("since", "now", "late"),
    [
        (BEGAN, ENDS, True),
        (BEGAN, ENDS - MOMENT, False),
        (BEGAN + MOMENT, ENDS, False),
        (None, ENDS + WINDOW, False),
    ],
)
def test_the_review_window_ends_exactly(since: datetime | None, now: datetime, late: bool) -> None:
    found = decide(Case(700_000, reviews("a", 900_000), since), now, Policy(reviews_needed=2))
    expected = Verdict("rejected", "review_timeout", 1, 0, 900_000, None)
    assert found == (expected if late else None)


def test_enough_reviews_decide_even_after_the_window() -> None:
    found = decide(Case(1, reviews("a"), BEGAN), ENDS + WINDOW, Policy())
    assert found == Verdict("accepted", "reviews", 1, 0, 1, "r0")


@pytest.mark.parametrize(
    ("said", "ppm", "confidence"),
    [
        ("", (), 700_000),
        ("a", (None,), 700_000),
        ("a", (0,), 0),
        ("aa", (1, 2), 1),  # rounded down
        ("aaa", (1_000_000, None, 999_999), 999_999),
        ("ar", (400_000, 1_000_000), 400_000),
        ("r", (1_000_000,), 700_000),
    ],
)
def test_the_confidence_is_the_accepting_reviewers_mean(
    said: str, ppm: tuple[int | None, ...], confidence: int
) -> None:
    assert agreed_confidence_ppm(Case(700_000, reviews(said, *ppm), None)) == confidence


MEMBER = Membership("ada", BEGAN - WINDOW, None)


@pytest.mark.parametrize(
    ("member", "is_credited"),
    [
        (MEMBER, True),
        (replace(MEMBER, joined_at=BEGAN), True),
        (replace(MEMBER, joined_at=BEGAN + MOMENT), False),
        (replace(MEMBER, left_at=BEGAN), False),
        (replace(MEMBER, left_at=BEGAN + MOMENT), True),
        (replace(MEMBER, left_at=BEGAN - MOMENT), False),
    ],
)
def test_credited_is_who_is_a_member_at_the_review(member: Membership, is_credited: bool) -> None:
    assert credited([member], BEGAN) == (["ada"] if is_credited else [])


def test_credit_is_in_order_of_names() -> None:
    assert credited([MEMBER, replace(MEMBER, agent_id="Z"), replace(MEMBER, agent_id="a")], BEGAN) == [
        "Z",
        "a",
        "ada",
    ]
