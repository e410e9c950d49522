"""`squads import contributions`: options, report and refusals. The import itself is tested under commands."""

from pathlib import Path

import pytest

from tests.surfaces.conftest import Squads

GOOD = "project_id,contributor_id,amount,ts\nheat,ada,1.5,2026-01-01T00:00:00Z\n"
BAD = GOOD + "heat,ada,0,2026-01-01T00:00:00Z\nnowhere,ada,1,2026-01-01T00:00:00Z\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_the_report_for_people_and_for_programs(community: Squads, file: Path) -> None:
    ran = community("import", "contributions", str(file))
    assert (ran.code, ran.out) == (0, "imported 1 of 1 rows, 1.5 tokens\n")
    document = community("import", "contributions", str(file), "--json").document
    assert (document["imported"], document["already_imported"], document["imported_amount"]) == (0, 1, "0")


def test_refused_rows_are_counted_and_the_first_are_told(community: Squads, file: Path) -> None:
    file.write_text(BAD, encoding="utf-8")
    ran = community("import", "contributions", str(file))
    assert (ran.code, ran.out) == (1, "")
    assert "2 rows cannot be imported, so nothing was" in ran.err
    assert "1  amount zero moves nothing" in ran.err
    assert "row 4: project_id 'nowhere' is no squad" in ran.err
    error = community("import", "contributions", str(file), "--json").document["error"]
    assert error["refused"] == {"amount zero moves nothing": 1, "project_id is no squad": 1}
    assert [one["row"] for one in error["first"]] == [3, 4]


def test_rejects_go_to_their_file(community: Squads, file: Path, tmp_path: Path) -> None:
    file.write_text(BAD, encoding="utf-8")
    rejects = tmp_path / "rejects.csv"
    ran = community("import", "contributions", str(file), "--rejects", str(rejects), "--json")
    assert (ran.code, ran.document["imported"], ran.document["refused"]) == (0, 1, 2)
    assert rejects.read_text(encoding="utf-8").count("\n") == 3


def test_options_reach_the_import(community: Squads, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("squad|who|usd\nnew|eve|0.0000015\n", encoding="utf-8")
    options = ("--column", "project_id=squad", "--column", "contributor_id=who", "--column", "amount=usd")
    more = ("--round", "half-even", "--at", "2026-01-01T00:00:00Z", "--delimiter", "|", "--create-missing")
    document = community("import", "contributions", str(path), *options, *more, "--json").document
    assert (document["imported_amount_micro"], document["squads_added"], document["minted_micro"]) == (
        2,
        1,
        2,
    )


@pytest.mark.parametrize(
    "option",
    [
        ("--column", "amount"),
        ("--column", "colour=blue"),
        ("--at", "yesterday"),
        ("--at", "2026-01-01T00:00:00"),
        ("--round", "up"),
        ("--delimiter", ";;"),
    ],
)
def test_wrong_options_are_usage_errors(squads: Squads, file: Path, option: tuple[str, str]) -> None:
    assert squads("import", "contributions", str(file), *option).code == 2
