"""`squads ledger verify` and `export`: checking the ledger and taking it away. Issuing tokens is in `money`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from squads_pipeline.surfaces.cli.answers import FAILED, Answer, Json, answering

if TYPE_CHECKING:
    from squads_pipeline.rules.seals import Checked

_HEAD_BYTES = 32


def _digest(text: str) -> bytes:
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(digest) != _HEAD_BYTES:
        raise typer.BadParameter(f"{text!r} is no head; give the 64 hex digits that `ledger export` showed")
    return digest


def verify(
    chain: Annotated[bool, typer.Option("--chain", help="Recompute the hash chain alone.")] = False,
    file: Annotated[
        Path | None, typer.Option(help="Check this file of `ledger export` instead; needs no database.")
    ] = None,
    head: Annotated[
        bytes | None,
        typer.Option(
            parser=_digest, metavar="HEX", help="A head from earlier, which the chain must contain."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Recompute the whole ledger, its hash chain and every match, and compare; exit code 1 on any difference."""
    if chain and file is not None:
        raise typer.BadParameter("it is the chain of this database; leave out --file", param_hint="--chain")
    if head is not None and not chain and file is None:
        raise typer.BadParameter("it is looked for in a chain; add --chain or --file", param_hint="--head")
    with answering(as_json=as_json) as answer:
        if file is not None:
            held = _verify_file(answer, file, head)
        elif chain:
            held = _verify_chain(answer, head)
        else:
            held = _verify_all(answer)
        if not held:
            raise typer.Exit(FAILED)


def export(
    file: Annotated[Path, typer.Argument(help="Where to; compressed if it ends in .gz.", metavar="FILE")],
    as_json: Json = False,
) -> None:
    """Write every sealed transfer with its entries, in the order of the chain, and the head as the last line.

    A line's hash is the SHA-256 of the hash before it (at first 32 zero bytes) followed by the line without
    its last member, the hash. Nothing of ours is needed to check it; `ledger verify --file` does it too.
    """
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import ledger_files  # noqa: PLC0415
        from squads_pipeline.surfaces.cli.progress import steps  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415
        from squads_pipeline.surfaces.verification import snapshot  # noqa: PLC0415

        with session() as engine, snapshot(engine) as connection, steps(answer) as tell:
            done = ledger_files.export(
                connection, file, lambda written, all_: tell("writing transfers", written, all_)
            )
        document = {
            "file": str(file),
            "transfers": done.transfers,
            "head": done.head.hex(),
            "unsealed": done.unsealed,
        }

        def show(out: Console) -> None:
            waiting = f"; {done.unsealed:,} wait for the seal and are not in it" if done.unsealed else ""
            out.print(f"wrote {done.transfers:,} transfers to {file}{waiting}", markup=False)
            out.print(f"head {done.head.hex()}", markup=False)

        answer.give(document, show)


def _verify_all(answer: Answer) -> bool:
    from squads_pipeline.surfaces import verification  # noqa: PLC0415
    from squads_pipeline.surfaces.session import session  # noqa: PLC0415

    with session() as engine:
        verified = verification.verify(engine, answer.err if not answer.as_json else None)
        verification.record(engine, verified)
    verdicts = verified.verdicts
    answer.give(verification.document(verdicts), lambda out: verification.show(out, verdicts))
    return not any(verdict.total for verdict in verdicts)


def _verify_chain(answer: Answer, head: bytes | None) -> bool:
    from squads_pipeline.surfaces import verification  # noqa: PLC0415
    from squads_pipeline.surfaces.cli.progress import steps  # noqa: PLC0415
    from squads_pipeline.surfaces.session import session  # noqa: PLC0415

    with session() as engine, steps(answer) as tell:
        chain, verdicts = verification.verify_chain(
            engine, head, lambda done, all_: tell("recomputing hashes", done, all_)
        )
    told = {"transfers": chain.transfers, "head": chain.head.hex(), "unsealed": chain.unsealed}

    def show(out: Console) -> None:
        verification.show(out, verdicts)
        out.print(f"{chain.transfers:,} transfers sealed, {chain.unsealed:,} wait; head {chain.head.hex()}")

    answer.give({**verification.document(verdicts), "chain": told}, show)
    return not any(verdict.total for verdict in verdicts)


def _verify_file(answer: Answer, file: Path, head: bytes | None) -> bool:
    from squads_pipeline.commands import ledger_files  # noqa: PLC0415
    from squads_pipeline.surfaces.cli.progress import steps  # noqa: PLC0415

    with steps(answer) as tell:
        checked = ledger_files.check(file, head, lambda done, all_: tell("recomputing hashes", done, all_))
    _give_checked(answer, file, checked)
    return checked.difference is None


def _give_checked(answer: Answer, file: Path, checked: "Checked") -> None:
    difference = checked.difference
    document = {
        "ok": difference is None,
        "file": str(file),
        "transfers": checked.transfers,
        "head": checked.head.hex(),
        "difference": difference
        and {"subject": difference.subject, "expected": difference.expected, "found": difference.found},
    }

    def show(out: Console) -> None:
        if difference is None:
            out.print(f"[green]OK[/]   {checked.transfers:,} transfers, head {checked.head.hex()}")
            return
        out.print(f"[red]FAIL[/] after {checked.transfers:,} transfers that hold")
        said = f"{difference.subject}: expected {difference.expected}, found {difference.found}"
        out.print(f"       {said}", markup=False)

    answer.give(document, show)
