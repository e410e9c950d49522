"""All tables as a tree of Parquet files with a manifest, from one snapshot. What is in a file: `arrow_tables`.

``<table>/effective_on=YYYY-MM-DD/part-0.parquet`` for a table with days, where the path alone says the day, as
readers of such trees expect; ``<table>/part-0.parquet`` for one without, and for one that has no rows yet.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import groupby
from operator import itemgetter
from os import SEEK_END
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import Connection, Engine, FromClause

from squads_pipeline.commands.atomic_folder import atomic_folder
from squads_pipeline.store import snapshots, tables
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.surfaces import arrow_tables, table_export
from squads_pipeline.surfaces.arrow_tables import Batches

MANIFEST: Final = "manifest.json"
_FORMAT: Final = "squads parquet tree 1"
_FILE: Final = "part-0.parquet"

Progress = Callable[[str, int, int], None]
"""Called with a table, how many are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class File:
    """A file as the manifest has it: path below the tree, rows, bytes, and SHA-256 in hex."""

    path: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a tree holds, and of which moment it is.

    Attributes:
        schema_version: revision of the tables.
        policy_id: the policy in force.
        snapshot_at: the moment of the snapshot, by the database's clock, in ISO form.
        tables: by name ``rows`` and ``files``.
    """

    schema_version: str
    policy_id: str
    snapshot_at: str
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(one["rows"] for one in self.tables.values())

    @property
    def files(self) -> int:
        """Files of all tables."""
        return sum(len(one["files"]) for one in self.tables.values())


def export(engine: Engine, folder: Path, progress: Progress) -> Manifest:
    """Write every table and view to a folder, all of them as of one moment.

    An export that is there is replaced as a whole; anything else is left alone.

    Raises:
        RefusedError: the folder has something else in it or cannot be written, or a number has more than 38
            digits.
    """
    _require_ours(folder)
    with snapshots.snapshot(engine) as connection, atomic_folder(folder) as root:
        moment = snapshots.identify(connection)
        manifest = Manifest(moment.schema_version, moment.policy_id, moment.taken_at.isoformat())
        sources = tables.sources()
        for done, source in enumerate(sources):

            def say(rows: int, name: str = source.name, done: int = done) -> None:
                progress(f"{name}, {rows:,} rows", done, len(sources))

            say(0)
            files = list(_export_table(connection, source, root, say))
            rows = sum(file.rows for file in files)
            manifest.tables[source.name] = {"rows": rows, "files": [asdict(file) for file in files]}
        # Without fsync: a tree that a crash of the machine has damaged is known by its hashes, and made again.
        document = {"format": _FORMAT, **asdict(manifest)}
        (root / MANIFEST).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        # Again, as somebody may have put a file there meanwhile.
        _require_ours(folder)
    return manifest


def _require_ours(folder: Path) -> None:
    """Refuse to replace what no export has made, so that nobody's files are deleted."""
    if not folder.exists():
        return
    strangers = [folder.name] if not folder.is_dir() else _strangers(folder)
    if strangers:
        raise RefusedError(
            f"{folder} holds what is no export: {', '.join(strangers[:3])}",
            "Give a folder that is new, empty, or an earlier export.",
        )


def _strangers(folder: Path) -> list[str]:
    names = {one.name for one in folder.iterdir()}
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        ours = {MANIFEST, *found["tables"]} if found["format"] == _FORMAT else set()
    except (OSError, ValueError, LookupError, TypeError):
        ours = set()
    return sorted(names - ours)


def _export_table(
    connection: Connection, source: FromClause, root: Path, say: Callable[[int], None]
) -> Iterator[File]:
    """Write a table's files, one after the other, with a row group in memory; say how many rows so far."""
    of_table, whole = root / str(source.description), arrow_tables.schema(source)
    with tables.read(connection, source, day_by_day=True) as batches:
        if tables.DAY not in source.c:
            yield _write(root, of_table / _FILE, whole, arrow_tables.tables(source, batches))
            return
        rows, of_day = 0, whole.remove(whole.get_field_index(tables.DAY))
        for day, parts in groupby(_by_day(source, batches), key=itemgetter(0)):
            file = _write(root, of_table / f"{tables.DAY}={day}" / _FILE, of_day, map(itemgetter(1), parts))
            rows += file.rows
            say(rows)
            yield file
        if rows == 0:
            # No day yet, so no path says it: the file has the day's column, for readers of its types.
            yield _write(root, of_table / _FILE, whole, ())


def _by_day(source: FromClause, batches: Batches) -> Iterator[tuple[date, pa.Table]]:
    """Cut batches, which are ordered by day, where a day ends; without the day's column."""
    place = list(source.c.keys()).index(tables.DAY)
    for rows in batches:
        for day, of_day in groupby(rows, key=itemgetter(place)):
            for table in arrow_tables.tables(source, [list(of_day)]):
                yield day, table.drop_columns([tables.DAY])


def _write(root: Path, path: Path, schema: pa.Schema, parts: Iterable[pa.Table]) -> File:
    path.parent.mkdir(parents=True, exist_ok=True)
    # New, or a day came twice and its first rows would be lost.
    with path.open("x+b") as file:
        rows = table_export.write_arrow(file, schema, parts)
        size = file.seek(0, SEEK_END)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return File(path.relative_to(root).as_posix(), rows, size, digest)
