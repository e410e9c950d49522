"""`squads table`, `read()` and the Parquet export say the same to the last digit, at the ends of what is stored."""

import json
from datetime import date
from decimal import Context, Decimal
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pytest
from pyarrow import dataset
from sqlalchemy import Engine, text

import squads_pipeline
from squads_pipeline.commands import funding
from squads_pipeline.rules.money import MAX_MICRO
from squads_pipeline.store import tables
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.surfaces.cli.answers import plain_tokens
from tests.surfaces.conftest import Squads

# 38 digits, the last of them odd: no float and no decimal of fewer digits holds it.
WIDEST: Final = 10**38 - 1
EXACT: Final = Context(prec=100)

AMOUNTS: Final = {
    column.name.removesuffix("_micro")
    for source in tables.sources()
    for column in source.c
    if column.name.endswith("_micro")
}

_ROUND = """
INSERT INTO squads.qf_rounds (id, opened_at, mechanism, pool_before_micro, budget_micro,
                              policy_id, rule_version, driver, run_id, effective_on)
SELECT 1, '2026-02-03 12:00:00.000001+00', 'quadratic', :most, :most, id, '1', 'test', 'test', '2026-02-03'
FROM squads.current_policy
"""
_MATCH = """
INSERT INTO squads.qf_matches (round_id, squad_id, contributors, root_sum, contributed_micro, weight_micro,
                               matched_before_micro, due_micro, cap_micro, match_micro, reason,
                               policy_id, rule_version, driver, run_id, effective_on)
SELECT 1, 'heat', 2, :weight, :most, :weight, 1, :weight, :most, :most - 1, 'as "much" as there is, | and more',
       id, '1', 'test', 'test', '2026-02-03'
FROM squads.current_policy
"""
_COMPARISON = """
INSERT INTO marts.mechanism_comparison
VALUES ('2026-02-03', 1, 'heat', 'clr', 2, :weight, :most, :most), ('2026-02-04', 1, 'heat', 'clr', 2, 1, 1, 0)
"""
_FINDING = """
INSERT INTO squads.squad_findings (squad_id, author_agent_id, finding_type, title, confidence, metadata, created_at)
VALUES ('heat', 'croesus', 'evidence', 'Ä "finding"', 0.123456, '{"n": [1, 0.1], "é": null}', now()),
       ('heat', 'croesus', 'evidence', 'sure', 1, NULL, now())
"""


@pytest.fixture
def extremes(squads: Squads, engine: Engine) -> Squads:
    """A wallet that holds all that a wallet can, and a match of as many digits as Arrow has."""
    assert squads("agents", "add", "croesus").code == 0
    assert squads("squads", "add", "heat", "--charter", "How hot?").code == 0
    assert squads("pledge", "heat", "--as", "croesus", "--reserve", "0.000001").code == 0
    with engine.begin() as connection:
        funding.mint(connection, "wallet:croesus", MAX_MICRO, key="all", reason="all there can be")
        funding.contribute(connection, "croesus", "heat", MAX_MICRO - 1, key="nearly all")
        connection.exec_driver_sql(_FINDING)
    fill(engine, WIDEST)
    return squads


def fill(engine: Engine, weight: int) -> None:
    with engine.begin() as connection:
        for statement in (_ROUND, _MATCH, _COMPARISON):
            connection.execute(text(statement), {"most": MAX_MICRO, "weight": weight})


def said(name: str, value: object) -> object:
    """A table's value as `squads table --json` writes it."""
    if isinstance(value, float):
        pytest.fail(f"{name} is a float: {value}")
    if isinstance(value, Decimal):
        # Amounts have no zeros at their end; other decimals have the places that their column has.
        return plain_tokens(int(value.scaleb(6, EXACT))) if name in AMOUNTS else str(value)
    return value.isoformat() if isinstance(value, date) else value


def rows(table: pa.Table) -> list[dict[str, object]]:
    return ordered([{name: said(name, value) for name, value in row.items()} for row in table.to_pylist()])


def ordered(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(given, key=lambda row: json.dumps(row, sort_keys=True))


def exported(tree: Path, name: str) -> pa.Table:
    by_day = dataset.partitioning(pa.schema([(tables.DAY, pa.date32())]), flavor="hive")
    has_days = tables.DAY in tables.find(name).c
    return dataset.dataset(tree / name, partitioning=by_day if has_days else None).to_table()


def test_all_three_say_the_same(extremes: Squads, tmp_path: Path) -> None:
    assert extremes("export", str(tmp_path / "tree")).code == 0
    full = set()
    for name in tables.names():
        printed = ordered(extremes("table", name, "--json").document)
        frame = squads_pipeline.read(name)
        assert rows(pa.Table.from_pandas(frame, preserve_index=False)) == printed, name
        assert rows(exported(tmp_path / "tree", name)) == printed, name
        full |= {name} if printed else set()
    assert {
        "transfers",
        "entries",
        "accounts",
        "qf_matches",
        "mechanism_comparison",
        "pledges",
        "squad_findings",
    } <= full


def test_the_ends_are_what_was_stored(extremes: Squads) -> None:
    [match] = extremes("table", "qf_matches", "--json").document
    assert match["weight"] == "99999999999999999999999999999999.999999"
    assert match["match"] == "9223372036854.775806"
    assert match["root_sum"] == str(WIDEST)
    read = squads_pipeline.read("transfers")
    assert list(read["amount"]) == [Decimal("9223372036854.775807"), Decimal("9223372036854.775806")]
    assert squads_pipeline.read("entries")["amount"].iloc[0] == Decimal("-9223372036854.775807")


def test_what_is_too_wide_is_refused_by_name_and_printed_exactly(
    squads: Squads, engine: Engine, tmp_path: Path
) -> None:
    assert squads("squads", "add", "heat").code == 0
    fill(engine, 10**50 - 1)
    [match] = squads("table", "qf_matches", "--json").document
    assert match["weight"] == "9" * 44 + ".999999"
    with pytest.raises(RefusedError, match="qf_matches has a root_sum of more than 38 digits") as caught:
        squads_pipeline.read("qf_matches")
    assert caught.value.__notes__ == [caught.value.remedy]
    ran = squads("export", str(tmp_path / "tree"), "--json")
    assert (ran.code, ran.document["error"]["kind"]) == (1, "refused")
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == []
