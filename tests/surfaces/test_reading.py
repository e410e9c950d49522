"""`squads_pipeline.read`: days, types, and what is wrong said in words."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from sqlalchemy import Engine

import squads_pipeline
from squads_pipeline.store.errors import NotFoundError, RefusedError, SquadsError
from squads_pipeline.surfaces.reading import Day
from tests.surfaces import analysts_world
from tests.surfaces.analysts_world import AGENTS, DAYS, SQUADS

Read = Callable[..., pd.DataFrame]
FIRST, SECOND = DAYS


@pytest.fixture
def read(engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Read:
    """`squads_pipeline.read`, on the world of the analysts' document."""
    analysts_world.live(engine)
    monkeypatch.setenv("SQUADS_DATABASE_URL", database_url)
    return squads_pipeline.read


def test_days_choose_rows(read: Read) -> None:
    expected: list[tuple[Day | tuple[Day, Day] | None, int]] = [
        (None, 2),
        (FIRST, 1),
        ("2026-02-04", 1),
        ((FIRST, SECOND), 2),
        (("2026-02-04", date(2026, 3, 1)), 1),
        (date(2026, 2, 5), 0),
        # Midnight in Tokyo is still the day before in UTC.
        (datetime(2026, 2, 4, 8, tzinfo=timezone(timedelta(hours=9))), 1),
    ]
    for days, count in expected:
        assert len(read("squad_pools", days)) == count * len(SQUADS), days
    assert set(
        read("squad_pools", datetime(2026, 2, 4, 8, tzinfo=timezone(timedelta(hours=9))))["effective_on"]
    ) == {FIRST}


def test_types_are_exact_and_the_same_with_and_without_rows(read: Read) -> None:
    matches = read("marts.mechanism_comparison")
    types = {name: str(kind) for name, kind in matches.dtypes.items()}
    assert (
        types
        == {
            "effective_on": "date32[day][pyarrow]",
            "round_id": "int64[pyarrow]",
            "squad_id": "string[pyarrow]",
            "mechanism": "string[pyarrow]",
            "contributors": "int64[pyarrow]",
            "weight": "decimal128(38, 6)[pyarrow]",
            "match": "decimal128(38, 6)[pyarrow]",
            "paid": "decimal128(38, 6)[pyarrow]",
        }
        or types["squad_id"] == "string"
    )
    quadratic = matches[matches["mechanism"] == "quadratic"]
    assert quadratic["match"].sum() == Decimal(569)
    assert dict(read("mechanism_comparison", "2020-01-01").dtypes) == dict(matches.dtypes)


def test_times_are_in_utc_and_json_is_text(read: Read) -> None:
    given = read("transfers")
    assert given.dtypes["posted_at"] == pd.ArrowDtype(pa.timestamp("us", tz="UTC"))
    assert given["posted_at"].max() == datetime(2026, 2, 4, 12, tzinfo=UTC)
    contents = map(json.loads, read("policies")["content"])
    assert {content["settle_count"] for content in contents} == {1, 1000}
    assert sorted(read("agents")["id"]) == sorted(AGENTS)


@pytest.mark.parametrize(
    ("name", "days", "kind", "said"),
    [
        ("nonsense", None, NotFoundError, "There is no table nonsense"),
        ("agents", FIRST, RefusedError, "agents has no effective_on"),
        ("squad_pools", "yesterday", RefusedError, "'yesterday' is not a day"),
        ("squad_pools", (SECOND, FIRST), RefusedError, "2026-02-04 is after 2026-02-03"),
    ],
)
def test_what_is_wrong_is_said(read: Read, name: str, days: Day, kind: type[SquadsError], said: str) -> None:
    with pytest.raises(kind, match=said) as caught:
        read(name, days)
    assert caught.value.__notes__ == [caught.value.remedy]


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = "import sys, squads_pipeline; print(*sorted({one.split('.')[0] for one in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert not {"pandas", "numpy", "pyarrow", "sqlalchemy", "psycopg", "dagster"} & set(done.stdout.split())
