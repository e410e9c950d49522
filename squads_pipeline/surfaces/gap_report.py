"""The gaps for a person or a program: read from the gap views, written out. What a gap is, views say."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from squads_pipeline.store import gaps, overview
from squads_pipeline.store.gaps import Size, Unit
from squads_pipeline.surfaces.cli.answers import plain_table

UNITS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap: how large it is, its oldest units, and those that failed."""

    name: str
    size: Size
    units: list[Unit]
    failing: list[Unit]

    @property
    def shown(self) -> list[Unit]:
        """The oldest units, then those that failed and are not among them."""
        oldest = {unit.unit for unit in self.units}
        return [*self.units, *(unit for unit in self.failing if unit.unit not in oldest)]


@dataclass(frozen=True, slots=True)
class GapReport:
    """All gaps at a moment."""

    read_at: datetime
    gaps: list[Gap]


def read(connection: Connection) -> GapReport:
    """Read every gap, each once."""
    found = []
    for name in gaps.GAPS:
        seen = gaps.look(connection, name, UNITS_SHOWN)
        found.append(Gap(name, seen.size, seen.oldest, seen.failing))
    return GapReport(overview.now(connection), found)


def document(report: GapReport) -> Mapping[str, Any]:
    """For a program; `units` are the oldest ones, and after them those that failed."""
    return {
        "gaps": [
            {
                "gap": gap.name,
                "open_units": gap.size.units,
                "due_units": gap.size.due,
                "since": gap.size.since and gap.size.since.isoformat(),
                "tokens_at_stake": str(gap.size.tokens_at_stake),
                "tokens_at_stake_micro": int(gap.size.tokens_at_stake * 1_000_000),
                "units": [_unit(unit) for unit in gap.shown],
            }
            for gap in report.gaps
        ]
    }


def _unit(unit: Unit) -> dict[str, Any]:
    return {
        "unit": unit.unit,
        "since": unit.since.isoformat(),
        "reason": unit.reason,
        "tokens_at_stake": str(unit.tokens_at_stake),
        "tokens_at_stake_micro": int(unit.tokens_at_stake * 1_000_000),
        "attempts": unit.attempts or 0,
        "error": unit.error,
        "retry_at": unit.retry_at and unit.retry_at.isoformat(),
    }


def show(out: Console, report: GapReport) -> None:
    """For a person."""
    out.print(table(report))
    for gap in report.gaps:
        for unit in gap.shown:
            out.print(f"  {_line(unit)}", markup=False)
        if gap.size.units > len(gap.shown):
            out.print(f"  … and {gap.size.units - len(gap.shown):,} more")


def _line(unit: Unit) -> str:
    said = f"{unit.unit}: {unit.reason}"
    if unit.tokens_at_stake:
        said += f"; {unit.tokens_at_stake} tokens"
    return said if unit.retry_at is None else f"{said}; tried again at {unit.retry_at:%Y-%m-%d %H:%M:%S} UTC"


def table(report: GapReport) -> Table:
    """One line for each gap."""
    shown = plain_table("gap", "due now", "waiting", "oldest", "tokens at stake")
    for gap in report.gaps:
        size = gap.size
        waiting = f"{size.units - size.due:,}"
        shown.add_row(
            gap.name, f"{size.due:,}", waiting, _oldest(report.read_at, size), f"{size.tokens_at_stake:,f}"
        )
    return shown


def _oldest(now: datetime, size: Size) -> str:
    """For how long the oldest unit could have been done, or what is the case instead."""
    if size.since is None:
        return "closed"
    return age(now, size.since) if size.due else "nothing is due"


def age(now: datetime, since: datetime) -> str:
    """How long ago, in the largest two units."""
    seconds = max(0, int((now - since).total_seconds()))
    parts = []
    for letter, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {letter}")
    return " ".join(parts[:2]) or "0 s"
