"""How good reviewers are: their verdicts against what became of the findings. No SQL; nothing is proposed or paid."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from squads_pipeline.rules.millionths import WHOLE_PPM, rounded_ppm

GOOD: Final = frozenset({"cited", "replicated", "adopted"})


@dataclass(frozen=True, slots=True)
class Judged:
    """A review of a finding of which it is known what became.

    Attributes:
        reviewer_id: who reviewed.
        accepted: the verdict.
        confidence_ppm: how sure the reviewer was that the finding holds, in millionths; None if it did not say.
        outcome: the kind of the finding's newest outcome after the review.
    """

    reviewer_id: str
    accepted: bool
    confidence_ppm: int | None
    outcome: str

    @property
    def holds(self) -> bool:
        """Whether the finding held."""
        return self.outcome in GOOD


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A reviewer's verdicts against outcomes: counts, and rates in millionths; None where there is nothing to rate."""

    reviewer_id: str
    accepted_held: int
    accepted_fell: int
    rejected_held: int
    rejected_fell: int
    hit_rate_ppm: int
    brier_ppm: int | None


def rate(judged: Iterable[Judged]) -> list[Reviewer]:
    """Rate each reviewer by its reviews; in the order of their ids."""
    by_reviewer: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        by_reviewer[one.reviewer_id].append(one)
    return [_reviewer(name, by_reviewer[name]) for name in sorted(by_reviewer)]


def _reviewer(name: str, judged: Sequence[Judged]) -> Reviewer:
    """Count a reviewer's verdicts, and rate them: the Brier score is the mean of (confidence - outcome)²."""
    counts = {
        (accepted, held): sum((one.accepted, one.holds) == (accepted, held) for one in judged)
        for accepted in (True, False)
        for held in (True, False)
    }
    hits = counts[True, True] + counts[False, False]
    sure = [one for one in judged if one.confidence_ppm is not None]
    off = sum(((one.confidence_ppm or 0) - WHOLE_PPM * one.holds) ** 2 for one in sure)
    return Reviewer(
        reviewer_id=name,
        accepted_held=counts[True, True],
        accepted_fell=counts[True, False],
        rejected_held=counts[False, True],
        rejected_fell=counts[False, False],
        hit_rate_ppm=rounded_ppm(hits, len(judged)),
        brier_ppm=rounded_ppm(off, len(sure) * WHOLE_PPM**2) if sure else None,
    )
