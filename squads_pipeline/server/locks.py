"""Locks between processes, which the kernel releases however a process ends. Not locks in the database."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from squads_pipeline.server.errors import InUseError

POLL_SECONDS = 0.05


class FileLock:
    """An flock on a file of its own.

    Each instance opens the file anew, so two instances in one process exclude each other as two processes do.
    The descriptor is not inherited, so a server that is started under the lock does not keep it.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def take_shared(self) -> None:
        """Wait for, and hold, a shared lock."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def try_exclusive(self) -> bool:
        """Hold the exclusive lock if nobody else holds any; this instance's shared lock turns into it."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Let go; calling it twice does no harm."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def exclusive(path: Path, *, wait_seconds: float, doing: str) -> Iterator[None]:
    """Hold the lock at `path`; InUseError says that another process is `doing` after `wait_seconds`."""
    deadline = time.monotonic() + wait_seconds
    with FileLock(path) as lock:
        while not lock.try_exclusive():
            if time.monotonic() > deadline:
                raise InUseError(
                    f"Another process has been {doing} for {wait_seconds:.0f} s and holds {path}. "
                    "Wait for it, or end it, and try again."
                )
            time.sleep(POLL_SECONDS)
        yield
