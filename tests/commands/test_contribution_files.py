"""Files of contributions: columns by other names, Parquet, and what is no such file."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from sqlalchemy import Engine

from squads_pipeline.commands.import_contributions import ImportOptions
from squads_pipeline.commands.tabular_files import FileError
from tests.commands.conftest import WHEN, Write, run


def test_columns_may_have_other_names_and_another_delimiter(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"\xef\xbb\xbfgrant;who;usd\r\np;c;1.5\r\n\r\n")
    columns = {"project_id": "grant", "contributor_id": "who", "amount": "usd"}
    options = ImportOptions(columns, at=datetime(2026, 1, 1, tzinfo=UTC), create_missing=True, delimiter=";")
    assert run(engine, path, options).imported_micro == 1_500_000


@pytest.mark.parametrize(
    ("content", "message", "remedy"),
    [
        (b"", "is empty", "header"),
        (b"a;b;c\n1;2;3\n", "its columns are 'a;b;c'", "--delimiter ';'"),
        (b"project_id,contributor_id,usd,ts\n", "no column 'amount'", "--column amount=NAME"),
        (b"project_id,contributor_id,amount\n", "no column 'ts'", "--at"),
        (b"project_id,contributor_id,amount,amount,ts\n", "several columns 'amount'", "Rename"),
        (b"project_id,contributor_id,amount,ts\n\xff,c,1,x\n", "row 2 has the byte 0xff", "UTF-8"),
        (b'project_id,contributor_id,amount,ts\np,c,1,x\n"p,c,1,x\n', "from row 3 on", "quote"),
        (b"PAR1 and nothing that follows", "cannot be read as Parquet", "CSV"),
    ],
)
def test_a_file_that_is_no_table_of_contributions(
    engine: Engine, tmp_path: Path, content: bytes, message: str, remedy: str
) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        run(engine, path)
    assert message in str(caught.value)
    assert remedy in caught.value.remedy


def test_a_place_without_a_file(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no file"):
        run(engine, tmp_path / "nothing.csv")
    with pytest.raises(FileError, match="is not a file"):
        run(engine, tmp_path)


def test_parquet_says_the_same_as_csv(engine: Engine, write: Write, tmp_path: Path) -> None:
    run(engine, write(("R1", "p", "c", "1.1", WHEN), ("R1", "p", "d", "2", WHEN)))
    table = pa.table(
        {
            "round": pa.array(["R1", "R1"]).dictionary_encode(),
            "project_id": ["p", "p"],
            "contributor_id": ["c", "d"],
            "amount": pa.array([1.1, 2.0]),
            "ts": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * 2, pa.timestamp("us", "Europe/Berlin")),
        }
    )
    path = tmp_path / "in.parquet"
    parquet.write_table(table, path)
    report = run(engine, path)
    assert (report.rows, report.imported, report.already_imported) == (2, 0, 2)


def test_parquet_columns_that_are_no_text_are_refused_in_words(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    parquet.write_table(
        pa.table({"project_id": [["p"]], "contributor_id": ["c"], "amount": ["1"], "ts": [WHEN]}), path
    )
    with pytest.raises(FileError, match="cannot be read as Parquet"):
        run(engine, path)
