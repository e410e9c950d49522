"""Where messages to the knowledge graph go: a file of JSON lines, or an HTTP endpoint. No SQL, no retries.

A sink that returns has taken the message for good. One message may come twice, under the same id.
"""

import base64
import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO, Final, Protocol
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from squads_pipeline.store.errors import RefusedError
from squads_pipeline.store.outbox import Message

VARIABLE: Final = "SQUADS_KNOWLEDGE_SINK"
TIMEOUT_SECONDS: Final = 10
_TRY_AGAIN: Final = (408, 425, 429)
"""Refusals that are about the moment, not about the message."""
_SERVER_ERRORS: Final = 500
_LONGEST: Final = 300


class DeliveryError(Exception):
    """A message that was not taken.

    Attributes:
        away: whether the sink as a whole takes nothing now; False if it refuses this message alone.
    """

    def __init__(self, reason: str, *, away: bool) -> None:
        super().__init__(" ".join(reason.split())[:_LONGEST])
        self.away = away


class Sink(Protocol):
    """Takes messages."""

    @property
    def name(self) -> str:
        """What to call it, without secrets."""

    def deliver(self, message: Message) -> None:
        """Hand a message over; returns when it is safe there.

        Raises:
            DeliveryError: it was not taken, or it is not known whether it was.
        """


@dataclass(frozen=True, slots=True)
class FileSink:
    """Appends each message to a file as a line of JSON, and waits until it is on the disk."""

    path: Path

    @property
    def name(self) -> str:
        """The file."""
        return f"file:{self.path}"

    def deliver(self, message: Message) -> None:
        """Append one line; a line that a crash has cut off is ended first, so that only it is lost."""
        try:
            is_new = not self.path.exists()
            with self.path.open("ab+") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                cut_off = file.seek(0, os.SEEK_END) > 0 and _last_byte(file) != b"\n"
                file.write(b"\n" * cut_off + _document(message) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            if is_new:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise DeliveryError(f"{self.path}: {error.strerror or error}", away=True) from error


@dataclass(frozen=True, slots=True)
class HttpSink:
    """Posts each message as a JSON document, with its key in the header Idempotency-Key."""

    url: str

    @property
    def name(self) -> str:
        """The address without user, password and query."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"

    def deliver(self, message: Message) -> None:
        """Post once; only an answer of 200 to 299 counts as taken."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": message.key}
        address, credentials = _without_credentials(self.url)
        request = Request(  # noqa: S310  # http or https
            address, data=_document(message), headers={**headers, **credentials}, method="POST"
        )
        try:
            with build_opener(_NoRedirects).open(request, timeout=TIMEOUT_SECONDS):
                return
        except HTTPError as error:
            with error:
                away = error.code >= _SERVER_ERRORS or error.code in _TRY_AGAIN
                raise DeliveryError(f"{self.name} answered {error.code} {error.reason}", away=away) from error
        except (OSError, HTTPException) as error:
            raise DeliveryError(
                f"{self.name} cannot be reached: {getattr(error, 'reason', error)}", away=True
            ) from error


class _NoRedirects(HTTPRedirectHandler):
    """Following one would turn the POST into a GET, and whatever that answers would count as taken."""

    def redirect_request(self, *_: object) -> None:
        return None


def is_configured(environment: Mapping[str, str]) -> bool:
    """Whether the environment names a sink at all."""
    return bool(environment.get(VARIABLE, "").strip())


def configured(environment: Mapping[str, str]) -> Sink | None:
    """The sink that the environment names; None if it names none.

    Raises:
        RefusedError: it names something else.
    """
    given = environment.get(VARIABLE, "").strip()
    if not given:
        return None
    path = Path(given.removeprefix("file:"))
    if given.startswith("file:") and path.is_absolute():
        return FileSink(path)
    if _is_http(given):
        return HttpSink(given)
    raise RefusedError(
        f"{VARIABLE} names no sink",
        "Set it to file:/absolute/path.jsonl or to an http:// or https:// address.",
    )


def _is_http(given: str) -> bool:
    try:
        parts = urlsplit(given)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _without_credentials(url: str) -> tuple[str, dict[str, str]]:
    """The address without user and password, and the header that says them."""
    parts = urlsplit(url)
    user, is_given, host = parts.netloc.rpartition("@")
    if not is_given:
        return url, {}
    said = base64.b64encode(unquote(user).encode()).decode()
    return parts._replace(netloc=host).geturl(), {"Authorization": f"Basic {said}"}


def _document(message: Message) -> bytes:
    content = {
        "id": message.key,
        "topic": message.topic,
        "created_at": message.created_at.isoformat(),
        "payload": message.payload,
    }
    return json.dumps(content, ensure_ascii=False).encode()


def _last_byte(file: IO[bytes]) -> bytes:
    file.seek(-1, os.SEEK_END)
    return file.read(1)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
