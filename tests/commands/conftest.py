"""What the tests of imports share: writing files of rows, importing them, and what was written."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands.import_contributions import ImportOptions, ImportReport, import_contributions

HEADER = ("round", "project_id", "contributor_id", "amount", "ts")
WHEN = "2026-01-01T00:00:00Z"
ALL = ImportOptions(create_missing=True)

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write rows of HEADER, which may be shorter or longer, into a CSV file."""

    def written(*rows: tuple[str, ...], header: tuple[str, ...] = HEADER, name: str = "in.csv") -> Path:
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
        return path

    return written


def run(engine: Engine, path: Path, options: ImportOptions = ALL) -> ImportReport:
    with engine.begin() as connection:
        return import_contributions(connection, path, options)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def contents(engine: Engine) -> list[int]:
    """Rows of every table that an import may write."""
    tables = ("transfers", "entries", "accounts", "agents", "research_squads", "qf_unclaimed")
    with engine.connect() as connection:
        return [
            int(connection.execute(text(f"SELECT count(*) FROM squads.{one}")).scalar_one()) for one in tables
        ]
