"""`squads plot`: charts as files, complete or not at all; what it says when there is nothing to draw."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from squads_pipeline.marts.plots import gallery
from tests.surfaces.conftest import Squads

DAY = "2020-01-01"


@pytest.fixture
def given(community: Squads) -> Squads:
    """Two contributions of ten tokens."""
    for agent in ("ada", "bob"):
        assert community("contribute", "heat", "10", "--as", agent).code == 0
    return community


def test_a_chart_is_the_newest_days(given: Squads, tmp_path: Path) -> None:
    assert given("reconcile", "--only", "squad_pools").code == 0
    file = tmp_path / "flows.svg"
    drawn = given("plot", "squad_pools", "--out", str(file), "--json").document
    assert (drawn["chart"], drawn["rows"], drawn["file"]) == ("squad_pools", 1, str(file))
    chart = ET.parse(file).getroot()  # noqa: S314  # our own
    said = [one.text or "" for one in chart.iter("{http://www.w3.org/2000/svg}text")]
    assert f"Flows of pools, {drawn['day']}" in said
    assert "20 tokens came into 1 pool, 0 went out" in said
    again = tmp_path / "again.svg"
    assert given("plot", "squad_pools", "--day", drawn["day"], "--out", str(again)).code == 0
    assert again.read_bytes() == file.read_bytes()


def test_the_files_name_says_what_it_is(given: Squads, tmp_path: Path) -> None:
    assert given("reconcile", "--only", "squad_pools").code == 0
    file = tmp_path / "flows.PNG"
    ran = given("plot", "squad_pools", "--out", str(file))
    assert (ran.code, "drew squad_pools of" in ran.out) == (0, True)
    assert file.read_bytes().startswith(b"\x89PNG")
    refused = given("plot", "squad_pools", "--out", str(tmp_path / "flows.pdf"))
    assert (refused.code, ".svg or .png" in refused.err) == (2, True)


@pytest.mark.parametrize("name", gallery.READERS)
def test_nothing_to_draw_is_said_and_leaves_no_file(community: Squads, tmp_path: Path, name: str) -> None:
    file = tmp_path / "chart.svg"
    ran = community("plot", name, "--out", str(file))
    assert (ran.code, f"{name} has no rows yet" in ran.err, "squads reconcile" in ran.err) == (1, True, True)
    assert not file.exists()


def test_a_day_without_rows_names_the_newest(given: Squads, tmp_path: Path) -> None:
    assert given("reconcile", "--only", "squad_pools").code == 0
    file = tmp_path / "chart.svg"
    file.write_text("before", encoding="utf-8")
    ran = given("plot", "squad_pools", "--day", DAY, "--out", str(file))
    assert (ran.code, f"no rows of {DAY}" in ran.err, "the newest with rows is 2" in ran.err) == (
        1,
        True,
        True,
    )
    assert file.read_text(encoding="utf-8") == "before"
    assert given("plot", "squad_pools", "--day", "yesterday", "--out", str(file)).code == 2


def test_a_name_that_has_no_chart(community: Squads, tmp_path: Path) -> None:
    ran = community("plot", "agents", "--out", str(tmp_path / "x.svg"))
    assert (ran.code, "There is no chart of agents" in ran.err) == (1, True)
    assert all(name in ran.err for name in gallery.READERS)


def test_the_help_names_every_chart(community: Squads) -> None:
    shown = " ".join(community("plot", "--help").out.split())
    assert all(name in shown for name in gallery.READERS)
