"""What a data directory says about its server, checked against living processes. It starts and stops none."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from squads_pipeline.server import processes
from squads_pipeline.server.binaries import MAJOR_VERSION
from squads_pipeline.server.errors import ServerError

ORPHANS_SECONDS = 10
FIELDS = 8  # the lines of a complete postmaster.pid


@dataclass(frozen=True)
class Postmaster:
    """A living server; `ready` once it takes connections."""

    pid: int
    port: int
    ready: bool


def find(data: Path) -> Postmaster | None:
    """The server that runs on the data directory now; None also for the traces of a dead one."""
    lines = _pid_file(data)
    if len(lines) < FIELDS or not _is_server_of(data, int(lines[0])):
        return None
    return Postmaster(pid=int(lines[0]), port=int(lines[3]), ready=lines[7].strip() == "ready")


def wait_until_ready(data: Path, *, seconds: float) -> Postmaster | None:
    """The server once it takes connections (it may be recovering from a crash), or None without one."""
    deadline = time.monotonic() + seconds
    while (found := find(data)) is not None and not found.ready:
        if time.monotonic() > deadline:
            raise ServerError(
                f"PostgreSQL (pid {found.pid}) has been starting for {seconds:.0f} s; "
                "its log says why. Wait and try again, or end it with `squads db stop --force`."
            )
        time.sleep(0.05)
    return found


def left_traces(data: Path) -> bool:
    """Whether a server was started and not stopped in order: it runs, or it was killed."""
    return (data / "postmaster.pid").exists()


def check_version(data: Path) -> None:
    """ServerError when the data was written by another major version than the programs are."""
    found = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    if found != str(MAJOR_VERSION):
        raise ServerError(
            f"{data} was made by PostgreSQL {found}, but this is version {MAJOR_VERSION}. "
            f"Dump it with the version that made it (pg_dumpall), move {data} away, "
            "and load the dump into the new server; or set SQUADS_HOME to another folder to begin anew."
        )


def clear_stale(data: Path) -> None:
    """Make a start possible after a kill -9 or a reboot; under the start lock, with no server running."""
    if not _pid_file(data):
        return
    # Backends that outlive a killed postmaster hold its shared memory; mostly they leave by themselves.
    stubborn = processes.wait_gone(_orphans(data), seconds=ORPHANS_SECONDS)
    processes.end(stubborn, grace_seconds=1)
    # PostgreSQL itself refuses when its old pid now belongs to any other process of the same user.
    (data / "postmaster.pid").unlink(missing_ok=True)


def _pid_file(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except PermissionError as error:
        raise ServerError(
            f"{data} belongs to another user: run this as that user, or set SQUADS_HOME to your own folder."
        ) from error


def _is_server_of(data: Path, pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return _works_in(process, data)
    except psutil.Error:
        return False


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        return Path(process.cwd()) == data.resolve()
    except psutil.AccessDenied:
        return str(data) in process.cmdline()


def _orphans(data: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name() == "postgres" and _works_in(process, data):
                yield process
