"""`squads export`: one snapshot, whole or not there, with a manifest that says what is in it."""

import hashlib
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import dataset, parquet
from sqlalchemy import Engine

from squads_pipeline.commands import community
from squads_pipeline.store import tables
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.surfaces import parquet_tree
from tests.surfaces import analysts_world
from tests.surfaces.conftest import Squads

PLAIN = {
    "decimal128(38, 0)",
    "decimal128(38, 3)",
    "decimal128(38, 6)",
    "decimal128(38, 9)",
    "int64",
    "timestamp[us, tz=UTC]",
    "date32[day]",
    "string",
    "bool",
}


@pytest.fixture
def tree(engine: Engine, tmp_path: Path) -> Path:
    analysts_world.live(engine)
    made = tmp_path / "tree"
    export(engine, made)
    return made


def export(engine: Engine, folder: Path) -> parquet_tree.Manifest:
    return parquet_tree.export(engine, folder, lambda *_: None)


def manifest(tree: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tree / "manifest.json").read_text(encoding="utf-8"))
    return found


def test_tables_with_days_have_a_folder_for_each(tree: Path) -> None:
    assert sorted(
        path.relative_to(tree).as_posix() for path in tree.rglob("*.parquet") if "pools" in str(path)
    ) == [
        "squad_pools/effective_on=2026-02-03/part-0.parquet",
        "squad_pools/effective_on=2026-02-04/part-0.parquet",
    ]
    assert (tree / "agents" / "part-0.parquet").is_file()
    # No rows, so no day: the types are there all the same.
    empty = parquet.read_table(tree / "squads_formed" / "part-0.parquet")
    assert (empty.num_rows, empty.schema.field("effective_on").type) == (0, pa.date32())


def test_days_are_whole_where_the_key_is_in_another_order(tree: Path, engine: Engine) -> None:
    """Edges lie by squad: one of a later day stands between others."""
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL squads.clock = '2026-02-05 00:00+00'")
        community.add_squad(connection, "insomnia")
    export(engine, tree)
    edges = {
        file["path"].split("/")[1]: file["rows"] for file in manifest(tree)["tables"]["squad_events"]["files"]
    }
    assert edges == {
        "effective_on=2026-02-03": 2 * len(analysts_world.SQUADS),
        "effective_on=2026-02-05": 2,
    }


def test_pandas_reads_a_table(tree: Path) -> None:
    pools = pd.read_parquet(tree / "squad_pools")
    closing = pools[pools["squad_id"] == "proteins"].set_index("effective_on")["closing"]
    assert {str(day): amount for day, amount in closing.items()} == {
        "2026-02-03": Decimal(100),
        "2026-02-04": Decimal(350),
    }
    assert len(pd.read_parquet(tree / "squad_pools", filters=[("effective_on", "=", "2026-02-04")])) == 13


def test_pyarrow_reads_a_table_and_types_are_plain(tree: Path) -> None:
    by_day = dataset.partitioning(pa.schema([("effective_on", pa.date32())]), flavor="hive")
    for name in tables.names():
        found = dataset.dataset(tree / name, partitioning=by_day).to_table()
        assert {str(kind) for kind in found.schema.types} <= PLAIN, name
        assert found.num_rows == manifest(tree)["tables"][name]["rows"]
    second = dataset.dataset(tree / "transfers", partitioning=by_day).to_table(
        filter=dataset.field("effective_on") == date(2026, 2, 4)
    )
    assert sorted(second.column("kind").to_pylist()) == ["contribution", "match", "mint"]


def test_the_manifest_knows_every_file(tree: Path, engine: Engine) -> None:
    found = manifest(tree)
    assert set(found["tables"]) == set(tables.names())
    files = {file["path"]: file for table in found["tables"].values() for file in table["files"]}
    assert set(files) == {path.relative_to(tree).as_posix() for path in tree.rglob("*.parquet")}
    for path, file in files.items():
        content = (tree / path).read_bytes()
        assert (file["sha256"], file["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
        assert parquet.ParquetFile(tree / path).metadata.num_rows == file["rows"]
    with engine.connect() as connection:
        known = connection.exec_driver_sql(
            "SELECT version_num, id FROM squads.alembic_version, squads.current_policy"
        ).one()
    assert (found["schema_version"], found["policy_id"]) == tuple(known)


def test_an_unchanged_database_gives_the_same_files(tree: Path, engine: Engine, tmp_path: Path) -> None:
    export(engine, tmp_path / "again")
    assert manifest(tmp_path / "again")["tables"] == manifest(tree)["tables"]


def test_all_tables_are_of_one_moment(tree: Path, engine: Engine) -> None:
    """Somebody joins after the first table was begun, and is in none."""
    before = manifest(tree)["tables"]
    joined: list[str] = []

    def join(step: str, done: int, _total: int) -> None:
        if done == 1 and not joined:
            joined.append(step)
            with engine.begin() as connection:
                community.add_agent(connection, "eve", tokens_micro=1)

    made = parquet_tree.export(engine, tree, join)
    assert joined
    assert made.tables == before
    later = export(engine, tree).tables
    assert [later[name]["rows"] - before[name]["rows"] for name in ("agents", "transfers", "entries")] == [
        1,
        1,
        2,
    ]


def test_a_second_export_takes_the_place_of_the_first(tree: Path, engine: Engine) -> None:
    old = (tree / "agents" / "part-0.parquet").stat().st_ino
    export(engine, tree)
    assert (tree / "agents" / "part-0.parquet").stat().st_ino != old
    assert [path.name for path in tree.parent.iterdir()] == ["tree"]


def test_an_export_that_ends_early_leaves_what_was_there(tree: Path, engine: Engine) -> None:
    before = manifest(tree)

    def interrupt(_step: str, done: int, _total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parquet_tree.export(engine, tree, interrupt)
    assert manifest(tree) == before
    assert [path.name for path in tree.parent.iterdir()] == ["tree"]


def test_what_is_no_export_is_left_alone(tree: Path, engine: Engine) -> None:
    (tree / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(RefusedError, match=r"holds what is no export: notes\.txt"):
        export(engine, tree)
    (tree / "manifest.json").write_text('{"format": "another", "tables": {}}', encoding="utf-8")
    with pytest.raises(RefusedError, match="holds what is no export: accounts"):
        export(engine, tree)
    file = tree / "notes.txt"
    with pytest.raises(RefusedError, match="no export"):
        export(engine, file)
    assert file.read_text(encoding="utf-8") == "mine"
    with pytest.raises(RefusedError, match="cannot be written: No such file or directory"):
        export(engine, tree / "no" / "such" / "place")
    empty = tree.parent / "empty"
    empty.mkdir()
    assert export(engine, empty).rows > 0


def test_what_came_meanwhile_is_left_alone(tree: Path, engine: Engine) -> None:
    mine = tree / "mine.txt"
    with pytest.raises(RefusedError, match=r"no export: mine\.txt"):
        parquet_tree.export(engine, tree, lambda *_: mine.touch())
    assert mine.exists()


def test_a_link_stays_a_link(tree: Path, engine: Engine) -> None:
    link = tree.parent / "latest"
    link.symlink_to(tree)
    export(engine, link)
    assert link.is_symlink()
    assert (tree / "manifest.json").is_file()


def test_the_command_says_what_it_wrote(community: Squads, tmp_path: Path) -> None:
    ran = community("export", "--format", "parquet", str(tmp_path / "tree"), "--json")
    assert ran.document["tables"]["agents"] == 2
    assert ran.document["rows"] == sum(ran.document["tables"].values())
    assert "rows of" in community("export", str(tmp_path / "tree")).out
    (tmp_path / "tree" / "mine").touch()
    ran = community("export", str(tmp_path / "tree"))
    assert (ran.code, "Give a folder that is new" in ran.err) == (1, True)
