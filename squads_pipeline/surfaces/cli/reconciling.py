"""`squads reconcile`: its options, progress and report. The loop is in `surfaces.reconcile`."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from squads_pipeline.rules.money import format_tokens
from squads_pipeline.surfaces.cli.answers import FAILED, Answer, Json, answering, money, plain_tokens

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from squads_pipeline.drivers.run import Outcome
    from squads_pipeline.store.gaps import Size
    from squads_pipeline.surfaces.dagster_runs import AssetRun
    from squads_pipeline.surfaces.reconcile import Reconciled

_MICRO = "_micro"


def reconcile(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")
    ] = False,
    only: Annotated[str | None, typer.Option(metavar="ASSET", help="Only this asset.")] = None,
    as_json: Json = False,
) -> None:
    """Close all gaps in this process, recorded as Dagster runs, and end when none is left."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine:
            if dry_run:
                _plan(answer, engine, only)
                return
            report = _run(answer, engine, only)
        answer.give(_document(report), lambda out: _show(out, report))
        if not report.ok:
            raise typer.Exit(FAILED)


def _plan(answer: Answer, engine: "Engine", only: str | None) -> None:
    from squads_pipeline.drivers.registry import DRIVERS  # noqa: PLC0415
    from squads_pipeline.store.errors import NotFoundError  # noqa: PLC0415
    from squads_pipeline.surfaces import reconcile as loop  # noqa: PLC0415

    if only is not None and only not in DRIVERS:
        raise NotFoundError(
            f"{only} closes no gap, so there is nothing to plan", f"Choose one of {', '.join(DRIVERS)}."
        )
    plans = loop.plan(engine, [only] if only else list(DRIVERS))
    document = {"dry_run": True, "plan": {name: _facts(outcome) for name, outcome in plans.items()}}
    answer.give(document, lambda out: _show_plan(out, plans))


def _run(answer: Answer, engine: "Engine", only: str | None) -> "Reconciled":
    from squads_pipeline.surfaces import dagster_runs  # noqa: PLC0415
    from squads_pipeline.surfaces import reconcile as loop  # noqa: PLC0415
    from squads_pipeline.surfaces.cli.progress import steps  # noqa: PLC0415

    with steps(answer) as progress, dagster_runs.recorder() as instance:
        driven, marts = loop.choose(only, *dagster_runs.driven_and_marts())
        tags = dagster_runs.policy_tags(engine)

        def materialise(assets: Sequence[str], day: date) -> "AssetRun":
            progress(f"running {', '.join(assets)}", 0, 0)
            return dagster_runs.materialise(instance, assets, day, tags_besides=tags)

        return loop.reconcile(engine, driven, marts, materialise)


def _facts(outcome: "Outcome") -> dict[str, Any]:
    """A driver's outcome for a program."""
    facts: dict[str, Any] = {"units": outcome.units, **money("moved", outcome.moved_micro)}
    for name, value in outcome.facts.items():
        if name.endswith(_MICRO) and isinstance(value, int):
            facts |= money(name.removesuffix(_MICRO), value)
        else:
            facts[name] = value
    return facts


def _show_plan(out: Console, plans: Mapping[str, "Outcome"]) -> None:
    for name, outcome in plans.items():
        if not outcome.units:
            out.print(f"{name}: no gap, nothing to do")
            continue
        tokens = format_tokens(outcome.moved_micro)
        out.print(f"{name}: would close {outcome.units:,} units and move {tokens} tokens")
        for fact, value in outcome.facts.items():
            if fact.endswith(_MICRO) and isinstance(value, int):
                out.print(f"  {fact.removesuffix(_MICRO)}: {plain_tokens(value)} tokens")
            else:
                out.print(f"  {fact}: {value}", markup=False)
    out.print("dry run: nothing was written")


def _document(report: "Reconciled") -> dict[str, Any]:
    return {
        "ok": report.ok,
        "dry_run": False,
        "runs": [
            {
                "assets": list(step.run.assets),
                "run_id": step.run.run_id,
                "success": step.run.success,
                "units": step.effect.units,
                **money("moved", step.effect.moved_micro),
                "failures": list(step.run.failures),
            }
            for step in report.steps
        ],
        "still_open": {
            name: {"units": size.units, "due": size.due, "tokens_at_stake": str(size.tokens_at_stake)}
            for name, size in report.still_open.items()
        },
        "paused": list(report.paused),
    }


def _show(out: Console, report: "Reconciled") -> None:
    for run in (step.run for step in report.steps):
        mark = "[green]done[/]  " if run.success else "[red]failed[/]"
        out.print(f"{mark} {', '.join(run.assets)} [dim](run {run.run_id})[/]")
        for name, value in run.facts.items():
            out.print(f"         {name}: {value}", markup=False)
        for failure in run.failures:
            out.print(f"         {failure}", markup=False)
    for name, size in report.still_open.items():
        out.print(_still_open(name, size, paused=name in report.paused))
    if not report.steps and not report.still_open:
        out.print("no gap is open; nothing to do")


def _still_open(name: str, size: "Size", *, paused: bool) -> str:
    units = f"{size.units:,} unit{'s' if size.units != 1 else ''}"
    if paused:
        return f"{name} is still open: {units}; paused; `squads resume` lets it go on"
    if size.due or size.since is None:
        return f"{name} is still open: {units}; run it again, or look at `squads gaps`"
    return (
        f"{name} waits: {units}, the first until {size.since:%Y-%m-%d %H:%M} UTC; `squads gaps` says for what"
    )
