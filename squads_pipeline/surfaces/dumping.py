"""Backing a database up, restoring it, and moving it to another server; each compared row by row count. No terminal."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from squads_pipeline.commands.atomic_file import atomic_file
from squads_pipeline.server import dumps
from squads_pipeline.server.dumps import Rows
from squads_pipeline.server.errors import ServerError
from squads_pipeline.store import migrate

Tell = Callable[[str], None]
"""Says what is done now."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a database holds that was backed up, restored or moved: its tables and their rows."""

    tables: int
    rows: int


def backup(url: str, file: Path, tell: Tell) -> Copied:
    """Write the database into a file, which appears complete or not at all; writers are not held up."""
    tell("dumping")
    with atomic_file(file) as partial:
        dumps.dump(url, partial)
    return _copied(dumps.count_rows(url))


def restore(url: str, file: Path, tell: Tell) -> Copied:
    """Fill an empty database from a file and bring it up to date.

    Raises:
        ServerError: there is no such file, the database is not empty, or it cannot be restored.
    """
    if not file.is_file():
        raise ServerError(f"There is no file {file}.")
    tell("restoring")
    dumps.restore(url, file)
    tell("making views, triggers and rights")
    migrate.make_programs_anew(url)
    return _copied(dumps.count_rows(url))


def move(source: str, target: str, tell: Tell) -> Copied:
    """Copy a database that nobody uses into an empty one elsewhere, and compare the rows of every table.

    Raises:
        ServerError: the target is not empty, or what arrived is not what was sent.
    """
    migrate.upgrade(source)
    before = dumps.count_rows(source)
    with tempfile.TemporaryDirectory(prefix="squads-move-") as folder:
        file = Path(folder) / "dump"
        tell("dumping")
        with file.open("wb") as opened:
            dumps.dump(source, opened)
        arrived = _rows_after(target, file, tell)
    different = sorted(name for name in before if before[name] != arrived.get(name))
    if different:
        names = ", ".join(f"{name} ({before[name]} and {arrived.get(name)} rows)" for name in different)
        raise ServerError(f"What arrived is not what was sent: {names}. Drop the new database and try again.")
    return _copied(before)


def _rows_after(target: str, file: Path, tell: Tell) -> Rows:
    tell("restoring")
    dumps.restore(target, file)
    tell("making views, triggers and rights")
    migrate.make_programs_anew(target)
    return dumps.count_rows(target)


def _copied(rows: Rows) -> Copied:
    return Copied(len(rows), sum(rows.values()))
