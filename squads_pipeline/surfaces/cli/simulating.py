"""`squads simulate`: its options, progress and summary. The community is in `surfaces.simulation`."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from squads_pipeline.surfaces.cli.answers import FAILED, INTERRUPTED, Answer, Json, answering

if TYPE_CHECKING:
    from squads_pipeline.surfaces.simulation.report import SimulationReport
    from squads_pipeline.surfaces.simulation.simulator import Beat, Plan

_MOST_AGENTS: Final = 100_000
_MOST_DAYS: Final = 3_650

Agents = Annotated[int, typer.Option(min=1, max=_MOST_AGENTS, help="How many people live there.")]
Days = Annotated[int, typer.Option(min=1, max=_MOST_DAYS, help="For how many days.")]
Seed = Annotated[int, typer.Option(help="Of all chance: the same seed gives the same ledger to the µT.")]
Until = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        metavar="DATE",
        help="The day at whose beginning in UTC it ends; by default today.",
    ),
]


def simulate(
    agents: Agents = 200, days: Days = 30, seed: Seed = 1, until: Until = None, as_json: Json = False
) -> None:
    """Let a made-up community live in an empty database, as fast as it can, by the commands that all use.

    What has become due between the last day's end and the real present is closed as well, unless --until is given.
    """
    with answering(as_json=as_json) as answer:
        from squads_pipeline.surfaces.session import database_up  # noqa: PLC0415
        from squads_pipeline.surfaces.simulation import report  # noqa: PLC0415
        from squads_pipeline.surfaces.simulation.simulator import Plan  # noqa: PLC0415

        plan = Plan(agents, days, seed, _end(until, datetime.now(UTC)))
        with database_up() as url:
            lived = _live(answer, url, plan)
            if lived is not None and until is None:
                _catch_up(answer, url, plan)
        if lived is None:
            raise typer.Exit(INTERRUPTED)
        answer.give(report.document(lived), lambda out: report.show(out, lived))
        if not lived.ok:
            raise typer.Exit(FAILED)


def _end(until: datetime | None, now: datetime) -> datetime:
    """The UTC midnight at which to end.

    Raises:
        BadParameter: it has not come yet, and the real clock must not be behind the simulated one.
    """
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if until is None:
        return today
    end = until.replace(tzinfo=UTC)
    if end > today:
        raise typer.BadParameter(f"{end:%Y-%m-%d} lies ahead; choose {today:%Y-%m-%d} or an earlier day")
    return end


def _live(answer: Answer, url: str, plan: "Plan") -> "SimulationReport | None":
    """Simulate and read what came of it; None after Ctrl-C, which leaves what was done until then."""
    from squads_pipeline.store import migrate  # noqa: PLC0415
    from squads_pipeline.surfaces.cli.progress import steps  # noqa: PLC0415
    from squads_pipeline.surfaces.simulation import report  # noqa: PLC0415
    from squads_pipeline.surfaces.simulation.clock import Clock, engine_at  # noqa: PLC0415
    from squads_pipeline.surfaces.simulation.simulator import simulate as run  # noqa: PLC0415

    migrate.upgrade(url)
    clock = Clock(plan.start)
    began = time.monotonic()
    try:
        with engine_at(url, clock) as engine, steps(answer) as progress:
            lived = run(engine, clock, plan, _watch(progress))
            return report.read(engine, plan, lived, time.monotonic() - began)
    except KeyboardInterrupt:
        answer.failed(
            f"Interrupted at {clock.now:%Y-%m-%d %H:%M} of the simulation; the ledger is whole up to there",
            remedy="`make reset` deletes it; `squads reconcile` closes its gaps as of now.",
            kind="interrupted",
        )
        return None


def _catch_up(answer: Answer, url: str, plan: "Plan") -> None:
    """Close what has become due since the last day ended, by the real clock: as after a pause of the pipeline."""
    from squads_pipeline.store import database  # noqa: PLC0415
    from squads_pipeline.surfaces.cli.progress import steps  # noqa: PLC0415
    from squads_pipeline.surfaces.simulation.clock import Clock  # noqa: PLC0415
    from squads_pipeline.surfaces.simulation.reconciling import close_gaps  # noqa: PLC0415

    engine = database.engine(url)
    try:
        with steps(answer) as progress:
            progress("closing what has become due since", 0, 0)
            close_gaps(engine, Clock(datetime.now(UTC)), f"simulate:{plan.seed}:now")
    finally:
        engine.dispose()


def _watch(progress: Callable[[str, int, int], None]) -> Callable[["Beat"], None]:
    from squads_pipeline.rules.money import format_tokens  # noqa: PLC0415

    def tell(beat: "Beat") -> None:
        by_status = Counter(squad.status for squad in beat.seen.squads.values())
        live = ", ".join(f"{count} {status}" for status, count in sorted(by_status.items())) or "no squads"
        moved = format_tokens(beat.closed.moved_micro // 1_000_000 * 1_000_000)
        gaps = f"{beat.open_gaps} gap{'' if beat.open_gaps == 1 else 's'} open"
        progress(f"{beat.moment:%Y-%m-%d}  {live}  {moved} tokens moved  {gaps}", beat.number, beat.total)

    return tell
