"""Files of contributions: which column holds what, and rows as fields for `rules.contribution_rows`.

CSV and Parquet themselves are in `tabular_files`.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from squads_pipeline.commands.tabular_files import FileError, FileRow, Progress, TabularFile, open_table
from squads_pipeline.rules.contribution_rows import Refusal

FIELDS: Final = ("project_id", "contributor_id", "amount", "ts", "round")
_NEEDED: Final = ("project_id", "contributor_id", "amount")
_DELIMITERS: Final = {",": "','", ";": "';'", "\t": "$'\\t'", "|": "'|'"}


@dataclass(frozen=True, slots=True)
class ContributionFile:
    """A table whose columns are known: `places` says at which place in a row each field is."""

    table: TabularFile
    places: Mapping[str, int]

    def rows(self, progress: Progress) -> Iterator[tuple[int, dict[str, str | None]] | Refusal]:
        """Yield each row's number and fields, or a refusal where fields are too few or too many."""
        width = len(self.table.columns)
        places = list(self.places.items())
        for row in self.table.rows(progress):
            fields = row.fields
            if len(fields) == width:
                yield row.number, {name: fields[place] for name, place in places}
            else:
                yield _ragged(row, width)


def open_contributions(
    path: Path, columns: Mapping[str, str], *, delimiter: str, has_time: bool
) -> ContributionFile:
    """Open a file and find its columns.

    Args:
        path: a CSV or Parquet file.
        columns: field → name of its column in this file, where they differ.
        delimiter: between the fields of a CSV row.
        has_time: whether one time is given for all rows, so that a column for it may be missing.

    Raises:
        FileError: it cannot be read, or columns are missing or ambiguous.
    """
    table = open_table(path, delimiter)
    names = {field: columns.get(field, field) for field in FIELDS}
    must = dict.fromkeys([*_NEEDED, *([] if has_time else ["ts"]), *columns])
    missing = [field for field in must if names[field] not in table.columns]
    if missing:
        raise _lacking(table, [names[field] for field in missing], missing, delimiter)
    for field, name in names.items():
        if table.columns.count(name) > 1:
            raise FileError(
                f"{path} has several columns {name!r}", f"Rename all but the one that holds {field}."
            )
    return ContributionFile(
        table, {field: table.columns.index(name) for field, name in names.items() if name in table.columns}
    )


def _lacking(table: TabularFile, names: Sequence[str], fields: Sequence[str], delimiter: str) -> FileError:
    present = ", ".join(repr(column) for column in table.columns)
    message = f"{table.path} has no column {', '.join(map(repr, names))}; its columns are {present}"
    if len(table.columns) == 1:
        for other, typed in _DELIMITERS.items():
            if other != delimiter and other in table.columns[0]:
                return FileError(message, f"Its fields look separated otherwise: add --delimiter {typed}.")
    time = "; one time for all rows can be given with --at" if "ts" in fields else ""
    return FileError(message, f"Say which column holds it, such as --column {fields[0]}=NAME{time}.")


def _ragged(row: FileRow, width: int) -> Refusal:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(row.fields)
    return Refusal(
        row.number,
        "row",
        text.getvalue(),
        f"has {'more' if len(row.fields) > width else 'fewer'} fields than the header",
        "put quotes around a field that holds a delimiter, and write every field",
    )
