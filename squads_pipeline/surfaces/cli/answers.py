"""How every command answers: for people by rich, with --json one document; failures in words and exit codes.

What an error means is in `failures`, which is loaded when there is one.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from squads_pipeline.rules.money import AmountError, format_tokens, parse_tokens

FAILED = 1
USAGE = 2
INTERRUPTED = 130
_ENDLESS = 10_000

Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")]
"""The option that every command has."""

As = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="AGENT",
        envvar="SQUADS_AGENT",
        help="The agent who acts; SQUADS_AGENT spares the option.",
    ),
]
"""The option of every command that an agent gives for itself."""

Squad = Annotated[str, typer.Argument(help="The squad's id, or its name if no other has it.")]
"""The argument of commands about one squad."""

Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]
"""The option of commands that list."""


class Answer:
    """Where a command puts what it has to say: stdout for the answer, stderr for progress and failures."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        # A file or a pipe has no width: nothing is cut off or broken there. What people wrote stays as it is:
        # `gap:a:b` has no emoji in it.
        width = None if sys.stdout.isatty() else _ENDLESS
        self.out = Console(highlight=False, emoji=False, soft_wrap=True, width=width)
        self.err = Console(highlight=False, emoji=False, soft_wrap=True, stderr=True)

    def give(self, document: Mapping[str, Any], show: Callable[[Console], None]) -> None:
        """Print the document, or show it as people like it."""
        if self.as_json:
            print_json(document)
        else:
            show(self.out)

    def failed(
        self,
        message: str,
        *,
        remedy: str | None = None,
        kind: str = "error",
        details: Mapping[str, Any] | None = None,
        lines: Sequence[str] = (),
    ) -> None:
        """Say what went wrong and what to do; `details` for programs, `lines` for people."""
        if self.as_json:
            print_json({"error": {"kind": kind, "message": message, "remedy": remedy, **(details or {})}})
            return
        self.err.print(f"[bold red]error:[/] {escape(message)}")
        for line in lines:
            self.err.print(f"  {escape(line)}")
        if remedy:
            self.err.print(f"[bold]remedy:[/] {escape(remedy)}")


def print_json(document: Mapping[str, Any]) -> None:
    """Write one JSON document to stdout."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n")


@contextmanager
def answering(*, as_json: bool) -> Iterator[Answer]:
    """Run a command's body; what the user can mend becomes a message and an exit code, never a traceback."""
    answer = Answer(as_json=as_json)
    try:
        yield answer
        sys.stdout.flush()
    except KeyboardInterrupt:
        answer.failed("Interrupted; nothing that was not finished was kept", kind="interrupted")
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        # The reader has seen enough, as in `squads table … | head`. Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(FAILED) from None
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        from squads_pipeline.surfaces.cli import failures  # noqa: PLC0415  # knows all the heavy modules

        failure = failures.explain(error)
        if failure is None:
            raise
        answer.failed(
            failure.message,
            remedy=failure.remedy,
            kind=failure.kind,
            details=failure.details,
            lines=failure.lines,
        )
        raise typer.Exit(FAILED) from None


def plain_table(*headings: str) -> Table:
    """A table without lines, whose cells are broken rather than cut off where the terminal is narrow."""
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def money(name: str, amount_micro: int) -> dict[str, str | int]:
    """An amount for a JSON document: exact tokens as text, and µT as an integer."""
    return {name: plain_tokens(amount_micro), f"{name}_micro": amount_micro}


def share(name: str, ppm: int) -> dict[str, str | int]:
    """A number from 0 to 1 for a JSON document: an exact decimal as text, and millionths as an integer."""
    return {name: plain_tokens(ppm), f"{name}_ppm": ppm}


def plain_tokens(amount_micro: int) -> str:
    """Exact tokens without thousands separators, for programs."""
    return format_tokens(amount_micro).replace(",", "")


def amount(text: str) -> int:
    """Read an amount given on the command line, in tokens, into µT."""
    try:
        return parse_tokens(text)
    except AmountError as error:
        raise typer.BadParameter(f"{error.reason}; {error.remedy}") from error


Amount = Annotated[int, typer.Argument(parser=amount, metavar="AMOUNT", help="Tokens, such as 12.5.")]
"""The argument of commands that move money."""
