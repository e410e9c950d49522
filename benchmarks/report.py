"""How a measurement is shown: one row, what was measured against which baseline, and the ratio."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Measurement:
    """A time beside its baseline's, in seconds.

    Attributes:
        what: what was measured, with its size.
        seconds: its time.
        baseline: what it is compared to.
        baseline_seconds: the baseline's time in the same run.
        aim: the ratio that is wanted, in words.
    """

    what: str
    seconds: float
    baseline: str
    baseline_seconds: float
    aim: str

    @property
    def ratio(self) -> float:
        """Time over baseline's time."""
        return self.seconds / self.baseline_seconds


def show(measurements: list[Measurement]) -> None:
    """Print measurements as a table."""
    table = Table(title="Speed against baselines, in the same run")
    for heading, justify in (
        ("what", "left"),
        ("time", "right"),
        ("baseline", "left"),
        ("its time", "right"),
        ("ratio", "right"),
        ("aim", "left"),
    ):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for one in measurements:
        table.add_row(
            one.what,
            f"{one.seconds:.4g} s",
            one.baseline,
            f"{one.baseline_seconds:.4g} s",
            f"{one.ratio:.2f}",
            one.aim,
        )
    Console(width=160).print(table)
