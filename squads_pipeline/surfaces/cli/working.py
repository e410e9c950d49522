"""Commands about squads' work: log, find and review; journals and findings to read. Rules are in `commands`."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from squads_pipeline.rules.millionths import parse_ppm
from squads_pipeline.surfaces.cli.answers import As, Json, answering, plain_table, plain_tokens

if TYPE_CHECKING:
    from squads_pipeline.store.work_lists import Entry, ListedFinding

SHOWN = 50
STDIN = "-"
HALF = 500_000
"""The confidence of a finding whose author states none, in millionths."""


class EntryType(StrEnum):
    """Types of journal entries."""

    PROGRESS = "progress"
    FINDING = "finding"
    BLOCK = "block"
    DECISION = "decision"
    MILESTONE = "milestone"
    NOTE = "note"


class FindingType(StrEnum):
    """Types of findings."""

    HYPOTHESIS = "hypothesis"
    EVIDENCE = "evidence"
    KG_EDGE = "kg_edge"
    WIKI_EDIT = "wiki_edit"
    ANALYSIS = "analysis"
    REVIEW = "review"


class Verdict(StrEnum):
    """What a review says."""

    ACCEPT = "accept"
    REJECT = "reject"


def _confidence(text: str) -> int:
    try:
        return parse_ppm(text, "confidence")
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _target(text: str) -> tuple[str, str]:
    kind, is_given, name = text.partition(":")
    if not is_given:
        raise typer.BadParameter(f"{text!r} names no artifact; write type:id, such as gap:sleep-1")
    return kind, name


Squad = Annotated[str, typer.Argument(help="The squad's id, or its name if no other has it.")]
Title = Annotated[str, typer.Argument(help="On one line.")]
Key = Annotated[
    str | None, typer.Option(help="Names this request; the same request with the same key is written once.")
]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the newest.")]


def log(
    squad: Squad,
    entry_type: Annotated[EntryType, typer.Argument(metavar="TYPE", help=", ".join(EntryType))],
    title: Title,
    agent: As,
    body: Annotated[str, typer.Option(help="The entry itself; - reads it from stdin.")],
    reference: Annotated[
        list[str] | None, typer.Option("--ref", metavar="TYPE:ID", help="An artifact that it refers to.")
    ] = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Write an entry into a squad's journal; for its members, while it is active."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import work  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        text = _text(body)
        with session() as engine, engine.begin() as connection:
            done = work.log(
                connection, agent, squad, entry_type, title, text, references=reference or (), key=key
            )
        document = {"entry": done.entry_id, "squad": done.squad_id, "agent": agent, "repeated": done.repeated}
        said = f"{agent} logged entry {done.entry_id} in {done.squad_id}{_again(repeated=done.repeated)}"
        answer.give(document, lambda out: out.print(said, markup=False))


def find(  # noqa: PLR0917  # options, which are given by name
    squad: Squad,
    finding_type: Annotated[FindingType, typer.Argument(metavar="TYPE", help=", ".join(FindingType))],
    title: Title,
    agent: As,
    summary: Annotated[
        str | None, typer.Option(help="The finding with its evidence; - reads it from stdin.")
    ] = None,
    confidence: Annotated[
        int | None,
        typer.Option(parser=_confidence, metavar="SHARE", help="How sure you are, such as 0.8; else 0.5."),
    ] = None,
    target: Annotated[
        Any,
        typer.Option(parser=_target, metavar="TYPE:ID", help="What it bears on; else the squad's target."),
    ] = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Record a finding, which then waits for reviews; for members, while the squad is active."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import work  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        text = None if summary is None else _text(summary)
        sure = HALF if confidence is None else confidence
        with session() as engine, engine.begin() as connection:
            done = work.find(
                connection,
                agent,
                squad,
                finding_type,
                title,
                summary=text,
                confidence_ppm=sure,
                target=target,
                key=key,
            )
        document = {
            "finding": done.finding_id,
            "squad": done.squad_id,
            "agent": agent,
            **_share(sure),
            "repeated": done.repeated,
        }
        said = (
            f"{agent} recorded finding {done.finding_id} in {done.squad_id}{_again(repeated=done.repeated)}"
        )
        answer.give(document, lambda out: out.print(said, markup=False))


def review(
    finding: Annotated[int, typer.Argument(min=1, help="The finding's number.")],
    verdict: Annotated[Verdict, typer.Argument(metavar="VERDICT", help="accept or reject")],
    agent: As,
    rationale: Annotated[str, typer.Option(help="Why; - reads it from stdin.")],
    confidence: Annotated[
        int | None,
        typer.Option(
            parser=_confidence, metavar="SHARE", help="How sure you are that it holds, such as 0.8."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Review another agent's finding, once; enough reviews decide about it."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import work  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        text = _text(rationale)
        with session() as engine, engine.begin() as connection:
            done = work.review(connection, agent, finding, verdict, rationale=text, confidence_ppm=confidence)
        document = {
            "review": done.review_id,
            "finding": finding,
            "agent": agent,
            "verdict": verdict.value,
            "repeated": done.repeated,
        }
        said = f"{agent} reviewed finding {finding}: {verdict.value}{_again(repeated=done.repeated)}"
        answer.give(document, lambda out: out.print(said, markup=False))


def findings(
    squad: Annotated[str | None, typer.Argument(help="Only of this squad, by id or name.")] = None,
    pending: Annotated[bool, typer.Option("--pending", help="Only those that wait for a verdict.")] = False,
    limit: Limit = SHOWN,
    as_json: Json = False,
) -> None:
    """List findings, the newest first, with their reviews and what became of them."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.store import squads, work_lists  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.connect() as connection:
            home = None if squad is None else squads.hold_status(connection, squad)[0]
            found = work_lists.findings(connection, home, pending=pending, limit=limit)
        answer.give({"findings": [_finding(one) for one in found]}, lambda out: _show_findings(out, found))


def journal(squad: Squad, limit: Limit = SHOWN, as_json: Json = False) -> None:
    """Show a squad's journal, the newest entry first."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.store import squads, work_lists  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.connect() as connection:
            home, _ = squads.hold_status(connection, squad)
            found = work_lists.journal(connection, home, limit)
        answer.give({"entries": [_entry(one) for one in found]}, lambda out: _show_journal(out, found))


def _text(given: str) -> str:
    return sys.stdin.read().rstrip("\n") if given == STDIN else given


def _again(*, repeated: bool) -> str:
    return " (recorded before; nothing written)" if repeated else ""


def _share(confidence_ppm: int) -> dict[str, str | int]:
    return {"confidence": plain_tokens(confidence_ppm), "confidence_ppm": confidence_ppm}


def _finding(one: "ListedFinding") -> dict[str, Any]:
    return {
        "finding": one.id,
        "squad": one.squad_id,
        "author": one.author,
        "type": one.finding_type,
        "title": one.title,
        "summary": one.summary,
        **_share(one.confidence_ppm),
        "target": one.target,
        "status": one.status,
        "accepts": one.accepts,
        "rejects": one.rejects,
        "reviewed_by": one.reviewed_by,
        "decided_by": one.reason,
        "created_at": one.created_at.isoformat(),
        "bubbled_at": one.bubbled_at and one.bubbled_at.isoformat(),
    }


def _entry(one: "Entry") -> dict[str, Any]:
    return {
        "entry": one.id,
        "squad": one.squad_id,
        "author": one.author,
        "type": one.entry_type,
        "title": one.title,
        "body": one.body,
        "references": one.references,
        "created_at": one.created_at.isoformat(),
    }


def _show_findings(out: Console, found: "list[ListedFinding]") -> None:
    from rich.markup import escape  # noqa: PLC0415

    if not found:
        out.print("no findings; record one with `squads find`", markup=False)
        return
    table = plain_table("finding", "squad", "author", "type", "title", "confidence", "for/against", "status")
    for one in found:
        table.add_row(
            str(one.id),
            one.squad_id,
            one.author,
            one.finding_type,
            escape(one.title),
            plain_tokens(one.confidence_ppm),
            f"{one.accepts}/{one.rejects}",
            one.status + (" (review time-out)" if one.reason == "review_timeout" else ""),
        )
    out.print(table)


def _show_journal(out: Console, found: "list[Entry]") -> None:
    if not found:
        out.print("no entries; write one with `squads log`", markup=False)
    for one in found:
        head = f"{one.created_at:%Y-%m-%d %H:%M} {one.author}, {one.entry_type}: {one.title}"
        out.print(head, markup=False)
        for line in one.body.splitlines():
            out.print(f"    {line}", markup=False)
        if one.references:
            out.print(f"    → {', '.join(one.references)}", markup=False)
