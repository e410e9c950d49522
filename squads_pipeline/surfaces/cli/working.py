"""Commands for work in squads: log, find, review. Listing what came of it: `work_lists`; the rules: `commands`."""

import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from squads_pipeline.rules.millionths import parse_ppm
from squads_pipeline.surfaces.cli.answers import As, Json, Squad, answering, share

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


Title = Annotated[str, typer.Argument(help="On one line.")]
Key = Annotated[
    str | None, typer.Option(help="Names this request; the same request with the same key is written once.")
]


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
            **share("confidence", sure),
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


def _text(given: str) -> str:
    return sys.stdin.read().rstrip("\n") if given == STDIN else given


def _again(*, repeated: bool) -> str:
    return " (recorded before; nothing written)" if repeated else ""
