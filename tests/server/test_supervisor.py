"""The supervisor: children live until it stops, and none outlives it, whoever is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from squads_pipeline.server import processes
from squads_pipeline.server.children import TOKEN_VARIABLE, ChildSpec, Record, end_leftovers
from squads_pipeline.server.supervisor import Supervisor

SLEEPER = "import time; print('awake', flush=True); time.sleep(600)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER
# A child whose own child would go on alone, as run workers do when the code server is killed.
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]); {SLEEPER}"
SUPERVISED = f"""
import sys
from pathlib import Path
from squads_pipeline.server.children import ChildSpec
from squads_pipeline.server.supervisor import Supervisor
supervisor = Supervisor(Path(sys.argv[1]), on_line=lambda _, text: print(text.strip(), flush=True), say=print)
supervisor.start([ChildSpec("parent", (sys.executable, "-c", {PARENT!r}))])
supervisor.watch()
"""


class Heard:
    """What a supervisor said and its children wrote."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.lines: list[tuple[str, str]] = []

    def line(self, name: str, text: str) -> None:
        self.lines.append((name, text.strip()))


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "children.json"


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def supervisor(record: Path, heard: Heard) -> Iterator[Supervisor]:
    made = Supervisor(record, on_line=heard.line, say=heard.said.append)
    yield made
    made.stop()


def child(name: str, program: str) -> ChildSpec:
    return ChildSpec(name, (sys.executable, "-c", program))


def test_lines_arrive_under_the_childs_name(supervisor: Supervisor, heard: Heard) -> None:
    supervisor.start([child("a", SLEEPER), child("b", SLEEPER)])
    _until(lambda: {("a", "awake"), ("b", "awake")} <= set(heard.lines))


def test_stop_leaves_no_process_and_no_record(supervisor: Supervisor, heard: Heard, record: Path) -> None:
    supervisor.start([child("parent", PARENT), child("other", SLEEPER)])
    _until(lambda: len(heard.lines) == 3)
    token = _token(record)
    assert len(processes.marked(TOKEN_VARIABLE, token)) == 3
    assert supervisor.stop()
    assert processes.marked(TOKEN_VARIABLE, token) == []
    assert not record.exists()


def test_a_second_request_kills_what_does_not_listen(
    supervisor: Supervisor, heard: Heard, record: Path
) -> None:
    supervisor.start([child("deaf", DEAF)])
    _until(lambda: ("deaf", "awake") in heard.lines)
    token = _token(record)
    supervisor.request_stop()
    supervisor.request_stop()
    assert not supervisor.stop()
    assert processes.marked(TOKEN_VARIABLE, token) == []


def test_a_dead_child_is_started_again_and_said(supervisor: Supervisor, heard: Heard, record: Path) -> None:
    supervisor.start([child("mortal", SLEEPER)])
    watching = threading.Thread(target=supervisor.watch)
    watching.start()
    try:
        _until(lambda: heard.lines == [("mortal", "awake")])
        os.kill(_pids(record)[0], signal.SIGKILL)
        _until(lambda: heard.lines == [("mortal", "awake")] * 2)
    finally:
        supervisor.request_stop()
        watching.join()
    assert heard.said == ["mortal ended (killed by SIGKILL); it is started again in 1 s"]


def test_the_delay_grows_for_a_child_that_keeps_dying(supervisor: Supervisor, heard: Heard) -> None:
    supervisor.start([child("broken", "raise SystemExit(3)")])
    watching = threading.Thread(target=supervisor.watch)
    watching.start()
    try:
        _until(lambda: len(heard.said) == 2)
    finally:
        supervisor.request_stop()
        watching.join()
    assert heard.said == [f"broken ended (exit code 3); it is started again in {delay} s" for delay in (1, 2)]


def test_what_a_dead_child_had_started_ends_with_it(
    supervisor: Supervisor, heard: Heard, record: Path
) -> None:
    supervisor.start([child("parent", PARENT)])
    _until(lambda: len(heard.lines) == 2)
    token = _token(record)
    watching = threading.Thread(target=supervisor.watch)
    watching.start()
    try:
        os.kill(_pids(record)[0], signal.SIGKILL)
        _until(lambda: len(heard.said) == 1)
        _until(lambda: processes.marked(TOKEN_VARIABLE, token) == [])
    finally:
        supervisor.request_stop()
        watching.join()


def test_readiness_is_waited_for_and_given_up_on_death(supervisor: Supervisor) -> None:
    ready = ChildSpec("slow", (sys.executable, "-c", SLEEPER), ready=iter((False, False, True)).__next__)
    doomed = ChildSpec("doomed", (sys.executable, "-c", "pass"), ready=lambda: False)
    supervisor.start([ready, doomed])
    assert supervisor.wait_ready([ready], seconds=10)
    assert not supervisor.wait_ready([doomed], seconds=10)


def test_a_killed_supervisors_children_are_ended_by_the_next(record: Path) -> None:
    arguments = [sys.executable, "-c", SUPERVISED, str(record)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, encoding="utf-8") as killed:
        assert killed.stdout is not None
        # Both have written: one that writes after its reader was killed would die of that, by itself.
        assert [killed.stdout.readline() for _ in range(2)] == ["awake\n"] * 2
        token = _token(record)
        killed.kill()
    assert len(processes.marked(TOKEN_VARIABLE, token)) == 2
    assert end_leftovers(record) == 2
    assert processes.marked(TOKEN_VARIABLE, token) == []
    assert end_leftovers(record) == 0


def test_a_record_never_names_a_later_process_with_the_same_pid(record: Path) -> None:
    ours = processes.Identity.of(os.getpid())
    assert ours is not None
    Record("none", (processes.Identity(ours.pid, ours.started - 3600),)).write(record)
    assert end_leftovers(record) == 0


def test_a_damaged_record_ends_nothing(record: Path) -> None:
    record.write_text('{"token": 1, "children": [{}]}', encoding="utf-8")
    assert end_leftovers(record) == 0


def _token(record: Path) -> str:
    found = Record.read(record)
    assert found is not None
    return found.token


def _pids(record: Path) -> list[int]:
    found = Record.read(record)
    assert found is not None
    return [identity.pid for identity in found.children]


def _until(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)
