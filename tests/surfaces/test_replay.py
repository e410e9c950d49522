"""A history in its own time: the rounds that come of it, to the µT and the second, also when it is interrupted."""

import csv
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine, event, text

from squads_pipeline.commands import community
from squads_pipeline.commands.import_contributions import (
    ImportOptions,
    ImportRefusedError,
    import_contributions,
)
from squads_pipeline.store import database, pauses
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.surfaces import verification
from squads_pipeline.surfaces.replay import Replayed, Tell, new_clock, replay
from tests.conftest import copy_of
from tests.surfaces.conftest import Squads

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
HEADER: Final = "project_id,contributor_id,amount,ts\n"
HISTORY: Final = (
    "heat,ada,4,2020-01-01T03:00:00Z",
    "heat,bo,9,2020-01-01T06:00:00+02:00",
    "cold,cy,16,2020-01-01T13:00:00Z",
    "heat,dy,0.5,2020-01-05T10:00:00Z",
    "cold,bo,1,2020-01-03T05:59:30Z",
    "heat,ada,5,2020-01-08T23:00:00Z",
)
ROUNDS: Final = [
    ("2020-01-01 12:00:01", "heat", 25_000_000),
    ("2020-01-02 00:00:01", "cold", 0),
    ("2020-01-03 12:00:01", "cold", 25_000_000),
    ("2020-01-05 18:00:01", "heat", 0),
    ("2020-01-09 06:00:01", "heat", 11_000_000),
]
_PROCESSES: Final = multiprocessing.get_context("forkserver")

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write rows into a CSV file."""

    def written(*rows: str, name: str = "history.csv") -> Path:
        path = tmp_path / name
        path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
        return path

    return written


def live(
    url: str, path: Path, *, rejects: Path | None = None, now: datetime = NOW, tell: Tell = lambda *_: None
) -> Replayed:
    return replay(url, now, path, ImportOptions(create_missing=True, rejects=rejects), new_clock(), tell)


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def rounds(engine: Engine) -> list[tuple[Any, ...]]:
    return rows(
        engine,
        "SELECT to_char(opened_at, 'YYYY-MM-DD HH24:MI:SS'), squad_id, match_micro"
        " FROM squads.qf_rounds JOIN squads.qf_matches ON round_id = qf_rounds.id"
        " ORDER BY qf_rounds.id, squad_id",
    )


def posted(engine: Engine) -> list[tuple[Any, ...]]:
    """Contributions as they were posted: when, when they happened, from whom, to whom."""
    return rows(
        engine,
        "SELECT to_char(grant_.granted_at, 'MM-DD HH24:MI:SS'), to_char(occurred_at, 'MM-DD HH24:MI:SS'),"
        " agent_id, grant_.squad_id FROM squads.contributions AS grant_ ORDER BY id",
    )


def transfers(engine: Engine) -> list[tuple[Any, ...]]:
    """All transfers in their order, but for numbers that a transaction which was rolled back uses up."""
    return rows(
        engine,
        "SELECT transfer.kind, payer.name, receiver.name, amount_micro, posted_at, occurred_at, driver, run_id"
        " FROM squads.transfers AS transfer JOIN squads.accounts AS payer ON payer.id = from_account_id"
        " JOIN squads.accounts AS receiver ON receiver.id = to_account_id ORDER BY transfer.id",
    )


def head(engine: Engine) -> list[tuple[Any, ...]]:
    """The head of the chain: equal if every transfer, in its order, is equal in all that it says."""
    return rows(engine, "SELECT last_position, head FROM squads.ledger_seals ORDER BY seal_no DESC LIMIT 1")


def contents(engine: Engine) -> list[tuple[Any, ...]]:
    tables = (
        "transfers",
        "qf_rounds",
        "squad_events",
        "driver_runs",
        "agents",
        "research_squads",
        "ledger_seals",
    )
    return rows(
        engine, " UNION ALL ".join(f"SELECT '{name}', count(*) FROM squads.{name}" for name in tables)
    )


def assert_nothing_is_broken(engine: Engine) -> None:
    assert [one for one in verification.verify(engine, None).verdicts if one.total] == []


@contextmanager
def dying_after(commits: int, die: Callable[[], None]) -> Iterator[None]:
    """Die before a commit of whichever engine, after some that went well."""
    seen = 0

    def count(_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen > commits:
            die()

    event.listen(Engine, "commit", count)
    try:
        yield
    finally:
        event.remove(Engine, "commit", count)


def interrupt() -> None:
    raise KeyboardInterrupt


def live_and_die(url: str, path: Path, commits: int) -> None:
    with dying_after(commits, lambda: os.kill(os.getpid(), signal.SIGKILL)):
        live(url, path)


def test_rounds_come_as_they_would_have(engine: Engine, database_url: str, write: Write) -> None:
    done = live(database_url, write(*HISTORY))
    assert rounds(engine) == ROUNDS
    assert posted(engine) == [
        ("01-01 04:00:00", "01-01 03:00:00", "ada", "heat"),
        ("01-01 04:00:00", "01-01 04:00:00", "bo", "heat"),
        ("01-01 13:00:00", "01-01 13:00:00", "cy", "cold"),
        ("01-03 05:59:30", "01-03 05:59:30", "bo", "cold"),
        ("01-05 10:00:00", "01-05 10:00:00", "dy", "heat"),
        ("01-08 23:00:00", "01-08 23:00:00", "ada", "heat"),
    ]
    assert (done.posted.rows, done.days, done.rounds.count) == (6, 4, 5)
    assert done.rounds.matched_micro == 61_000_000
    assert (done.posted.agents_added, done.posted.squads_added) == (4, 2)
    assert done.posted.minted_micro == done.posted.amount_micro == 35_500_000
    assert_nothing_is_broken(engine)


def test_squads_of_a_history_work_until_it_is_over(engine: Engine, database_url: str, write: Write) -> None:
    done = live(database_url, write(*HISTORY))
    until = datetime(2020, 1, 14, 6, tzinfo=UTC)
    assert done.history.lives_until == until
    assert rows(engine, "SELECT id, status, target_disband_at FROM squads.research_squads ORDER BY id") == [
        ("cold", "active", until),
        ("heat", "active", until),
    ]


def test_a_second_run_adds_nothing(engine: Engine, database_url: str, write: Write) -> None:
    path = write(*HISTORY)
    live(database_url, path)
    before = contents(engine), head(engine)
    again = live(database_url, path)
    assert (contents(engine), head(engine)) == before
    assert (again.posted.rows, again.rounds.count, again.history.already) == (0, 0, 6)


def test_what_was_imported_is_not_replayed(engine: Engine, database_url: str, write: Write) -> None:
    path = write(*HISTORY)
    with engine.begin() as connection:
        import_contributions(connection, path, ImportOptions(create_missing=True))
    before = contents(engine)
    assert live(database_url, path).history.already == 6
    assert contents(engine) == before


def test_interrupted_again_and_again_it_ends_the_same(
    engine: Engine, database_url: str, write: Write, postgres_url: str, template_database: str
) -> None:
    path = write(*HISTORY)
    with copy_of(postgres_url, template_database) as other:
        live(other, path)
        uninterrupted = database.engine(other)
        wanted = rounds(uninterrupted), transfers(uninterrupted), contents(uninterrupted)
        uninterrupted.dispose()
    interruptions = 0
    for _ in range(40):
        try:
            # The reading goes well, and one driver or one posting after it.
            with dying_after(2, interrupt):
                live(database_url, path)
            break
        except KeyboardInterrupt:
            interruptions += 1
    assert interruptions > 10
    assert (rounds(engine), transfers(engine), contents(engine)) == wanted
    assert_nothing_is_broken(engine)


@pytest.mark.parametrize("commits", [3, 9])
def test_killed_it_goes_on(engine: Engine, database_url: str, write: Write, commits: int) -> None:
    path = write(*HISTORY)
    process = _PROCESSES.Process(target=live_and_die, args=(database_url, path, commits))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert 0 < len(posted(engine)) < len(HISTORY)
    live(database_url, path)
    assert rounds(engine) == ROUNDS
    assert_nothing_is_broken(engine)


def test_a_history_from_before_what_is_there_is_refused(
    engine: Engine, database_url: str, write: Write
) -> None:
    live(database_url, write(*HISTORY))
    before = contents(engine)
    with pytest.raises(
        RefusedError, match=r"1 row would be posted from 2020-01-08 on.*up to 2020-01-09 06:00"
    ) as told:
        live(database_url, write(HISTORY[0], "heat,ada,1,2020-01-08T23:30:00Z"))
    assert "squads import contributions" in told.value.remedy
    assert contents(engine) == before


def test_a_later_history_goes_on_from_there(engine: Engine, database_url: str, write: Write) -> None:
    live(database_url, write(*HISTORY))
    # On the day of the newest fact, and before it; and when the squads of the first history would be over.
    done = live(database_url, write("cold,ada,1,2020-01-09T02:00:00Z", "heat,ada,1,2020-01-20T02:00:00Z"))
    assert done.posted.rows == 2
    assert posted(engine)[-2:] == [
        ("01-09 06:00:01", "01-09 02:00:00", "ada", "cold"),
        ("01-20 02:00:00", "01-20 02:00:00", "ada", "heat"),
    ]
    moments = [moment for (moment,) in rows(engine, "SELECT posted_at FROM squads.transfers ORDER BY id")]
    assert moments == sorted(moments)
    assert rows(engine, "SELECT DISTINCT status FROM squads.research_squads") == [("active",)]


def test_bad_rows_refuse_all_or_go_to_their_file(
    engine: Engine, database_url: str, write: Write, tmp_path: Path
) -> None:
    path = write(*HISTORY, "heat,ada,0,2020-01-02T00:00:00Z", HISTORY[0], "heat,cy,1,2026-01-02T00:00:00Z")
    before = contents(engine)
    with pytest.raises(ImportRefusedError):
        live(database_url, path)
    assert contents(engine) == before
    rejects = tmp_path / "rejects.csv"
    done = live(database_url, path, rejects=rejects)
    assert rounds(engine) == ROUNDS
    with rejects.open(encoding="utf-8", newline="") as file:
        assert [(one["row"], one["reason"]) for one in csv.DictReader(file)] == [
            ("8", "zero moves nothing"),
            ("9", "says the same as row 2"),
            ("10", "lies in the future"),
        ]
    assert sum(done.refused.values()) == 3


def test_a_squad_that_ends_meanwhile_takes_no_more(
    engine: Engine, database_url: str, write: Write, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('squads.clock', '2020-01-01T00:00:00Z', true)"))
        community.add_squad(connection, "heat")
    path = write(*HISTORY)
    with pytest.raises(RefusedError, match="Row 5 cannot be posted any more: project_id 'heat' is disbanded"):
        live(database_url, path)
    assert len(posted(engine)) == 4
    rejects = tmp_path / "rejects.csv"
    assert live(database_url, path, rejects=rejects).refused == {
        "project_id is a squad that takes no contributions now": 2
    }
    assert "heat,ada,5,2020-01-08" in rejects.read_text(encoding="utf-8")


def test_a_history_without_rows_does_nothing(engine: Engine, database_url: str, write: Write) -> None:
    before = contents(engine)
    done = live(database_url, write())
    assert (done.posted.rows, done.days, done.rounds.count, done.now) == (0, 0, 0, None)
    assert contents(engine) == before


def test_it_does_not_go_beyond_the_present(engine: Engine, database_url: str, write: Write) -> None:
    path = write(*HISTORY)
    live(database_url, path, now=datetime(2020, 1, 9, 1, tzinfo=UTC))
    assert rounds(engine) == ROUNDS[:-1]
    live(database_url, path)
    assert rounds(engine) == ROUNDS


def test_whoever_works_there_in_the_present_stops_it(engine: Engine, database_url: str, write: Write) -> None:
    def somebody(step: str, *_: int) -> None:
        if step.startswith("2020-01-04") and not rows(engine, "SELECT FROM squads.agents WHERE id = 'eve'"):
            with engine.begin() as connection:
                community.add_agent(connection, "eve", tokens_micro=1)

    with pytest.raises(RefusedError, match="by somebody else"):
        live(database_url, write(*HISTORY), tell=somebody)
    assert len(posted(engine)) == 4


def test_it_waits_for_paused_gaps_and_for_another_replay(
    engine: Engine, database_url: str, write: Write
) -> None:
    path = write(*HISTORY)
    with engine.connect() as other:
        other.execute(text("SELECT pg_advisory_lock(hashtext('squads.replay'))"))
        with pytest.raises(RefusedError, match="Another replay"):
            live(database_url, path)
        other.rollback()
        other.invalidate()
    with engine.begin() as connection:
        pauses.pause(connection, ["qf_matches"], paused_by="op", reason="a look")
    with pytest.raises(RefusedError, match="qf_matches is paused"):
        live(database_url, path)


def test_the_command(squads: Squads, write: Write, engine: Engine) -> None:
    path = write(*HISTORY)
    document = squads("replay", str(path), "--json").document
    assert (document["replayed"], document["days"], document["rounds"], document["matched"]) == (
        6,
        4,
        5,
        "61",
    )
    assert rounds(engine) == ROUNDS
    ran = squads("replay", str(path))
    assert (ran.code, ran.out.splitlines()) == (
        0,
        [
            "replayed 0 of 6 rows, 0 tokens, on 0 days",
            "  6 replayed or imported before, which add nothing",
        ],
    )
    ran = squads("replay", str(write("heat,ada,1,2019-01-01T00:00:00Z", name="older.csv")))
    assert ran.code == 1
    assert "facts are posted in the order of time" in ran.err
