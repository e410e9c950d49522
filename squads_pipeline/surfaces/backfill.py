"""Materialising driven assets for a range of days, each as one run: an audit of past days, or their restatement.

How an asset is materialised is the caller's: `dagster_runs` does it as a recorded run. No terminal.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from squads_pipeline.store.errors import NotFoundError, RefusedError

if TYPE_CHECKING:
    from squads_pipeline.surfaces.dagster_runs import AssetRun

DIFFERENCES: Final = ("differences", "differences left")
"""What the assets call the number of facts that do not recompute, after an audit and after a restatement."""

_AUDITED: Final = "audited "

Materialise = Callable[[str, Mapping[str, Any]], "AssetRun"]
"""Runs an asset for the range, configured as given."""


@dataclass(frozen=True, slots=True)
class Days:
    """A range of UTC days, both ends included."""

    first: date
    last: date

    @property
    def number(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Backfilled:
    """The runs, one for each asset, in the order of the drivers."""

    runs: tuple["AssetRun", ...]

    @property
    def ok(self) -> bool:
        """Whether every run and check succeeded, and nothing differs."""
        return all(run.success and not run.failures and not differences(run) for run in self.runs)


def verified(run: "AssetRun") -> dict[str, int]:
    """What a run recomputed, by kind of fact."""
    return {
        name.removeprefix(_AUDITED): number
        for name, number in run.facts.items()
        if name.startswith(_AUDITED) and isinstance(number, int)
    }


def differences(run: "AssetRun") -> int:
    """How many values of the range do not recompute."""
    found = (run.facts.get(name) for name in DIFFERENCES)
    return sum(number for number in found if isinstance(number, int))


def check_days(days: Days, oldest: date, today: date) -> None:
    """Refuse a range that cannot be materialised.

    Raises:
        RefusedError: it ends before it begins, in the future, or begins before there were partitions.
    """
    if days.first > days.last:
        raise RefusedError(
            f"The range begins on {days.first} and ends before that, on {days.last}",
            "Give the earlier day to --from and the later one to --to.",
        )
    if days.last > today:
        raise RefusedError(
            f"{days.last} has not begun: by the database's clock it is {today}",
            "Let the range end today or on a past day.",
        )
    if days.first < oldest:
        raise RefusedError(
            f"{days.first} is before {oldest}, the first day that there are partitions of",
            f"Let the range begin on {oldest} or later.",
        )


def choose(only: str | None, driven: Sequence[str], restatable: Sequence[str], *, restate: bool) -> list[str]:
    """Which driven assets to run: all of them or one; to restate, those whose facts have revisions.

    Raises:
        NotFoundError: `only` names none.
        RefusedError: its facts have no revisions, and are to be restated.
    """
    if only is None:
        return list(restatable if restate else driven)
    if only not in driven:
        raise NotFoundError(f"There is no driven asset {only}", f"Choose one of {', '.join(driven)}.")
    if restate and only not in restatable:
        raise RefusedError(
            f"The facts of {only} have no revisions", f"Restate one of {', '.join(restatable)}."
        )
    return [only]


def backfill(
    assets: Sequence[str],
    materialise: Materialise,
    *,
    reason: str | None,
    dry_run: bool,
) -> Backfilled:
    """Run the assets one after the other; what differs in one does not keep the next from being looked at.

    Args:
        assets: their names.
        materialise: runs one.
        reason: why past days are restated; None audits them.
        dry_run: roll back what is done.
    """
    config: dict[str, Any] = {"dry_run": True} if dry_run else {}
    if reason is not None:
        config |= {"restate": True, "reason": reason}
    return Backfilled(tuple(materialise(asset, config) for asset in assets))
