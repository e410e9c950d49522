"""`squads backfill`: its options, progress and report. The runs are in `surfaces.backfill`."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from squads_pipeline.surfaces.cli.answers import FAILED, Answer, Json, answering, plain_table

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from squads_pipeline.surfaces.backfill import Backfilled, Days
    from squads_pipeline.surfaces.dagster_runs import AssetRun


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it as 2026-01-31") from None


def backfill(
    first: Annotated[date, typer.Option("--from", parser=_day, metavar="DAY", help="First UTC day.")],
    last: Annotated[date, typer.Option("--to", parser=_day, metavar="DAY", help="Last UTC day.")],
    only: Annotated[str | None, typer.Option(metavar="ASSET", help="Only this asset.")] = None,
    restate: Annotated[
        bool, typer.Option("--restate", help="Put right what differs, by new revisions and corrections.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why it is restated; part of the record.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would come of it, and write nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Recompute the facts of past days and compare them to the µT; nothing is paid twice. Today is driven."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.store.errors import RefusedError  # noqa: PLC0415
        from squads_pipeline.surfaces.backfill import Days  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        if restate and not reason.strip():
            raise RefusedError("A restatement without a reason", "Say why with --reason TEXT.")
        if reason and not restate:
            raise RefusedError("A reason, and nothing to restate", "Add --restate, or leave --reason out.")
        days = Days(first, last)
        with session() as engine:
            done = _run(answer, engine, days, only, reason if restate else None, dry_run=dry_run)
        answer.give(
            _document(days, done, dry_run=dry_run), lambda out: _show(out, days, done, dry_run=dry_run)
        )
        if not done.ok:
            raise typer.Exit(FAILED)


def _run(
    answer: Answer, engine: "Engine", days: "Days", only: str | None, reason: str | None, *, dry_run: bool
) -> "Backfilled":
    from assets.partitions import FIRST_DAY  # noqa: PLC0415
    from squads_pipeline.store import runs  # noqa: PLC0415
    from squads_pipeline.store.errors import RefusedError  # noqa: PLC0415
    from squads_pipeline.surfaces import backfill as surface  # noqa: PLC0415
    from squads_pipeline.surfaces import dagster_runs  # noqa: PLC0415
    from squads_pipeline.surfaces.cli.progress import steps  # noqa: PLC0415

    with engine.connect() as connection:
        today = runs.today(connection)
    surface.check_days(days, date.fromisoformat(FIRST_DAY), today)
    if reason is not None and days.last == today:
        raise RefusedError(f"{today} is not over, so it cannot be restated", "Let the range end yesterday.")
    driven, _ = dagster_runs.driven_and_marts()
    restatable = dagster_runs.restatable()
    assets = surface.choose(only, driven, restatable, restate=reason is not None)
    with steps(answer) as progress, dagster_runs.recorder(recorded=not dry_run) as instance:
        tags = dagster_runs.policy_tags(engine)

        def materialise(asset: str, config: Mapping[str, Any]) -> "AssetRun":
            progress(f"{asset}, {days.number:,} days", assets.index(asset), len(assets))
            return dagster_runs.materialise(
                instance, [asset], days.first, days.last, config=config, tags_besides=tags
            )

        return surface.backfill(assets, materialise, reason=reason, dry_run=dry_run)


def _document(days: "Days", done: "Backfilled", *, dry_run: bool) -> dict[str, Any]:
    from squads_pipeline.surfaces.backfill import differences, verified  # noqa: PLC0415

    return {
        "ok": done.ok,
        "dry_run": dry_run,
        "from": days.first.isoformat(),
        "to": days.last.isoformat(),
        "runs": [
            {
                "asset": run.assets[0],
                "run_id": None if dry_run else run.run_id,
                "success": run.success,
                "verified": verified(run),
                "differences": differences(run),
                "facts": run.facts,
                "findings": [dict(one) for one in run.findings],
                "changes": [dict(one) for one in run.changes],
                "failures": list(run.failures),
            }
            for run in done.runs
        ],
    }


def _show(out: Console, days: "Days", done: "Backfilled", *, dry_run: bool) -> None:
    for run in done.runs:
        _show_run(out, run, dry_run=dry_run)
    span = f"{days.first} to {days.last}, {days.number:,} days"
    verdict = "everything holds" if done.ok else "[red]something differs or failed[/]"
    out.print(f"{span}: {verdict}")
    if dry_run:
        out.print("dry run: nothing was written")


def _show_run(out: Console, run: "AssetRun", *, dry_run: bool) -> None:
    from squads_pipeline.surfaces.backfill import differences, verified  # noqa: PLC0415

    wrong = not run.success or differences(run) > 0
    mark = "[red]differs[/]" if wrong else "[green]holds[/]  "
    counts = ", ".join(f"{number:,} {what}" for what, number in verified(run).items())
    run_id = "" if dry_run else f" [dim](run {run.run_id})[/]"
    out.print(f"{mark} {run.assets[0]}: {f'{counts} verified' if counts else 'done'}{run_id}")
    if differences(run):
        out.print(f"        {differences(run):,} differences")
    for failure in run.failures:
        out.print(f"        {failure}", markup=False)
    _show_rows(out, run.findings)
    _show_rows(out, run.changes)


def _show_rows(out: Console, rows: Sequence[Mapping[str, str]]) -> None:
    if not rows:
        return
    heads = list(dict.fromkeys(head for row in rows for head in row))
    table = plain_table(*heads)
    for row in rows:
        table.add_row(*(escape(row.get(head, "")) for head in heads))
    out.print(table)
