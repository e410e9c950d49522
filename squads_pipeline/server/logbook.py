"""The one log of `squads up`: all lines to a file, those that matter to the terminal. No processes."""

import re
import threading
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.text import Text

COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# Dagster writes "time - logger - LEVEL - text", uvicorn "LEVEL: text": the level is near the beginning.
LEVEL = re.compile(r"\b(DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL)\b")
LEVEL_WITHIN = 90
EXCEPTION = re.compile(r"[\w.]+(Error|Exception|Exit|Interrupt)\b")
QUIET_LEVELS = frozenset({"DEBUG", "INFO"})
KEPT_BYTES = 10_000_000


class Logbook:
    """Lines of many processes, each under its process's name; safe to call from several threads.

    Of the processes in `heard`, lines without a level are for the terminal too.
    """

    def __init__(self, path: Path, console: Console, heard: Collection[str] = ()) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > KEPT_BYTES:
            path.replace(path.with_suffix(".log.1"))
        self._file: TextIO = path.open("a", encoding="utf-8", buffering=1)
        self._console = console
        self._heard = frozenset(heard)
        self._lock = threading.Lock()
        self._loud: dict[str, bool] = {}
        self._hushed = False

    def line(self, name: str, text: str) -> None:
        """A line that the process `name` wrote; shown on the terminal from WARNING on."""
        plain = COLOURS.sub("", text.rstrip())
        with self._lock:
            self._file.write(f"{name:<10} | {plain}\n")
            if self._is_loud(name, plain) and not self._hushed:
                self._show(name, plain)

    def say(self, text: str) -> None:
        """Something of our own, always shown."""
        with self._lock:
            self._file.write(f"{'squads':<10} | {text}\n")
            self._show("squads", text)

    def hush(self) -> None:
        """From now on the processes' lines go to the file only: those of being stopped are noise."""
        self._hushed = True

    def close(self) -> None:
        """Lines that come later are an error, so stop the processes first."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _is_loud(self, name: str, plain: str) -> bool:
        level = LEVEL.search(plain[:LEVEL_WITHIN])
        if level is not None:
            self._loud[name] = level.group() not in QUIET_LEVELS
            return self._loud[name]
        if name in self._heard:
            return True
        # Lines without a level belong to the line before them. Of a traceback the errors are enough here.
        if plain.startswith("Traceback"):
            self._loud[name] = True
        return self._loud.get(name, False) and EXCEPTION.match(plain) is not None

    def _show(self, name: str, plain: str) -> None:
        self._console.print(Text.assemble((f"{name:<10} ", "cyan"), plain), soft_wrap=True)
