"""`squads up` for real: it comes up once for a home, says where, and leaves nothing behind."""

import io
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest
from rich.console import Console

from squads_pipeline.server import dagster_processes, processes
from squads_pipeline.server.children import TOKEN_VARIABLE, Record
from squads_pipeline.server.embedded import Embedded
from squads_pipeline.server.errors import InUseError
from squads_pipeline.server.home import Home
from squads_pipeline.server.logbook import Logbook
from squads_pipeline.server.up import run_up

UP = """
import sys
from pathlib import Path
from squads_pipeline.server.home import Home
from squads_pipeline.server.up import run_up
sys.exit(run_up(
    Home(Path(sys.argv[1])),
    prepare=lambda url: print("prepared", url, flush=True),
    on_ready=lambda addresses: print("ready", addresses.ui, flush=True),
))
"""


def test_up_comes_up_once_and_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SQUADS_DATABASE_URL", raising=False)
    arguments = [sys.executable, "-c", UP, str(home.path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, encoding="utf-8") as up:
        try:
            assert up.stdout is not None
            assert _answer(up.stdout, "prepared").startswith("postgresql://squads:")
            address = _answer(up.stdout, "ready")
            assert dagster_processes.serves_ui(int(address.rpartition(":")[2]))
            with pytest.raises(InUseError, match=address):
                run_up(home, prepare=lambda _: None, on_ready=lambda _: None)
            record = Record.read(home.children)
            assert record is not None
            assert len(record.living()) >= 2
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait(timeout=30)
    assert up.returncode == 0
    assert processes.marked(TOKEN_VARIABLE, record.token) == []
    assert not Embedded(home).status().running


def test_the_terminal_shows_what_matters_and_the_file_everything(tmp_path: Path) -> None:
    shown = io.StringIO()
    with Logbook(tmp_path / "up.log", Console(file=shown, width=200)) as log:
        log.line(
            "daemon",
            "\x1b[32m2026-01-01 00:00:00 +0000\x1b[0m - dagster - \x1b[34mINFO\x1b[0m - ERROR is a word\n",
        )
        log.line("daemon", "2026-01-01 00:00:00 +0000 - dagster - ERROR - it broke\n")
        log.line("daemon", "Traceback (most recent call last):\n")
        log.line("daemon", '  File "x.py", line 1, in f\n')
        log.line("daemon", "ValueError: because\n")
        log.line("code", "a line of another process\n")
        log.say("stopping")
        log.hush()
        log.line("daemon", "2026-01-01 00:00:00 +0000 - dagster - ERROR - interrupted\n")
    assert [line.split(maxsplit=1)[1].strip() for line in shown.getvalue().splitlines()] == [
        "2026-01-01 00:00:00 +0000 - dagster - ERROR - it broke",
        "ValueError: because",
        "stopping",
    ]
    written = (tmp_path / "up.log").read_text(encoding="utf-8").splitlines()
    assert len(written) == 8
    assert written[0] == "daemon     | 2026-01-01 00:00:00 +0000 - dagster - INFO - ERROR is a word"


def _answer(stream: IO[str], word: str) -> str:
    for line in stream:
        if line.startswith(word):
            return line.split()[1]
    raise AssertionError(f"it ended without {word}")
