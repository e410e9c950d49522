"""`squads replay`: its options, progress and report. How time goes by is in `surfaces.replay`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from squads_pipeline.surfaces.cli.answers import INTERRUPTED, Answer, Json, answering, money, plain_tokens
from squads_pipeline.surfaces.cli.importing import (
    At,
    Columns,
    Delimiter,
    File,
    Round,
    Rounding,
    columns_of,
    one_character,
    show_counts,
)

if TYPE_CHECKING:
    from squads_pipeline.commands.import_contributions import ImportOptions
    from squads_pipeline.surfaces.replay import Replayed


def replay(
    file: File,
    column: Columns = None,
    rounding: Rounding = Round.REFUSE,
    at: At = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Replay the good rows and write the others here, with reasons.")
    ] = None,
    delimiter: Delimiter = ",",
    as_json: Json = False,
) -> None:
    """Let a history of contributions happen in its own time: days go by, and rounds come as they would have.

    Unknown squads, agents and tokens come with their first row; squads of the history work until it is over.
    Interrupted, the same command goes on; done, it adds nothing.
    """
    columns = columns_of(column or [])
    one_character(delimiter)
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands.import_contributions import ImportOptions  # noqa: PLC0415

        options = ImportOptions(
            columns, rounding.value, at, create_missing=True, rejects=rejects, delimiter=delimiter
        )
        report = _run(answer, file, options)
        if report is None:
            raise typer.Exit(INTERRUPTED)
        answer.give(_document(report), lambda out: _show(out, report))


def _run(answer: Answer, file: Path, options: "ImportOptions") -> "Replayed | None":
    """Replay, and say how far it is; None after Ctrl-C, which leaves what was done until then."""
    from squads_pipeline.store import database, migrate  # noqa: PLC0415
    from squads_pipeline.surfaces import replay as course  # noqa: PLC0415
    from squads_pipeline.surfaces.cli.progress import steps  # noqa: PLC0415
    from squads_pipeline.surfaces.session import database_up  # noqa: PLC0415

    clock = course.new_clock()
    with database_up() as url:
        migrate.upgrade(url)
        present = database.engine(url)
        now = course.real_now(present)
        present.dispose()
        try:
            with steps(answer) as progress:
                return course.replay(url, now, file, options, clock, progress)
        except KeyboardInterrupt:
            answer.failed(
                f"Interrupted at {clock.now:%Y-%m-%d %H:%M} of the history; what was replayed until then stays",
                remedy="The same command goes on from there.",
                kind="interrupted",
            )
            return None


def _document(report: "Replayed") -> dict[str, Any]:
    posted = report.posted
    return {
        "rows": report.history.rows,
        "replayed": posted.rows,
        **money("replayed_amount", posted.amount_micro),
        "already_replayed": report.history.already,
        "days": report.days,
        "rounds": report.rounds.count,
        **money("matched", report.rounds.matched_micro),
        **money("minted", posted.minted_micro),
        "refused": sum(report.refused.values()),
        "refused_by_reason": dict(report.refused),
        "agents_added": posted.agents_added,
        "squads_added": posted.squads_added,
        "clock": report.now,
        "squads_work_until": report.history.lives_until,
        "run_id": report.history.run_id,
        "rejects": report.rejects and str(report.rejects),
    }


def _show(out: Console, report: "Replayed") -> None:
    posted, history = report.posted, report.history
    tokens = plain_tokens(posted.amount_micro)
    out.print(f"replayed {posted.rows:,} of {history.rows:,} rows, {tokens} tokens, on {report.days:,} days")
    matched = plain_tokens(report.rounds.matched_micro)
    counts = (
        (history.already, "replayed or imported before, which add nothing"),
        (report.rounds.count, f"rounds, which matched {matched} tokens"),
        (posted.squads_added, "unknown squads added"),
        (posted.agents_added, "unknown agents added"),
    )
    show_counts(out, counts, posted.minted_micro, report.refused, report.rejects)
    if posted.rows and history.lives_until is not None:
        out.print(f"  its squads work until {history.lives_until:%Y-%m-%d %H:%M} UTC; their harvest is next")
