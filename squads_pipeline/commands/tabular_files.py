"""CSV and Parquet as streams of rows of text. What columns mean is not known here.

A row is numbered as people count: in CSV as a spreadsheet does, the header being row 1; in Parquet from 1.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from squads_pipeline.store.errors import RefusedError

Progress = Callable[[int, int], None]
"""Called now and then with how much was read and how much there is, in bytes or in rows."""

PARQUET_MAGIC: Final = b"PAR1"
_ROWS_AT_ONCE: Final = 10_000
_LONGEST_ECHO: Final = 200


class FileError(RefusedError):
    """A file that cannot be read as a table."""


@dataclass(slots=True)
class FileRow:
    """A row as the file has it; in a ragged CSV it has more fields than the header, or fewer."""

    number: int
    fields: Sequence[str | None]


class TabularFile(Protocol):
    """A file that can be read several times; `columns` are the names in its header."""

    path: Path
    columns: tuple[str, ...]

    def rows(self, progress: Progress) -> Iterator[FileRow]:
        """Yield the rows from the first one on. Raises FileError where the file cannot be read on."""
        ...


def open_table(path: Path, delimiter: str = ",") -> TabularFile:
    """Look at a file and read its header.

    Raises:
        FileError: there is no such file, or it is no table.
    """
    if not path.exists():
        raise FileError(f"There is no file {path}", "Check the name and the folder.")
    if not path.is_file():
        # Rejected rows are read a second time, which a pipe does not allow.
        raise FileError(f"{path} is not a file", "Give a CSV or Parquet file; save what a pipe yields first.")
    with _readable(path), path.open("rb") as file:
        start = file.read(len(PARQUET_MAGIC))
    return ParquetFile(path) if start == PARQUET_MAGIC else CsvFile(path, delimiter)


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with _readable(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class CsvFile:
    """UTF-8 text with a header, with or without a byte order mark."""

    def __init__(self, path: Path, delimiter: str) -> None:
        self.path = path
        self._delimiter = delimiter
        header = next(self._records(lambda *_: None), None)
        if header is None:
            raise FileError(f"{path} is empty", "Give a file with a header and a row for each record.")
        self.columns = tuple((name or "").strip() for name in header.fields)

    def rows(self, progress: Progress) -> Iterator[FileRow]:
        """Yield the rows after the header; empty lines are counted and passed over."""
        records = self._records(progress)
        next(records, None)
        return records

    def _records(self, progress: Progress) -> Iterator[FileRow]:
        number = 0
        total = self.path.stat().st_size
        with _readable(self.path), self.path.open("rb") as raw:
            lines = (line.decode("utf-8-sig" if raw.tell() == len(line) else "utf-8") for line in raw)
            try:
                # Strict, or an open quote would swallow all rows after it without a word.
                for number, fields in enumerate(csv.reader(lines, delimiter=self._delimiter, strict=True), 1):
                    if number % _ROWS_AT_ONCE == 0:
                        progress(raw.tell(), total)
                    if fields:
                        yield FileRow(number, fields)
            except UnicodeDecodeError as error:
                byte = error.object[error.start]
                raise FileError(
                    f"{self.path} is not UTF-8 text: row {number + 1} has the byte {byte:#04x}",
                    "Save it as UTF-8, or give the Parquet file itself.",
                ) from error
            except csv.Error as error:
                raise FileError(
                    f"{self.path} cannot be read as CSV from row {number + 1} on: {error}",
                    "Look there for a quote that is not closed or not doubled.",
                ) from error
        progress(total, total)


class ParquetFile:
    """Parquet with flat columns; numbers and times are turned into text without loss."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._understood() as parquet:
            self.columns = tuple(str(name) for name in parquet.schema_arrow.names)

    def rows(self, progress: Progress) -> Iterator[FileRow]:
        """Yield the rows, a batch in memory at a time."""
        number = 0
        with self._understood() as parquet:
            total = parquet.metadata.num_rows
            for batch in parquet.iter_batches(batch_size=_ROWS_AT_ONCE):
                for fields in zip(*_texts(batch), strict=True):
                    number += 1
                    yield FileRow(number, fields)
                progress(number, total)

    @contextmanager
    def _understood(self) -> Iterator[Any]:
        # Not at import: pyarrow takes longer to load than most commands take to run.
        import pyarrow  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415

        try:
            with _readable(self.path), parquet.ParquetFile(self.path) as file:
                yield file
        except (pyarrow.ArrowException, UnicodeDecodeError) as error:
            raise FileError(
                f"{self.path} cannot be read as Parquet: {str(error).partition(chr(10))[0][:_LONGEST_ECHO]}",
                "Write it again with flat columns, or give a CSV file.",
            ) from error


def _texts(batch: Any) -> list[list[str | None]]:
    import pyarrow  # noqa: PLC0415

    return [column.cast(pyarrow.string()).to_pylist() for column in batch.columns]


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}", "Make it readable.") from error
