"""Charts in the metadata of materializations: pictures that Dagster shows, of the days that have something to show."""

import base64
import xml.etree.ElementTree as ET
from datetime import date, timedelta

import pytest

from assets import charts
from squads_pipeline.marts.plots import gallery
from tests.dagster.conftest import Community, Materialize, metadata_of

FIRST, SECOND, THIRD = (date(2026, 2, day) for day in (3, 4, 5))
SVG = "{http://www.w3.org/2000/svg}"
LARGEST_CHARACTERS = 40_000


@pytest.fixture
def history(empty: Community) -> Community:
    """Two rounds on the first day, nothing on the second, money without a round on the third."""
    empty.found(f"{FIRST} 08:00+00")
    empty.give(("a", "x", 10), ("b", "x", 10), moment=f"{FIRST} 09:00+00")
    empty.round(f"{FIRST} 10:00+00")
    empty.give(("c", "x", 10), ("b", "y", 4), moment=f"{FIRST} 11:00+00")
    empty.round(f"{FIRST} 12:00+00")
    empty.give(("c", "y", 5), moment=f"{THIRD} 09:00+00")
    return empty


def texts(told: dict[str, object]) -> list[str]:
    """What is written on a chart."""
    shown = str(told["chart"])
    assert len(shown) < LARGEST_CHARACTERS
    _, _, picture = shown.partition("](data:image/svg+xml;base64,")
    chart = ET.fromstring(base64.b64decode(picture.removesuffix(")"), validate=True))  # noqa: S314  # our own
    return [one.text or "" for one in chart.iter(f"{SVG}text")]


@pytest.mark.usefixtures("history")
def test_a_round_shows_its_crowds(materialize: Materialize) -> None:
    told = metadata_of(materialize("qf_matches", first=FIRST, last=THIRD), "qf_matches")
    # (√10 + √10 + √10)² for x, over two rounds. A lone contributor's squad, y, is matched with nothing.
    assert "2 squads weighed, 90 tokens matched" in texts(told[str(FIRST)])
    assert [day for day in told if "chart" in told[day]] == [str(FIRST)]


@pytest.mark.usefixtures("history")
def test_statements_show_the_flows_of_each_day(materialize: Materialize) -> None:
    told = metadata_of(materialize("squad_pools", first=FIRST, last=THIRD), "squad_pools")
    assert "124 tokens came into 2 pools, 0 went out" in texts(told[str(FIRST)])
    assert "nothing moved yet" in texts(told[str(SECOND)])
    assert "5 tokens came into 1 pool, 0 went out" in texts(told[str(THIRD)])


@pytest.mark.usefixtures("history")
def test_fairness_shows_its_curve(materialize: Materialize) -> None:
    told = metadata_of(materialize("fairness", first=FIRST, last=SECOND), "fairness")
    assert any(text.startswith("90 tokens received") for text in texts(told[str(FIRST)]))
    assert "1 received, Gini 0.000" in texts(told[str(FIRST)])
    assert "chart" not in told[str(SECOND)]


def test_the_same_chart_comes_from_the_database(history: Community, materialize: Materialize) -> None:
    told = {
        name: metadata_of(materialize(name, first=FIRST), name)[str(FIRST)]["chart"]
        for name in ("qf_matches", "squad_pools", "fairness")
    }
    with history.engine.connect() as connection:
        assert {name: charts.of_day(connection, name, FIRST)["chart"].value for name in told} == told


def test_a_backfill_of_years_has_charts_of_its_newest_days() -> None:
    days = [FIRST + timedelta(one) for one in range(1_000)]
    assert sorted(charts.charted(days)) == days[-charts.MOST :]
    assert charts.charted([FIRST]) == {FIRST}


def test_assets_without_a_chart_have_none(history: Community) -> None:
    with history.engine.connect() as connection:
        assert charts.of_day(connection, "squads_formed", FIRST) == {}
        assert all(charts.of_day(connection, name, date(2020, 1, 1)) == {} for name in gallery.READERS)
