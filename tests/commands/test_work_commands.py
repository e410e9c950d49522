"""Logging, finding and reviewing: counted once, kept to members and moments, told in words."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from squads_pipeline.commands import community, work
from squads_pipeline.store import database
from squads_pipeline.store.errors import (
    IdempotencyConflictError,
    NotFoundError,
    RefusedError,
    SquadsError,
    speaking,
)
from tests.drivers.work_world import NOON, at, find, found, harvest, leave, merge, review, rows

COUNTERS = """SELECT agent_id, journal_entries, findings_authored FROM squads.squad_members
              WHERE journal_entries + findings_authored > 0 ORDER BY 1"""


@pytest.fixture(autouse=True)
def squad(engine: Engine) -> None:
    found(engine)


def logged(connection: Connection, agent: str = "bo", squad: str = "heat", **more: Any) -> work.Logged:
    arguments = {"entry_type": "progress", "title": "Measured", "body": "Ten rooms."} | more
    return work.log(connection, agent, squad, **arguments)


def test_an_entry_is_written_and_counted(connection: Connection, engine: Engine) -> None:
    done = logged(connection, references=["gap:sleep-1", "finding:3"])
    connection.commit()
    assert (done.squad_id, done.repeated) == ("heat", False)
    assert rows(
        engine, "SELECT author_agent_id, entry_type, references_artifacts FROM squads.squad_journal"
    ) == [("bo", "progress", ["gap:sleep-1", "finding:3"])]
    assert rows(engine, COUNTERS) == [("bo", 1, 0)]


def test_a_finding_is_written_exactly_and_counted(engine: Engine) -> None:
    find(engine, "Warm", confidence_ppm=123_457, target=("hypothesis", "h:1"))
    find(engine, "Cold", author="ada")
    assert rows(
        engine,
        """SELECT title, confidence::text, target_artifact_type, target_artifact_id, bubble_up_status
           FROM squads.squad_findings ORDER BY id""",
    ) == [("Warm", "0.123457", "hypothesis", "h:1", "pending"), ("Cold", "0.500000", None, None, "pending")]
    assert rows(engine, COUNTERS) == [("ada", 0, 1), ("bo", 0, 1)]


def test_a_repeated_request_adds_nothing_whatever_became_of_the_squad(
    connection: Connection, engine: Engine
) -> None:
    first = logged(connection, key="k")
    finding = work.find(connection, "bo", "heat", "evidence", "It is", key="k")
    connection.commit()
    harvest(engine, "heat", NOON)
    assert logged(connection, key="k") == work.Logged(first.entry_id, "heat", repeated=True)
    again = work.find(connection, "bo", "heat", "evidence", "It is", key="k")
    assert again == work.Found(finding.finding_id, "heat", repeated=True)
    connection.commit()
    assert rows(engine, COUNTERS) == [("bo", 1, 1)]


@pytest.mark.parametrize(
    "change",
    [
        {"agent": "ada"},
        {"entry_type": "note"},
        {"title": "Else"},
        {"body": "Else."},
        {"references": ["gap:x"]},
    ],
)
def test_a_key_with_another_entry_is_a_conflict(connection: Connection, change: dict[str, Any]) -> None:
    logged(connection, key="k")
    with pytest.raises(IdempotencyConflictError):
        logged(connection, key="k", **change)


@pytest.mark.parametrize(
    "change",
    [
        {"agent": "ada"},
        {"finding_type": "analysis"},
        {"title": "Else"},
        {"summary": "Else"},
        {"confidence_ppm": 500_001},
        {"target": ("gap", "x")},
    ],
)
def test_a_key_with_another_finding_is_a_conflict(connection: Connection, change: dict[str, Any]) -> None:
    request: dict[str, Any] = {"agent": "bo", "squad": "heat", "finding_type": "evidence", "title": "It is"}
    work.find(connection, **request, key="k")
    with pytest.raises(IdempotencyConflictError):
        work.find(connection, **(request | change), key="k")


def test_the_same_key_at_the_same_time_writes_once(engine: Engine, database_url: str) -> None:
    start = threading.Barrier(6)

    def one(_: int) -> bool:
        own = database.engine(database_url)
        start.wait()
        with own.begin() as connection:
            done = work.find(connection, "bo", "heat", "evidence", "It is", key="k")
        own.dispose()
        return done.repeated

    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(one, range(6))) == [False, *[True] * 5]
    assert rows(engine, COUNTERS) == [("bo", 0, 1)]


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"agent": "eve"}, RefusedError, "no present member"),
        ({"agent": "nobody"}, NotFoundError, "no agent nobody"),
        ({"squad": "nowhere"}, NotFoundError, "no squad nowhere"),
        ({"agent": "dee"}, RefusedError, "an observer writes nothing but"),
        ({"entry_type": "poem"}, RefusedError, "no type of journal entry"),
        ({"title": " "}, RefusedError, "The title is empty"),
        ({"title": "two\nlines"}, RefusedError, "control characters"),
        ({"title": "x" * 501}, RefusedError, "too long"),
        ({"body": ""}, RefusedError, "The body is empty"),
        ({"body": "a\0b"}, RefusedError, "cannot be stored"),
        ({"body": "a\udc80"}, RefusedError, "cannot be stored"),
        ({"references": ["sleep"]}, RefusedError, "names no artifact"),
        ({"references": ["gap:"]}, RefusedError, "names no artifact"),
        ({"key": " "}, RefusedError, "The key is empty"),
    ],
)
def test_what_is_no_entry_is_refused_in_words(
    connection: Connection, engine: Engine, more: dict[str, Any], error: type[SquadsError], said: str
) -> None:
    with pytest.raises(error, match=said):
        logged(connection, **more)
    connection.rollback()
    assert rows(engine, COUNTERS) == []


def test_observers_note_and_author_nothing(connection: Connection) -> None:
    assert not logged(connection, "dee", entry_type="note").repeated
    with pytest.raises(RefusedError, match="authors no findings"):
        work.find(connection, "dee", "heat", "evidence", "It is")


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"finding_type": "poem"}, RefusedError, "no type of finding"),
        ({"confidence_ppm": -1}, RefusedError, "is none"),
        ({"confidence_ppm": 1_000_001}, RefusedError, "is none"),
        ({"summary": ""}, RefusedError, "The summary is empty"),
        ({"target": ("Gap", "x")}, RefusedError, "names no artifact"),
        ({"target": ("gap", "")}, RefusedError, "names no artifact"),
        ({"target": ("finding", "99")}, NotFoundError, "no finding 99"),
        ({"target": ("finding", "x")}, NotFoundError, "no finding x"),
    ],
)
def test_what_is_no_finding_is_refused_in_words(
    connection: Connection, more: dict[str, Any], error: type[SquadsError], said: str
) -> None:
    arguments: dict[str, Any] = {"finding_type": "evidence", "title": "It is"} | more
    with pytest.raises(error, match=said):
        work.find(connection, "bo", "heat", **arguments)


def test_a_finding_may_bear_on_an_older_one_alone(engine: Engine, connection: Connection) -> None:
    number = find(engine)
    assert find(engine, target=("finding", str(number))) > number
    with pytest.raises(NotFoundError):  # the number that it would get itself
        work.find(connection, "bo", "heat", "evidence", "It", target=("finding", str(number + 2)))


def test_who_left_is_no_member(engine: Engine, connection: Connection) -> None:
    with at(engine, NOON) as leaving:
        leave(leaving, "heat", "bo")
    with pytest.raises(RefusedError, match="no present member"):
        logged(connection)


@pytest.mark.parametrize("status", ["recruiting", "harvesting"])
def test_only_an_active_squad_works(connection: Connection, status: str) -> None:
    connection.execute(text("UPDATE squads.research_squads SET status = :status"), {"status": status})
    for write in (logged, lambda on: work.find(on, "bo", "heat", "evidence", "It is")):
        with pytest.raises(RefusedError, match=f"the squad is {status}"):
            write(connection)


def test_a_harvest_waits_for_work_in_progress(engine: Engine) -> None:
    with engine.connect() as working, engine.connect() as harvesting:
        logged(working)
        harvesting.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(DBAPIError, match="lock timeout"):
            harvesting.execute(text("UPDATE squads.research_squads SET status = 'harvesting'"))


def test_any_agent_reviews_and_says_it_once(engine: Engine, connection: Connection) -> None:
    number = find(engine)
    first = work.review(connection, "eve", number, "accept", rationale="checked", confidence_ppm=900_000)
    again = work.review(connection, "eve", number, "accept", rationale="checked", confidence_ppm=900_000)
    assert again == work.Reviewed(first.review_id, repeated=True)
    work.review(connection, "dee", number, "reject", rationale="no")
    for change in (
        {"verdict": "reject"},
        {"rationale": "else"},
        {"confidence_ppm": 900_001},
        {"confidence_ppm": None},
    ):
        said: dict[str, Any] = {"verdict": "accept", "rationale": "checked", "confidence_ppm": 900_000}
        with pytest.raises(RefusedError, match="said otherwise"):
            work.review(connection, "eve", number, **(said | change))
    connection.commit()
    assert rows(engine, "SELECT count(*) FROM squads.finding_reviews") == [(2,)]


@pytest.mark.parametrize(
    ("agent", "more", "error", "said"),
    [
        ("bo", {}, RefusedError, "nobody reviews their own finding"),
        ("nobody", {}, NotFoundError, "no agent"),
        ("cy", {"finding_id": 99}, NotFoundError, "no finding 99"),
        ("cy", {"finding_id": -1}, NotFoundError, "no finding -1"),
        ("cy", {"finding_id": 2**63}, NotFoundError, "no finding"),
        ("cy", {"verdict": "maybe"}, RefusedError, "no verdict"),
        ("cy", {"rationale": " "}, RefusedError, "The rationale is empty"),
        ("cy", {"confidence_ppm": 2_000_000}, RefusedError, "is none"),
    ],
)
def test_what_is_no_review_is_refused_in_words(
    engine: Engine,
    connection: Connection,
    agent: str,
    more: dict[str, Any],
    error: type[SquadsError],
    said: str,
) -> None:
    request: dict[str, Any] = {"finding_id": find(engine), "verdict": "accept", "rationale": "read"} | more
    with pytest.raises(error, match=said):
        work.review(connection, agent, **request)


def test_the_database_refuses_an_own_review_too(engine: Engine, connection: Connection) -> None:
    number = find(engine)
    own = text("""INSERT INTO squads.finding_reviews (finding_id, reviewer_agent_id, verdict, rationale, created_at)
                  VALUES (:finding, 'bo', 'accept', 'mine', now())""")
    with pytest.raises(RefusedError, match="Nobody reviews their own"), speaking():
        connection.execute(own, {"finding": number})
    connection.rollback()
    with pytest.raises(DBAPIError, match="nobody_reviews_their_own"):
        connection.execute(text("UPDATE squads.squad_findings SET reviewed_by = 'bo'"))


@pytest.mark.parametrize(
    "change",
    [
        "title = 'else'",
        "confidence = 1",
        "author_agent_id = 'ada'",
        "target_artifact_type = 'gap', target_artifact_id = 'x'",
        "bubble_up_status = 'merged', bubbled_at = now()",
    ],
)
def test_what_a_finding_says_is_kept(engine: Engine, connection: Connection, change: str) -> None:
    find(engine)
    with pytest.raises(RefusedError, match="never changed"), speaking():
        connection.execute(text(f"UPDATE squads.squad_findings SET {change}"))


def test_a_merged_squads_findings_answer_to_the_other(engine: Engine, connection: Connection) -> None:
    number = find(engine)
    with at(engine, NOON) as founding:
        community.add_squad(founding, "home", status="active")
    merge(engine, "heat", "home")
    review(engine, number)
    harvest(engine, "home", NOON)
    work.review(connection, "eve", number, "reject", rationale="read")
    with engine.connect() as closing:
        closing.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(DBAPIError, match="lock timeout"):  # the review holds the home's status
            closing.execute(text("SELECT FROM squads.research_squads WHERE id = 'home' FOR UPDATE"))
