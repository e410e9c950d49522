"""Rows that an import refused: written with their reasons, and importable once they are mended."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from squads_pipeline.commands.import_contributions import ImportOptions
from squads_pipeline.store.errors import RefusedError
from tests.commands.conftest import HEADER, WHEN, Write, contents, rows_of, run


def test_rejects_hold_the_original_columns_and_can_be_imported_again(
    engine: Engine, write: Write, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    path = write(
        ("R1", "p", "c", "0", WHEN, "blue"),
        ("R1", "p", "c", "1", WHEN, "red"),
        header=(*HEADER, "colour"),
    )
    report = run(engine, path, ImportOptions(create_missing=True, rejects=first))
    assert (report.imported, report.refused) == (1, {"amount zero moves nothing": 1})
    [row] = rows_of(first)
    assert list(row) == [*HEADER, "colour", "row", "field", "value", "reason", "remedy"]
    assert (row["colour"], row["row"], row["field"], row["value"]) == ("blue", "2", "amount", "0")
    run(engine, first, ImportOptions(create_missing=True, rejects=second))
    assert first.read_text(encoding="utf-8") == second.read_text(encoding="utf-8")


def test_rejects_that_cannot_be_written_import_nothing(engine: Engine, write: Write, tmp_path: Path) -> None:
    path = write(("R1", "p", "c", "1", WHEN), ("R1", "p", "c", "0", WHEN))
    before = contents(engine)
    for place in (tmp_path, tmp_path / "nowhere" / "rejects.csv", path):
        with pytest.raises(RefusedError):
            run(engine, path, ImportOptions(create_missing=True, rejects=place))
    assert contents(engine) == before
    assert path.read_text(encoding="utf-8").count("\n") == 3


def test_rejects_are_emptied_when_all_is_well(engine: Engine, write: Write, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    rejects.write_text("of an earlier import\n", encoding="utf-8")
    run(engine, write(("R1", "p", "c", "1", WHEN)), ImportOptions(create_missing=True, rejects=rejects))
    assert rows_of(rejects) == []
