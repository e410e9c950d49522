"""Keeps child processes alive until told to stop, then leaves none. What they are is the caller's matter."""

import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from squads_pipeline.server import processes
from squads_pipeline.server.children import TOKEN_VARIABLE, Child, ChildSpec, record_of

FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 30.0
HEALTHY_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.2


def _nothing(_: str) -> None:
    """The hook of those who need none."""


@dataclass
class _Slot:
    """A child and its restarts."""

    child: Child
    started: float  # seconds of the monotonic clock, as `due`
    delay: float = FIRST_DELAY_SECONDS
    due: float | None = None  # when to start it again; None while it lives


class Supervisor:
    """Starts children, restarts those that die, and ends them all.

    `record` names the file that lets a later run end what this one leaves if it is killed. `before_restart`
    is called with a child's name when it and all it had started are dead.
    """

    def __init__(
        self,
        record: Path,
        *,
        on_line: Callable[[str, str], None],
        say: Callable[[str], None],
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        before_restart: Callable[[str], None] = _nothing,
    ) -> None:
        self._record = record
        self._on_line = on_line
        self._say = say
        self._token = secrets.token_hex(16)
        self._environment = {
            **(os.environ if environment is None else environment),
            TOKEN_VARIABLE: self._token,
        }
        self._folder = folder
        self._before_restart = before_restart
        self._slots: dict[str, _Slot] = {}
        self._stopping = threading.Event()
        self._killing = threading.Event()

    def request_stop(self) -> None:
        """Ask `watch` to return; a second time, ask `stop` to wait no longer. For signal handlers."""
        (self._killing if self._stopping.is_set() else self._stopping).set()

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stopping.is_set()

    def start(self, specs: Sequence[ChildSpec]) -> None:
        """Start the children and return at once."""
        for spec in specs:
            self._slots[spec.name] = _Slot(self._spawn(spec), time.monotonic())
            self._write_record()

    def wait_ready(self, specs: Sequence[ChildSpec], *, seconds: float) -> bool:
        """Wait until all serve; False when one dies first, the time is over, or a stop is asked for."""
        deadline = time.monotonic() + seconds
        waiting = [spec for spec in specs if spec.ready is not None]
        while waiting:
            if time.monotonic() > deadline or self._stopping.wait(POLL_SECONDS):
                return False
            if any(self._slots[spec.name].child.exit_code() is not None for spec in waiting):
                return False
            waiting = [spec for spec in waiting if spec.ready is not None and not spec.ready()]
        return True

    def watch(self, tick: Callable[[], None] = lambda: None) -> None:
        """Restart what dies until a stop is asked for; `tick` is called several times a second."""
        while not self._stopping.wait(POLL_SECONDS):
            tick()
            for name, slot in self._slots.items():
                if slot.due is None:
                    self._notice_death(name, slot)
                elif time.monotonic() >= slot.due:
                    self._restart(name, slot)

    def stop(self) -> bool:
        """End all children and all they started: asked first, killed after 20 s or a second request.

        False when something had to be killed.
        """
        self._stopping.set()
        children = [slot.child for slot in self._slots.values()]
        for child in children:
            child.signal_group(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while self._any_living() and time.monotonic() < deadline and not self._killing.wait(POLL_SECONDS):
            pass
        stubborn = record_of(self._token, children).living()
        processes.end(stubborn, grace_seconds=0)
        for child in children:
            child.finish(seconds=2)
        self._slots.clear()
        self._record.unlink(missing_ok=True)
        return not stubborn

    def _spawn(self, spec: ChildSpec) -> Child:
        return Child(spec, self._environment, self._folder, self._on_line)

    def _notice_death(self, name: str, slot: _Slot) -> None:
        code = slot.child.exit_code()
        if code is None:
            return
        if time.monotonic() - slot.started > HEALTHY_SECONDS:
            slot.delay = FIRST_DELAY_SECONDS
        self._say(f"{name} ended ({_spoken(code)}); it is started again in {slot.delay:.0f} s")
        # What it had started cannot be steered any more by the one that takes its place.
        slot.child.signal_group(signal.SIGKILL)
        slot.due = time.monotonic() + slot.delay
        slot.delay = min(slot.delay * 2, LONGEST_DELAY_SECONDS)

    def _restart(self, name: str, slot: _Slot) -> None:
        self._before_restart(name)
        slot.child = self._spawn(slot.child.spec)
        slot.started, slot.due = time.monotonic(), None
        self._write_record()

    def _any_living(self) -> bool:
        children = [slot.child for slot in self._slots.values()]
        if any(child.exit_code() is None for child in children):
            return True
        return bool(record_of(self._token, children).living())

    def _write_record(self) -> None:
        record_of(self._token, [slot.child for slot in self._slots.values()]).write(self._record)


def _spoken(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
