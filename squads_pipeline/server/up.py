"""`squads up`: database and Dagster under one supervisor, from start to a clean end. No command line here."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import psycopg
from rich.console import Console

from squads_pipeline.server import dagster_processes, ports
from squads_pipeline.server.children import ChildSpec, end_leftovers
from squads_pipeline.server.database_url import check_server, configured
from squads_pipeline.server.embedded import Embedded
from squads_pipeline.server.errors import InUseError, ServerError
from squads_pipeline.server.home import HOME_VARIABLE, Home
from squads_pipeline.server.locks import FileLock
from squads_pipeline.server.logbook import Logbook
from squads_pipeline.server.supervisor import Supervisor

DEFAULT_PORT = 3000
READY_SECONDS = 120.0


@dataclass(frozen=True)
class Addresses:
    """Where things are once all is up; `location_error` says why our definitions did not load."""

    ui: str
    database: str
    log: Path
    location_error: str | None


def run_up(
    home: Home,
    *,
    prepare: Callable[[str], None],
    on_ready: Callable[[Addresses], None],
    port: int | None = None,
    extra: Sequence[ChildSpec] = (),
    environ: Mapping[str, str] | None = None,
) -> int:
    """Run everything until Ctrl-C or SIGTERM; returns the exit code.

    `prepare` gets the database's postgresql:// URL before anything else does (migrations).
    `extra` are further children; what they print without a log level is shown on the terminal.
    Raises ServerError, with nothing left running, when it cannot start: another runs here, the port is taken.
    """
    environment = dict(os.environ if environ is None else environ)
    with (
        _terminate_like_interrupt(),
        _only_one(home),
        Logbook(home.up_log, Console(), {one.name for one in extra}) as log,
    ):
        ended = end_leftovers(home.children)
        if ended:
            log.say(f"ended {ended} processes that an earlier, killed `squads up` had left")
        with _database(home, environment) as url:
            _check(url)
            prepare(url)
            return _Up(home, url, environment, log).run(_choose_port(port, log), on_ready, extra)


class _Up:
    """One run of the children, with the database up."""

    def __init__(self, home: Home, url: str, environ: Mapping[str, str], log: Logbook) -> None:
        self._home = home
        self._url = url
        self._log = log
        self._embedded = None if configured(environ) else Embedded(home)
        batches = dict([dagster_processes.EVENTS_AT_ONCE])
        here = {HOME_VARIABLE: str(home.path), "DAGSTER_HOME": str(home.dagster)}
        self._environment = {**batches, **environ, **here}
        self._supervisor = Supervisor(
            home.children,
            on_line=log.line,
            say=log.say,
            environment=self._environment,
            folder=dagster_processes.project_folder(),
            before_restart=lambda name: self._report_dead_runs() if name == "code" else None,
        )

    def run(self, port: int, on_ready: Callable[[Addresses], None], extra: Sequence[ChildSpec]) -> int:
        """Start, watch, stop; returns the exit code."""
        _write_running(self._home, port)
        with _stop_on_signals(self._supervisor):
            try:
                self._start(port, extra)
                if not self._supervisor.stopping:
                    on_ready(self._addresses(port))
                self._supervisor.watch(self._revive_database)
            finally:
                self._log.say("stopping; Ctrl-C again to kill")
                self._log.hush()
                if not self._supervisor.stop():
                    # Runs that are asked to end report it themselves; killed ones cannot.
                    self._report_dead_runs()
        return 0

    def _start(self, port: int, extra: Sequence[ChildSpec]) -> None:
        code_port = ports.any_free()
        workspace = dagster_processes.prepare_dagster_home(self._home, code_port)
        code = dagster_processes.code_server(code_port)
        self._supervisor.start([code])
        # While the code loads: it needs no storage yet, and the others must not all create the tables.
        self._report_dead_runs()
        self._supervisor.wait_ready([code], seconds=READY_SECONDS)
        user_interface = dagster_processes.webserver(port, workspace)
        rest = [user_interface, dagster_processes.daemon(workspace), *extra]
        if self._supervisor.stopping:
            return
        self._supervisor.start(rest)
        loaded = ChildSpec(user_interface.name, (), ready=lambda: dagster_processes.location_loaded(port))
        if self._supervisor.wait_ready(rest, seconds=READY_SECONDS):
            self._supervisor.wait_ready([loaded], seconds=READY_SECONDS)

    def _addresses(self, port: int) -> Addresses:
        return Addresses(
            ui=f"http://{ports.LOOPBACK}:{port}",
            database=self._url,
            log=self._home.up_log,
            location_error=dagster_processes.location_error(port),
        )

    def _report_dead_runs(self) -> None:
        # A process of its own: importing Dagster here would cost its memory for as long as we run.
        done = subprocess.run(
            [sys.executable, "-m", "squads_pipeline.server.runs"],
            env=self._environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
            # Ctrl-C is ours to answer.
            start_new_session=True,
        )
        for line in (done.stdout + done.stderr).splitlines():
            self._log.line("runs", line)
        if done.returncode != 0:
            self._log.say(f"Dagster's storage could not be prepared; see {self._home.up_log}")

    def _revive_database(self) -> None:
        if self._embedded is not None and self._embedded.revive():
            self._log.say("PostgreSQL had died and was started again")


@contextmanager
def _only_one(home: Home) -> Iterator[None]:
    with FileLock(home.locks / "up.lock") as lock:
        if not lock.try_exclusive():
            raise InUseError(f"`squads up` runs already for {home.path}: {_read_running(home)}")
        yield


def _running_file(home: Home) -> Path:
    return home.path / "up-address"


def _write_running(home: Home, port: int) -> None:
    _running_file(home).write_text(f"http://{ports.LOOPBACK}:{port} (pid {os.getpid()})", encoding="utf-8")


def _read_running(home: Home) -> str:
    try:
        return _running_file(home).read_text(encoding="utf-8")
    except OSError:
        return "it is just starting"


def _database(home: Home, environ: Mapping[str, str]) -> AbstractContextManager[str]:
    url = configured(environ)
    return nullcontext(url) if url is not None else Embedded(home).use()


def _check(url: str) -> None:
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            check_server(connection)
    except psycopg.OperationalError as error:
        raise ServerError(f"The database does not answer: {error}") from error


def _choose_port(wanted: int | None, log: Logbook) -> int:
    if wanted is not None:
        if not ports.is_free(wanted):
            raise ServerError(
                f"Port {wanted} is taken: choose another with --port, or leave it out to have one chosen."
            )
        return wanted
    port = ports.free_from(DEFAULT_PORT)
    if port != DEFAULT_PORT:
        log.say(f"port {DEFAULT_PORT} is taken, so the user interface is on {port}")
    return port


def _terminate_like_interrupt() -> AbstractContextManager[None]:
    """Until the children run, SIGTERM unwinds as Ctrl-C does and so stops the database."""
    return _on_signals(signal.default_int_handler, signal.SIGTERM, signal.SIGHUP)


def _stop_on_signals(supervisor: Supervisor) -> AbstractContextManager[None]:
    return _on_signals(lambda *_: supervisor.request_stop(), signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def _on_signals(
    handler: Callable[[int, FrameType | None], object], *numbers: signal.Signals
) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
