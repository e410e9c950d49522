"""What all audits share: differences, told as a run's outcome and as findings. What is compared, each audit knows."""

from collections.abc import Sequence
from dataclasses import dataclass

from squads_pipeline.drivers.run import Outcome
from squads_pipeline.store.invariants import LIMIT, Finding, Findings, difference


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored value that is not what its inputs give.

    Attributes:
        fact: names the row, such as ``round 7, squad heatmap``.
        field: the column, or ``transfer``.
        stored: what is there.
        recomputed: what should be there.
    """

    fact: str
    field: str
    stored: int | str | None
    recomputed: int | str | None

    def finding(self, invariant: str) -> Finding:
        """The difference as a finding of the invariant that it breaks."""
        subject = f"{self.fact}: {self.field}"
        by = difference(self.field, self.recomputed, self.stored)
        return Finding(invariant, subject, str(self.recomputed), str(self.stored), by)


def outcome(what: str, audited: int, skipped: int, differences: int) -> Outcome:
    """An audit as a run's outcome: nothing closed, nothing moved.

    Args:
        what: names the facts, such as ``verdicts``.
        audited: facts recomputed.
        skipped: facts made by other rules.
        differences: how many there are.
    """
    facts: dict[str, int | str] = {
        f"audited_{what}": audited,
        f"{what}_of_other_rules": skipped,
        "differences": differences,
    }
    return Outcome(0, 0, facts)


def findings(invariant: str, differences: Sequence[Difference], verified: int | None = None) -> Findings:
    """Differences as findings of the invariant that they break; ``verified`` facts were recomputed."""
    first = tuple(one.finding(invariant) for one in differences[:LIMIT])
    return Findings(first, len(differences), verified)
