"""The file of rejected rows: what the imported file had, and beside it what was wrong. Decides nothing."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from squads_pipeline.commands.atomic_file import atomic_file
from squads_pipeline.commands.tabular_files import FileError, TabularFile
from squads_pipeline.rules.contribution_rows import Refusal
from squads_pipeline.store.errors import RefusedError

COLUMNS: Final = ("row", "field", "value", "reason", "remedy")


def check_place(path: Path, source: Path) -> None:
    """Find out before the long work whether the file can be written.

    Raises:
        RefusedError: it cannot, or it is the imported file itself.
    """
    if path.exists() and path.samefile(source):
        raise RefusedError(f"{path} is the file to import", "Give another name for the rejected rows.")
    if not path.parent.is_dir():
        raise RefusedError(f"There is no folder {path.parent}", "Make it first, or choose another.")


def write(path: Path, table: TabularFile, refusals: Iterator[Refusal]) -> None:
    """Write the rejected rows, complete or not at all; reads the imported file a second time.

    Args:
        path: replaced if it exists, so that it never shows an earlier import's rows.
        table: the imported file.
        refusals: in the order of its rows.

    Raises:
        RefusedError: the file cannot be written.
        FileError: the imported file has changed meanwhile.
    """
    kept, added = _columns(table.columns)
    with atomic_file(path) as binary:
        file = io.TextIOWrapper(binary, encoding="utf-8", newline="")
        writer = csv.writer(file)
        writer.writerow([*(table.columns[place] for place in kept), *added])
        for fields, refusal in _matched(table, refusals):
            own = [fields[place] if place < len(fields) else "" for place in kept]
            writer.writerow([*own, refusal.row, refusal.field, refusal.value, refusal.reason, refusal.remedy])
        file.flush()
        file.detach()


def _matched(
    table: TabularFile, refusals: Iterator[Refusal]
) -> Iterator[tuple[Sequence[str | None], Refusal]]:
    refusal = next(refusals, None)
    for row in table.rows(lambda *_: None):
        if refusal is None:
            return
        if row.number == refusal.row:
            yield row.fields, refusal
            refusal = next(refusals, None)
    if refusal is not None:
        raise FileError(f"{table.path} has changed while it was imported", "Import it again.")


def _columns(original: Sequence[str]) -> tuple[list[int], list[str]]:
    """Which of the file's columns to write, and names for ours: a file of rejects yields its own like."""
    if tuple(original[-len(COLUMNS) :]) == COLUMNS:
        return list(range(len(original) - len(COLUMNS))), list(COLUMNS)
    return list(range(len(original))), [
        name if name not in original else f"refusal_{name}" for name in COLUMNS
    ]
