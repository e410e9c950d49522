"""Is all well? What operators should know, read from the store, and which of it is a problem. It mends nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Connection

from squads_pipeline.store import alerts, gap_failures, overview, pauses, policies, verifications
from squads_pipeline.store.overview import LastRun
from squads_pipeline.store.pauses import Pause
from squads_pipeline.store.verifications import Verification
from squads_pipeline.surfaces import gap_report
from squads_pipeline.surfaces.cli.answers import plain_table
from squads_pipeline.surfaces.gap_report import GapReport

SENSOR_SUFFIX: Final = "_gap"


@dataclass(frozen=True, slots=True)
class Health:
    """What operators should know at a moment.

    Attributes:
        late_after: work that could have been done for longer is late.
        failing: units that fail, by gap.
        paused: gaps that an operator has paused.
        switched_off: gaps whose sensor is off in the UI.
        open_alerts: alerts that nobody has taken note of.
        last_runs: what each driver did last.
        verified: the last full verification of the ledger.
    """

    gaps: GapReport
    late_after: timedelta
    failing: Mapping[str, int]
    paused: Mapping[str, Pause]
    switched_off: frozenset[str]
    open_alerts: int
    last_runs: tuple[LastRun, ...]
    verified: Verification | None


def read(connection: Connection) -> Health:
    """Read it all; nothing here reads history."""
    report = gap_report.read(connection)
    failing: dict[str, int] = {}
    for failure in gap_failures.of_gap(connection):
        failing[failure.gap] = failing.get(failure.gap, 0) + 1
    off = {name.removesuffix(SENSOR_SUFFIX) for name in pauses.sensors_off(connection)}
    return Health(
        gaps=report,
        late_after=timedelta(seconds=policies.current(connection).max_gap_age_seconds),
        failing=failing,
        paused=pauses.every(connection),
        switched_off=frozenset(off & {gap.name for gap in report.gaps}),
        open_alerts=alerts.count_open(connection),
        last_runs=tuple(overview.last_runs(connection)),
        verified=verifications.last(connection),
    )


def problems(health: Health) -> list[str]:
    """What is not well, in words; nothing if all is."""
    return [*_late(health), *_failing(health), *_unnoticed(health), *_unverified(health)]


def stopped(health: Health, gap: str) -> str | None:
    """Why nobody closes a gap now, for a person; None if somebody does."""
    pause = health.paused.get(gap)
    if pause is not None:
        return f"paused by {pause.paused_by} since {_moment(pause.paused_at)}: {pause.reason}"
    return "its sensor is switched off in the Dagster UI" if gap in health.switched_off else None


def stopped_gaps(health: Health) -> dict[str, str]:
    """The gaps that nobody closes now, with the reason."""
    named = ((gap.name, stopped(health, gap.name)) for gap in health.gaps.gaps)
    return {name: why for name, why in named if why is not None}


def show_stopped(out: Console, health: Health) -> None:
    """For a person: the gaps that nobody closes now."""
    for name, why in stopped_gaps(health).items():
        out.print(f"{name} is left open: {why}", markup=False)


def document(health: Health) -> Mapping[str, Any]:
    """For a program."""
    verified = health.verified
    return {
        "ok": not problems(health),
        "problems": problems(health),
        "stopped": stopped_gaps(health),
        "failing_units": dict(health.failing),
        "open_alerts": health.open_alerts,
        "last_runs": [
            {"driver": one.driver, "units": one.units, "recorded_at": one.recorded_at.isoformat()}
            for one in health.last_runs
        ],
        "ledger_verified": verified
        and {
            "verified_at": verified.verified_at.isoformat(),
            "findings": verified.findings,
            "broken": verified.broken,
            "through_transfer": verified.through_transfer,
        },
    }


def show(out: Console, health: Health) -> None:
    """For a person: the verdict and its reasons, what is stopped, and what drivers did last."""
    found = problems(health)
    out.print("[green]all is well[/]" if not found else f"[bold red]{len(found)} things are not well[/]")
    for problem in found:
        out.print(f"  {escape(problem)}")
    show_stopped(out, health)
    verified = health.verified
    when = "never; run `squads ledger verify`" if verified is None else _moment(verified.verified_at)
    out.print(f"ledger verified: {when}")
    if health.last_runs:
        out.print()
        out.print(_last_runs(health))


def _last_runs(health: Health) -> Table:
    table = plain_table("driver", "last did something", "units")
    for one in health.last_runs:
        ago = gap_report.age(health.gaps.read_at, one.recorded_at)
        table.add_row(one.driver, f"{ago} ago", f"{one.units:,}")
    return table


def _late(health: Health) -> Iterator[str]:
    for gap in health.gaps.gaps:
        since = gap.size.since
        if since is not None and since < health.gaps.read_at - health.late_after:
            why = stopped(health, gap.name)
            waited = gap_report.age(health.gaps.read_at, since)
            yield f"{gap.name} has waited for {waited}" + (f"; {why}" if why else "")


def _failing(health: Health) -> Iterator[str]:
    for gap, units in sorted(health.failing.items()):
        yield f"{units:,} unit{'s' if units > 1 else ''} of {gap} cannot be done: see `squads gaps`"


def _unnoticed(health: Health) -> Iterator[str]:
    if health.open_alerts:
        plural = "s" if health.open_alerts > 1 else ""
        yield f"{health.open_alerts:,} alert{plural} nobody has taken note of: see `squads alerts`"


def _unverified(health: Health) -> Iterator[str]:
    if health.verified is not None and health.verified.findings:
        yield (
            f"the ledger did not verify at {_moment(health.verified.verified_at)}: {health.verified.broken}; "
            "see `squads ledger verify`"
        )


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
