"""The command `squads ledger correct`: shows what it would move back, asks, and posts it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from squads_pipeline.rules.money import format_tokens
from squads_pipeline.surfaces.cli.answers import Json, amount, answering, money

if TYPE_CHECKING:
    from squads_pipeline.commands.correcting import Correction


def correct(
    transfer: Annotated[str, typer.Argument(help="Number of the transfer, or its idempotency key.")],
    reason: Annotated[str, typer.Option(help="Why; part of the record.")],
    amount_micro: Annotated[
        int | None,
        typer.Option(
            "--amount", parser=amount, metavar="TOKENS", help="Only so much of it; all if left out."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Post the reverse of a transfer; what it set off, such as a match, stays and is corrected by itself."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import correcting  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine:
            with engine.connect() as connection:
                planned = correcting.plan(connection, transfer, amount_micro=amount_micro)
            if not yes:
                typer.confirm(f"{_sentence(planned)} Do it?", abort=True, err=True)
            with engine.begin() as connection:
                done = correcting.correct(connection, transfer, reason=reason, amount_micro=amount_micro)

        def show(out: Console) -> None:
            out.print(f"corrected: {_sentence(done)}", markup=False)

        answer.give(_document(done, reason), show)


def _sentence(planned: "Correction") -> str:
    of = planned.original
    tokens = format_tokens(planned.amount_micro)
    return f"{tokens} tokens go from {of.to_account} back to {of.from_account} ({of.kind} {of.id}, {of.key})."


def _document(done: "Correction", reason: str) -> dict[str, Any]:
    return {
        "transfer": done.original.id,
        "kind": done.original.kind,
        "from_account": done.original.to_account,
        "to_account": done.original.from_account,
        **money("amount", done.amount_micro),
        "key": done.key,
        "reason": reason,
    }
