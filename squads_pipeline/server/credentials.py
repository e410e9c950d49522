"""The passwords of the embedded server and the URLs made of them. Nothing about servers of the user's own."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from squads_pipeline.server.errors import ServerError
from squads_pipeline.server.ports import LOOPBACK

SUPERUSER = "postgres"
APP_ROLE = "squads"
APP_DATABASE = "squads"


@dataclass(frozen=True)
class Credentials:
    """Random passwords, url-safe so that they need no quoting in a URL."""

    superuser_password: str
    app_password: str

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read them; ServerError when the file is missing or damaged."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise ServerError(
                f"The passwords of the embedded PostgreSQL cannot be read from {path} ({error}). "
                "Restore that file from a backup of the same home, or move the home away to begin anew."
            ) from error

    @classmethod
    def load_or_create(cls, path: Path) -> Self:
        """Read them, or make and store them; they reach the disk before any server is given them."""
        if path.exists():
            return cls.load(path)
        made = cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24))
        write_private(path, json.dumps(asdict(made)))
        return made

    def superuser_url(self, port: int) -> str:
        """For administration only: creating roles and databases."""
        return f"postgresql://{SUPERUSER}:{self.superuser_password}@{LOOPBACK}:{port}/postgres"

    def app_url(self, port: int) -> str:
        """What everything else uses."""
        return f"postgresql://{APP_ROLE}:{self.app_password}@{LOOPBACK}:{port}/{APP_DATABASE}"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, all of it or nothing, and durably."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
