"""The score of a squad's member: the policy's points for what the member did. Who gets what: `distribution`.

Points are counted in millionths, because the confidence of a finding is; so every score is a whole number.
"""

from dataclasses import dataclass
from typing import Final

from squads_pipeline.rules.policy import Policy

POINT: Final = 1_000_000
"""A point, in the unit of scores."""

UNPAID_ROLES: Final = ("observer",)
"""Roles that have no share in the pool, whatever they did."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a member did in a squad and in those merged into it, counted from facts.

    Attributes:
        agent_id: the member, present or gone.
        role: lead, researcher, reviewer or observer.
        journal_entries: entries written.
        findings_authored: findings authored, whatever became of them.
        merged_confidence_ppm: sum of the confidence of the member's merged findings, in millionths.
        reviews: reviews of others' findings.
    """

    agent_id: str
    role: str
    journal_entries: int
    findings_authored: int
    merged_confidence_ppm: int
    reviews: int


def score_ppm(work: Work, policy: Policy) -> int:
    """A member's score in millionths of a point; an observer's is zero.

    Raises:
        ValueError: a count is negative.
    """
    counts = (work.journal_entries, work.findings_authored, work.merged_confidence_ppm, work.reviews)
    if min(counts) < 0:
        raise ValueError(f"{work.agent_id} cannot have done less than nothing")
    if work.role in UNPAID_ROLES:
        return 0
    points = (
        policy.points_per_entry * work.journal_entries
        + policy.points_per_finding * work.findings_authored
        + policy.points_per_review * work.reviews
    )
    return points * POINT + policy.points_per_merged * work.merged_confidence_ppm
