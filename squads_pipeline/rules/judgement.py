"""Who judges what rules cannot: the seam for judgements of meaning. No judge of its own but the one who asks nobody."""

from dataclasses import dataclass
from typing import Final, Protocol


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement.

    Attributes:
        accept: whether the answer is yes.
        fit_ppm: how well it fits, in millionths.
        rationale: why, for a person.
        judge: who judged.
    """

    accept: bool
    fit_ppm: int
    rationale: str
    judge: str


class Judge(Protocol):
    """Judges meaning; None leaves the question to a person or an agent."""

    def fit_of_bid(self, *, charter: str, pitch: str, role: str) -> Verdict | None:
        """Whether an agent's pitch fits a squad's charter."""


class Nobody:
    """Judges nothing: every question waits for a person or an agent."""

    def fit_of_bid(self, *, charter: str, pitch: str, role: str) -> Verdict | None:  # noqa: ARG002
        """Leave it to others."""
        return None


NOBODY: Final = Nobody()
