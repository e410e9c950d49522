"""The outbox: delivered at least once under a stable id, in order, to a file or over HTTP, and never for nothing."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.drivers.deliver_messages import deliver_messages
from squads_pipeline.drivers.knowledge_sinks import VARIABLE, FileSink, HttpSink, configured
from squads_pipeline.drivers.run import DriverRun, Outcome, run_driver
from squads_pipeline.store import database, gaps
from squads_pipeline.store.errors import RefusedError
from tests.drivers.work_world import NOON, at, due, rows

GAP = "delivered_messages"
STATES = "SELECT message_key, delivered_at IS NOT NULL, attempts, last_error FROM squads.outbox ORDER BY id"


@dataclass
class Graph:
    """A knowledge graph that takes messages over HTTP, and answers first as it is told to."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    got: list[tuple[str, Any]] = field(default_factory=list)
    authorized: list[str | None] = field(default_factory=list)

    def keys(self) -> list[str]:
        return [key for key, _ in self.got]


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    known = Graph()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known.got.append((self.headers["Idempotency-Key"], body))
            known.authorized.append(self.headers["Authorization"])
            status = known.answers.pop(0) if known.answers else 204
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    known.url = f"http://127.0.0.1:{server.server_port}/take"
    monkeypatch.setenv(VARIABLE, known.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    try:
        yield known
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "graph.jsonl"
    monkeypatch.setenv(VARIABLE, f"file:{path}")
    return path


def put(engine: Engine, *keys: str) -> None:
    with at(engine, NOON) as connection:
        for key in keys:
            connection.execute(
                text("""INSERT INTO squads.outbox (message_key, topic, payload, created_at)
                        VALUES (:key, 'finding.merged', jsonb_build_object('title', 'Größe ' || :key),
                                squads.clock())"""),
                {"key": key},
            )


def deliver(engine: Engine, moment: str = NOON) -> Outcome:
    with at(engine, moment) as connection:
        return deliver_messages(connection, DriverRun("test"))


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def units(engine: Engine) -> list[gaps.Unit]:
    with engine.connect() as connection:
        return gaps.units(connection, GAP, 10)


def test_without_a_sink_messages_wait_and_the_gap_says_why(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    put(engine, "finding:1")
    [unit] = units(engine)
    assert unit.since.year == 9999
    assert unit.reason.startswith(
        "finding:1 waits to be delivered; no sink is configured in this process: set SQUADS"
    )
    assert due(engine, GAP, NOON) == []
    assert deliver(engine).units == 0


def test_a_process_with_a_sink_finds_them_due(engine: Engine, database_url: str, file: Path) -> None:
    put(engine, "finding:1")
    delivering = database.engine(database_url, delivers=True)
    assert due(delivering, GAP, NOON) == ["message:1"]
    deliver(delivering)
    assert due(delivering, GAP, NOON) == []
    delivering.dispose()
    assert len(lines(file)) == 1


def test_a_file_gets_a_line_each_in_order(engine: Engine, file: Path) -> None:
    put(engine, "finding:2", "finding:1")
    outcome = deliver(engine)
    assert outcome == Outcome(2, 0, {"sink": f"file:{file}", "messages_delivered": 2})
    put(engine, "finding:3")
    deliver(engine)
    assert [one["id"] for one in lines(file)] == ["finding:2", "finding:1", "finding:3"]
    assert lines(file)[0] == {
        "id": "finding:2",
        "topic": "finding.merged",
        "created_at": "2026-02-03T12:00:00+00:00",
        "payload": {"title": "Größe finding:2"},
    }
    assert rows(engine, STATES) == [(f"finding:{n}", True, 1, None) for n in (2, 1, 3)]
    assert deliver(engine).units == 0
    assert rows(engine, "SELECT units, driver FROM squads.driver_runs ORDER BY id") == [
        (2, "deliver_messages"),
        (1, "deliver_messages"),
    ]


def test_a_line_that_a_crash_cut_off_spoils_no_other(engine: Engine, file: Path) -> None:
    file.write_text('{"id": "finding:1", "top')
    put(engine, "finding:1")
    deliver(engine)
    assert [json.loads(line)["id"] for line in file.read_text("utf-8").splitlines()[1:]] == ["finding:1"]


def test_a_file_that_cannot_be_written_is_tried_again(engine: Engine, file: Path) -> None:
    file.mkdir()
    put(engine, "finding:1", "finding:2")
    assert deliver(engine).facts["messages_failed"] == 1
    [(_, delivered, attempts, error), (*_, other_attempts, _)] = rows(engine, STATES)
    assert (delivered, attempts, other_attempts) == (False, 1, 0)
    assert str(error).endswith("graph.jsonl: Is a directory")
    assert "tried 1 time" in units(engine)[0].reason
    file.rmdir()
    assert deliver(engine, "2026-02-03 12:00:14.999999+00").units == 0
    assert deliver(engine, "2026-02-03 12:00:15+00").units == 2
    assert rows(engine, STATES) == [("finding:1", True, 2, None), ("finding:2", True, 1, None)]


def test_a_graph_that_fails_the_first_times_gets_each_in_the_end(engine: Engine, graph: Graph) -> None:
    """While it is away, one message is tried and the others are put off with it; the delay doubles."""
    graph.answers = [503, 500]
    put(engine, "finding:1", "finding:2", "finding:3")
    assert deliver(engine).facts["first_error"] == f"{graph.url} answered 503 Service Unavailable"
    assert deliver(engine, "2026-02-03 12:00:14+00").units == 0
    assert deliver(engine, "2026-02-03 12:00:15+00").facts["messages_failed"] == 1
    assert deliver(engine, "2026-02-03 12:00:44+00").units == 0
    assert deliver(engine, "2026-02-03 12:00:45+00").units == 3
    assert graph.keys() == ["finding:1", "finding:1", "finding:1", "finding:2", "finding:3"]
    assert graph.got[-1][1]["payload"] == {"title": "Größe finding:3"}
    assert [attempts for _, _, attempts, _ in rows(engine, STATES)] == [3, 1, 1]


def test_a_message_that_is_refused_does_not_stop_the_others(engine: Engine, graph: Graph) -> None:
    graph.answers = [204, 422]
    put(engine, "finding:1", "finding:2", "finding:3")
    assert deliver(engine).facts["messages_delivered"] == 2
    assert [(key, done) for key, done, *_ in rows(engine, STATES)] == [
        ("finding:1", True),
        ("finding:2", False),
        ("finding:3", True),
    ]


def test_a_redirect_is_no_delivery(engine: Engine, graph: Graph) -> None:
    """Followed, the POST would become a GET, and its 200 would count."""
    graph.answers = [302]
    put(engine, "finding:1")
    assert deliver(engine).units == 0
    assert rows(engine, STATES) == [("finding:1", False, 1, f"{graph.url} answered 302 Found")]


def test_a_graph_that_is_not_there(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "http://127.0.0.1:1/take")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    put(engine, "finding:1")
    deliver(engine)
    [(_, _, _, error)] = rows(engine, STATES)
    assert error == "http://127.0.0.1:1/take cannot be reached: [Errno 111] Connection refused"


def test_the_delay_is_an_hour_at_most(engine: Engine, graph: Graph) -> None:
    put(engine, "finding:1")
    with engine.begin() as connection:
        connection.execute(text("UPDATE squads.outbox SET attempts = 1000"))
    graph.answers = [429]
    deliver(engine)
    assert rows(engine, "SELECT (retry_at - created_at)::text FROM squads.outbox") == [("01:00:00",)]


def test_a_dry_run_sends_nothing_and_says_what_it_would(engine: Engine, graph: Graph) -> None:
    put(engine, "finding:1", "finding:2")
    plan = run_driver(engine, deliver_messages, DriverRun("dry"), dry_run=True)
    assert plan == Outcome(2, 0, {"sink": graph.url, "would_deliver": "finding:1, finding:2"})
    assert (graph.got, rows(engine, STATES)[0]) == ([], ("finding:1", False, 0, None))
    assert run_driver(engine, deliver_messages, DriverRun("real")).units == 2


def test_credentials_are_sent_and_never_shown(
    engine: Engine, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, graph.url.replace("//", "//ada:s%40cret@") + "?token=hidden")
    graph.answers = [500]
    put(engine, "finding:1")
    outcome = deliver(engine)
    assert graph.authorized == ["Basic YWRhOnNAY3JldA=="]
    told = f"{outcome} {rows(engine, STATES)}"
    assert "cret" not in told
    assert "hidden" not in told


def test_several_workers_share_the_messages(engine: Engine, database_url: str, graph: Graph) -> None:
    put(engine, *(f"finding:{number}" for number in range(20)))
    start = threading.Barrier(4)

    def worker(_: int) -> int:
        own = database.engine(database_url)
        start.wait()
        try:
            return run_driver(own, deliver_messages, DriverRun("worker")).units
        finally:
            own.dispose()

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(worker, range(4))) == 20
    assert sorted(graph.keys()) == sorted(f"finding:{number}" for number in range(20))


def test_a_worker_passes_over_what_another_has_in_hand(engine: Engine, graph: Graph) -> None:
    put(engine, "finding:1", "finding:2")
    with engine.connect() as first:
        deliver_messages(first, DriverRun("first"))
        assert run_driver(engine, deliver_messages, DriverRun("second")).units == 0
        first.commit()
    assert graph.keys() == ["finding:1", "finding:2"]


KILLED = """
import os, signal, sys
from sqlalchemy import event
from squads_pipeline.drivers.deliver_messages import deliver_messages
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.store import database

engine = database.engine(sys.argv[1])

def die(_connection, _cursor, statement, *_):
    if statement.lstrip().startswith("UPDATE squads.outbox SET delivered_at"):
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(engine, "before_cursor_execute", die)
run_driver(engine, deliver_messages, DriverRun("killed"))
"""


@pytest.mark.parametrize("kills", [1, 2])
def test_kill_9_between_send_and_mark_repeats_and_loses_nothing(
    engine: Engine, database_url: str, file: Path, kills: int
) -> None:
    put(engine, "finding:1", "finding:2")
    for _ in range(kills):
        command = [sys.executable, "-c", KILLED, database_url]
        assert subprocess.run(command, check=False).returncode == -9
    assert rows(engine, STATES) == [("finding:1", False, 0, None), ("finding:2", False, 0, None)]
    deliver(engine)
    assert [one["id"] for one in lines(file)] == ["finding:1", "finding:2"] * (kills + 1)
    assert lines(file)[0] == lines(file)[-2]
    assert deliver(engine).units == 0


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("file:/tmp/x.jsonl", FileSink),
        ("https://graph.example.org/take", HttpSink),
        ("http://graph.example.org:8080", HttpSink),
    ],
)
def test_what_a_sink_is(given: str, kind: Callable[..., object]) -> None:
    assert isinstance(configured({VARIABLE: given}), kind)  # type: ignore[arg-type]
    assert configured({}) is None
    assert configured({VARIABLE: " "}) is None


@pytest.mark.parametrize("given", ["file:here.jsonl", "ftp://x/y", "/srv/x", "http://", "http://x:port/"])
def test_what_is_no_sink_is_refused_without_repeating_it(given: str) -> None:
    with pytest.raises(RefusedError, match="SQUADS_KNOWLEDGE_SINK names no sink"):
        configured({VARIABLE: given})
