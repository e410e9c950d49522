"""What becomes of a finding: the verdict of its reviews, its confidence, who is credited. No SQL, no clock.

Confidence is an exact number of millionths (ppm), because money follows it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from squads_pipeline.rules.policy import Policy

RULE_VERSION: Final = "findings-1"
"""Changes whenever the same inputs may give another verdict or credit."""


@dataclass(frozen=True, slots=True)
class Review:
    """One review of a finding; the confidence in millionths, None if the reviewer stated none."""

    reviewer: str
    verdict: Literal["accept", "reject"]
    confidence_ppm: int | None


@dataclass(frozen=True, slots=True)
class Case:
    """A pending finding with all that decides about it.

    Attributes:
        confidence_ppm: the author's, in millionths.
        reviews: in the order in which they were given.
        harvesting_since: when the squad that answers for it began to harvest; None if it does not, or if that is
            not known, so that nothing is rejected for it.
    """

    confidence_ppm: int
    reviews: Sequence[Review]
    harvesting_since: datetime | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about a finding.

    Attributes:
        verdict: accepted or rejected.
        reason: reviews, or review_timeout.
        accepts: reviews that accepted it.
        rejects: reviews that rejected it.
        confidence_ppm: what counts from here on, in millionths.
        reviewed_by: whose review reached the number needed; None after a time-out.
    """

    verdict: Literal["accepted", "rejected"]
    reason: Literal["reviews", "review_timeout"]
    accepts: int
    rejects: int
    confidence_ppm: int
    reviewed_by: str | None


@dataclass(frozen=True, slots=True)
class Membership:
    """When an agent was in a squad; `left_at` is None for a present member."""

    agent_id: str
    joined_at: datetime
    left_at: datetime | None


def decide(case: Case, now: datetime, policy: Policy) -> Verdict | None:
    """The verdict on a finding: by the majority of its reviews once there are enough, a tie rejects.

    With fewer reviews than needed it is rejected when its squad has harvested for the review window; before that
    there is no verdict.
    """
    accepts = sum(review.verdict == "accept" for review in case.reviews)
    rejects = len(case.reviews) - accepts
    confidence_ppm = agreed_confidence_ppm(case)
    if len(case.reviews) >= policy.reviews_needed:
        decisive = case.reviews[policy.reviews_needed - 1].reviewer
        verdict: Literal["accepted", "rejected"] = "accepted" if accepts > rejects else "rejected"
        return Verdict(verdict, "reviews", accepts, rejects, confidence_ppm, decisive)
    if timed_out(case.harvesting_since, now, policy):
        return Verdict("rejected", "review_timeout", accepts, rejects, confidence_ppm, None)
    return None


def timed_out(harvesting_since: datetime | None, now: datetime, policy: Policy) -> bool:
    """Whether a squad has harvested for the whole review window; from its last moment on, to the microsecond."""
    if harvesting_since is None:
        return False
    return now - harvesting_since >= timedelta(seconds=policy.review_window_seconds)


def agreed_confidence_ppm(case: Case) -> int:
    """The mean of what the accepting reviewers stated, rounded down to the millionth; else the author's."""
    stated = [
        review.confidence_ppm
        for review in case.reviews
        if review.verdict == "accept" and review.confidence_ppm is not None
    ]
    return sum(stated) // len(stated) if stated else case.confidence_ppm


def credited(members: Iterable[Membership], reviewed_at: datetime) -> list[str]:
    """Who is credited for a finding: every member at the moment of the review, of whatever role, by name.

    Who joins at that moment is one, who leaves at it is none.
    """
    return sorted(
        member.agent_id
        for member in members
        if member.joined_at <= reviewed_at and (member.left_at is None or member.left_at > reviewed_at)
    )
