"""`squads table`: exact amounts in every format, and files complete or not at all."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from squads_pipeline.store import tables
from tests.surfaces.conftest import Squads

DAY = "2020-01-01"


@pytest.fixture
def given(community: Squads) -> Squads:
    assert community("contribute", "heat", "12.345678", "--as", "ada").code == 0
    assert community("contribute", "heat", "3", "--as", "bob").code == 0
    return community


def test_amounts_are_exact_in_every_format(given: Squads, tmp_path: Path) -> None:
    written = list(csv.DictReader(io.StringIO(given("table", "contributions", "--format", "csv").out)))
    assert [row["amount"] for row in written] == ["12.345678", "3"]
    assert "amount_micro" not in written[0]
    rows = given("table", "contributions", "--json").document
    assert [row["amount"] for row in rows] == ["12.345678", "3"]
    assert rows[0]["round_id"] is None
    file = tmp_path / "out.parquet"
    assert given("table", "contributions", "--format", "parquet", "--out", str(file)).code == 0
    table = parquet.read_table(file)
    assert table.schema.field("amount").type == pa.decimal128(38, 6)
    assert table.column("amount").to_pylist() == [Decimal("12.345678"), Decimal(3)]
    assert "12.345678" in given("table", "contributions").out


@pytest.mark.parametrize("name", tables.names())
def test_every_table_can_be_read_in_every_format(given: Squads, tmp_path: Path, name: str) -> None:
    assert given("table", name).code == 0
    for form in ("csv", "json", "parquet"):
        file = tmp_path / f"{name}.{form}"
        assert given("table", name, "--format", form, "--out", str(file)).code == 0
    json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
    rows = parquet.read_table(tmp_path / f"{name}.parquet").num_rows
    with (tmp_path / f"{name}.csv").open(newline="", encoding="utf-8") as file_:
        assert sum(1 for _ in csv.DictReader(file_)) == rows


def test_statements_are_read_in_exact_tokens(given: Squads) -> None:
    for mart in ("agent_statements", "token_supply"):
        assert given("reconcile", "--only", mart).code == 0
    assert [
        (row["agent_id"], row["minted"], row["contributions"], row["closing"])
        for row in given("table", "agent_statements", "--json").document
    ] == [("ada", "100", "12.345678", "87.654322"), ("bob", "100", "3", "97")]
    supply = {row["account_kind"]: row for row in given("table", "token_supply", "--json").document}
    assert (supply["issuance"]["minted"], supply["issuance"]["closing"]) == ("-200", "-200")
    assert (supply["squad"]["received"], supply["wallet"]["paid"]) == ("15.345678", "15.345678")
    assert "184.654322" in given("table", "token_supply").out


def test_a_day_and_a_limit_choose_rows(given: Squads) -> None:
    assert given("table", "transfers", "--day", DAY, "--json").document == []
    assert len(given("table", "transfers", "--limit", "2", "--json").document) == 2
    ran = given("table", "agents", "--day", DAY, "--format", "csv")
    assert (ran.code, ran.out, "no effective_on" in ran.err) == (1, "", True)
    assert given("table", "transfers", "--day", "yesterday").code == 2


def test_what_cannot_be_written_leaves_nothing(given: Squads, tmp_path: Path) -> None:
    place = tmp_path / "out.csv"
    place.write_text("before", encoding="utf-8")
    unknown = given("table", "nonsense", "--format", "csv", "--out", str(place))
    assert (unknown.code, "Choose one of accounts" in unknown.err) == (1, True)
    assert place.read_text(encoding="utf-8") == "before"
    assert given("table", "agents", "--format", "csv", "--out", str(tmp_path / "no" / "x.csv")).code == 1
    assert given("table", "agents", "--format", "csv", "--out", str(tmp_path)).code == 1
    assert given("table", "agents", "--format", "parquet").code == 2
    assert given("table", "agents", "--out", str(place)).code == 2
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.csv"]
