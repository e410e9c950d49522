"""`squads log`, `find`, `review`, `findings`, `journal`: what they answer and how they fail."""

import io

import pytest
from sqlalchemy import Engine

from tests.drivers.work_world import found, harvest, run_both
from tests.surfaces.conftest import Squads


@pytest.fixture
def working(squads: Squads, engine: Engine) -> Squads:
    """`squads`, on a database with an active squad: ada leads, bo researches, cy reviews, dee observes."""
    found(engine)
    return squads


def test_an_entry_in_words_and_as_json(working: Squads, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = working("log", "heat", "progress", "Measured", "--body", "Ten [rooms].", "--as", "bo")
    assert (ran.code, ran.out) == (0, "bo logged entry 1 in heat\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("Line one\nLine two\n"))
    request = ("log", "heat", "note", "Read", "--body", "-", "--ref", "gap:a:b", "--key", "k", "--as", "dee")
    assert working(*request, "--json").document == {
        "entry": 2,
        "squad": "heat",
        "agent": "dee",
        "repeated": False,
    }
    monkeypatch.setattr("sys.stdin", io.StringIO("Line one\nLine two\n"))
    assert working(*request).out.endswith("(recorded before; nothing written)\n")
    shown = working("journal", "heat").out.splitlines()
    assert shown[0].endswith(" dee, note: Read")
    assert shown[1:4] == ["    Line one", "    Line two", "    → gap:a:b"]
    assert shown[-1] == "    Ten [rooms]."
    newest, first = working("journal", "heat", "--json").document["entries"]
    assert (newest["references"], first["type"], first["body"]) == (["gap:a:b"], "progress", "Ten [rooms].")


def test_a_finding_from_record_to_merge(working: Squads, engine: Engine) -> None:
    assert working("findings").out == "no findings; record one with `squads find`\n"
    request = ("find", "heat", "evidence", "It is [warm]", "--as", "bo", "--confidence", "0.123457")
    assert working(*request, "--key", "k").out == "bo recorded finding 1 in heat\n"
    assert working(*request, "--key", "k", "--json").document == {
        "finding": 1,
        "squad": "heat",
        "agent": "bo",
        "confidence": "0.123457",
        "confidence_ppm": 123_457,
        "repeated": True,
    }
    assert working("find", "heat", "analysis", "Why", "--target", "finding:1", "--as", "ada").code == 0
    review = ("review", "1", "accept", "--rationale", "Read it.", "--confidence", "0.8", "--as", "cy")
    assert working(*review).out == "cy reviewed finding 1: accept\n"
    assert working(*review, "--json").document == {
        "review": 1,
        "finding": 1,
        "agent": "cy",
        "verdict": "accept",
        "repeated": True,
    }
    assert run_both(engine) == 2
    shown = working("findings", "heat").out
    assert "It is [warm]" in shown
    second, first = working("findings", "--json").document["findings"]
    assert (first["status"], first["confidence"], first["accepts"], first["decided_by"]) == (
        "merged",
        "0.8",
        1,
        "reviews",
    )
    assert (second["target"], second["status"], second["confidence"], second["bubbled_at"]) == (
        "finding:1",
        "pending",
        "0.5",
        None,
    )
    [waiting] = working("findings", "heat", "--pending", "--json").document["findings"]
    assert waiting["finding"] == 2
    verified = working("ledger", "verify", "--json").document
    assert verified["ok"]
    assert [one["invariant"] for one in verified["invariants"]].count("I8") == 5


def test_the_gap_asks_for_a_reviewer(working: Squads, engine: Engine) -> None:
    working("find", "heat", "evidence", "It is", "--as", "bo")
    harvest(engine, "heat", "2026-02-03 12:00+00")
    gap = next(one for one in working("gaps", "--json").document["gaps"] if one["gap"] == "reviewed_findings")
    assert "squads review 1 accept|reject" in gap["units"][0]["reason"]


def test_mistakes_are_told_with_what_to_do(working: Squads, engine: Engine) -> None:
    assert "squads agents add" in working("log", "heat", "note", "T", "--body", "b", "--as", "nobody").err
    working("find", "heat", "evidence", "It is", "--as", "bo")
    own = working("review", "1", "accept", "--rationale", "mine", "--as", "bo")
    assert (own.code, "nobody reviews their own finding" in own.err) == (1, True)
    assert "squads findings" in working("review", "9", "accept", "--rationale", "r", "--as", "cy").err
    harvest(engine, "heat", "2026-02-03 12:00+00")
    ran = working("find", "heat", "evidence", "It is", "--as", "bo", "--json")
    assert (ran.code, ran.document["error"]["kind"]) == (1, "refused")
    assert "the squad is harvesting" in ran.document["error"]["message"]
    assert working("journal", "nowhere").code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("find", "heat", "evidence", "It is", "--as", "bo", "--confidence", "1.1"),
        ("find", "heat", "evidence", "It is", "--as", "bo", "--confidence", "0.1234567"),
        ("find", "heat", "poem", "It is", "--as", "bo"),
        ("find", "heat", "evidence", "It is", "--as", "bo", "--target", "sleep"),
        ("log", "heat", "poem", "It is", "--body", "b", "--as", "bo"),
        ("log", "heat", "note", "It is", "--as", "bo"),
        ("review", "one", "accept", "--rationale", "r", "--as", "cy"),
        ("review", "1", "maybe", "--rationale", "r", "--as", "cy"),
        ("review", "1", "accept", "--as", "cy"),
    ],
)
def test_wrong_arguments_are_a_usage_error(working: Squads, arguments: tuple[str, ...]) -> None:
    assert working(*arguments).code == 2
