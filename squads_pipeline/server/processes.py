"""Processes of this machine by identity, and how to end them. It knows nothing of what they run."""

import contextlib
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import psutil

# The kernel counts start times from boot and the wall clock may be set after boot.
SAME_START_SECONDS = 2.0


@dataclass(frozen=True)
class Identity:
    """A process, not to be mistaken for a later one with the same pid; `started` is seconds since 1970."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The identity of a living process, or None when there is none."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.Error:
            return None

    def process(self) -> psutil.Process | None:
        """The process if it lives and is the same one; a zombie counts as dead."""
        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.started) < SAME_START_SECONDS
            return found if same and found.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


def with_descendants(process: psutil.Process) -> list[psutil.Process]:
    """The process and all below it."""
    with contextlib.suppress(psutil.Error):
        return [process, *process.children(recursive=True)]
    return [process]


def marked(variable: str, value: str) -> list[psutil.Process]:
    """Living processes of this user that were started with the environment variable; it is inherited."""
    found = []
    for process in psutil.process_iter():
        # Other users' processes, and those that end while we look, cannot be read.
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(variable) == value and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def end(processes: Iterable[psutil.Process], *, grace_seconds: float) -> None:
    """SIGTERM, wait, then SIGKILL whatever is left; returns when all are gone."""
    living = list(processes)
    _signal(living, signal.SIGTERM)
    stubborn = wait_gone(living, seconds=grace_seconds)
    _signal(stubborn, signal.SIGKILL)
    wait_gone(stubborn, seconds=5)


def wait_gone(processes: Iterable[psutil.Process], *, seconds: float) -> list[psutil.Process]:
    """Wait for the processes to end; returns those that live on. A zombie has ended."""
    deadline = time.monotonic() + seconds
    left = [process for process in processes if _lives(process)]
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [process for process in left if _lives(process)]
    return left


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        # psutil checks the start time first, so a reused pid is never signalled.
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)
