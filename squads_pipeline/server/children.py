"""Child processes that leave no trace: how one is started, and found again after its parent was killed."""

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

import psutil

from squads_pipeline.server import processes
from squads_pipeline.server.processes import Identity

# In the environment of each child and so of all below it: orphaned run workers are found by it.
TOKEN_VARIABLE = "SQUADS_UP_TOKEN"  # noqa: S105  # a mark, not a secret


@dataclass(frozen=True)
class ChildSpec:
    """What to start; `ready` says whether it serves yet (None: as soon as it lives)."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None


class Child:
    """One started process, leader of its own session: Ctrl-C on the terminal reaches only its parent."""

    def __init__(
        self,
        spec: ChildSpec,
        environment: Mapping[str, str],
        folder: Path | None,
        on_line: Callable[[str, str], None],
    ) -> None:
        self.spec = spec
        self._popen = subprocess.Popen(  # noqa: S603  # the caller's own command line
            spec.argv,
            cwd=folder,
            env={**environment, **spec.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self.identity = Identity.of(self._popen.pid) or Identity(self._popen.pid, 0.0)
        self._reader = threading.Thread(
            target=self._read, args=(on_line,), name=f"log of {spec.name}", daemon=True
        )
        self._reader.start()

    def exit_code(self) -> int | None:
        """None while it lives; negative for a signal."""
        return self._popen.poll()

    def signal_group(self, number: signal.Signals) -> None:
        """Signal it and what it started, also when itself is dead and not yet replaced."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, number)

    def finish(self, *, seconds: float) -> None:
        """Take in its last lines, once it and all that write to its log are dead."""
        self._popen.poll()
        self._reader.join(timeout=seconds)

    def _read(self, on_line: Callable[[str, str], None]) -> None:
        assert self._popen.stdout is not None  # noqa: S101  # asked for above
        with self._popen.stdout as stream:
            for line in stream:
                on_line(self.spec.name, line)


@dataclass(frozen=True)
class Record:
    """Which processes one supervisor started; on disk while it runs."""

    token: str
    children: tuple[Identity, ...] = ()

    def write(self, path: Path) -> None:
        """Replace the file in one step."""
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self)), encoding="utf-8")
        partial.replace(path)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """None when there is none, or it cannot be understood: then nothing of it may be ended."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return cls(found["token"], tuple(Identity(**child) for child in found["children"]))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def living(self) -> list[psutil.Process]:
        """The recorded children, all below them, and all that carry the token."""
        found: set[psutil.Process] = set(processes.marked(TOKEN_VARIABLE, self.token))
        for child in self.children:
            leader = child.process()
            if leader is not None:
                found.update(processes.with_descendants(leader))
        return list(found)


def end_leftovers(path: Path, *, grace_seconds: float = 5) -> int:
    """End what a supervisor that was killed left running; returns how many processes that were."""
    record = Record.read(path)
    if record is None:
        return 0
    left = record.living()
    processes.end(left, grace_seconds=grace_seconds)
    path.unlink(missing_ok=True)
    return len(left)


def record_of(token: str, children: Iterable[Child]) -> Record:
    """The record of these children."""
    return Record(token, tuple(child.identity for child in children))
