"""The embedded PostgreSQL as its users see it: up while anyone uses it. How it is started: `cluster`.

Two locks: `start.lock` is held while the server changes state, `users.lock` is shared by all who use it.
The kernel releases both however a process ends, so a killed user counts no more.
"""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from squads_pipeline.server import binaries, postmaster
from squads_pipeline.server.cluster import START_SECONDS, STOP_SECONDS, Cluster
from squads_pipeline.server.credentials import APP_DATABASE, APP_ROLE, Credentials
from squads_pipeline.server.errors import InUseError, NotRunningError, ServerError
from squads_pipeline.server.home import Home
from squads_pipeline.server.locks import FileLock, exclusive

LIBPQ_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "options": "PGOPTIONS",
}


@dataclass(frozen=True)
class Status:
    """The state of the embedded server at one moment; `port` and `pid` are None when it is down."""

    running: bool
    pid: int | None
    port: int | None
    pinned: bool
    in_use: bool
    data: Path


class Embedded:
    """The server of one home. Cheap to make: nothing happens before a method is called."""

    def __init__(self, home: Home, settings: Mapping[str, str] | None = None) -> None:
        self.home = home
        self._cluster = Cluster(home, settings or {})

    @contextmanager
    def use(self) -> Iterator[str]:
        """The application's URL (postgresql://) while the server is up; the last user out stops it."""
        users = self._users_lock()
        try:
            with self._changing():
                users.take_shared()
                url = self._ensure_up()
            yield url
        finally:
            self._leave(users)

    def start(self) -> str:
        """Start the server if it is down and keep it up until `stop`; returns the application's URL."""
        with self._changing():
            url = self._ensure_up()
            self.home.pin.touch()
        return url

    def stop(self, *, force: bool = False) -> bool:
        """Stop the server; False when it was down.

        Without `force`, InUseError while others use it, and nothing is changed.
        """
        with self._changing(), self._users_lock() as users:
            if not users.try_exclusive() and not force:
                raise InUseError(
                    "Other processes use the embedded PostgreSQL (`squads up`, or a running command). "
                    "End them first, or stop it under their feet with `squads db stop --force`."
                )
            self.home.pin.unlink(missing_ok=True)
            was_up = postmaster.find(self.home.data) is not None
            self._cluster.stop()
        return was_up

    def revive(self) -> bool:
        """For those inside `use`: start a server that died, but not one that was stopped. True if it did."""
        if postmaster.find(self.home.data) is not None or not postmaster.left_traces(self.home.data):
            return False
        with self._changing():
            self._ensure_up()
        return True

    def status(self) -> Status:
        """What is the case now; it starts nothing and creates no folder."""
        found = postmaster.find(self.home.data)
        return Status(
            running=found is not None,
            pid=found.pid if found else None,
            port=found.port if found else None,
            pinned=self.home.pin.exists(),
            in_use=self._in_use(),
            data=self.home.data,
        )

    def url(self) -> str:
        """The application's URL of the running server; NotRunningError with the remedy when it is down."""
        found = postmaster.find(self.home.data)
        if found is None:
            raise NotRunningError(
                f"The embedded PostgreSQL in {self.home.path} is not running: start it with "
                "`squads db start` (or `squads up`), or set SQUADS_DATABASE_URL to a server of your own."
            )
        return Credentials.load(self.home.credentials).app_url(found.port)

    def _ensure_up(self) -> str:
        found = postmaster.wait_until_ready(self.home.data, seconds=START_SECONDS)
        if found is not None:
            return Credentials.load(self.home.credentials).app_url(found.port)
        for folder in (self.home.postgres, self.home.logs):
            folder.mkdir(parents=True, exist_ok=True)
        credentials = self._credentials()
        self._cluster.create_if_missing(credentials)
        port = self._cluster.start()
        _ensure_role_and_database(credentials, port)
        return credentials.app_url(port)

    def _credentials(self) -> Credentials:
        # Data without its passwords is an error to report, never a reason to invent new ones.
        if self.home.data.exists():
            return Credentials.load(self.home.credentials)
        return Credentials.load_or_create(self.home.credentials)

    def _leave(self, users: FileLock) -> None:
        with users, self._changing():
            if users.try_exclusive() and not self.home.pin.exists():
                self._cluster.stop()

    def _changing(self) -> AbstractContextManager[None]:
        path, seconds = self.home.locks / "start.lock", START_SECONDS + STOP_SECONDS
        return exclusive(path, wait_seconds=seconds, doing="starting or stopping PostgreSQL")

    def _users_lock(self) -> FileLock:
        return FileLock(self.home.locks / "users.lock")

    def _in_use(self) -> bool:
        if not self.home.locks.exists():
            return False
        with self._users_lock() as users:
            return not users.try_exclusive()


def psql(url: str, arguments: Sequence[str]) -> int:
    """Run the wheel's psql, or the one on PATH, on the terminal; returns its exit code."""
    try:
        program = str(binaries.folder() / "psql")
    except ServerError:
        program = "psql"
    # Ctrl-C is for psql, which cancels the query with it.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        environment = {**os.environ, **libpq_environment(url)}
        return subprocess.run([program, *arguments], env=environment, check=False).returncode  # noqa: S603
    finally:
        signal.signal(signal.SIGINT, before)


def libpq_environment(url: str) -> dict[str, str]:
    """The URL as libpq's variables: a password on the command line would be visible to every user."""
    parts = psycopg.conninfo.conninfo_to_dict(url)
    return {
        variable: str(parts[key]) for key, variable in LIBPQ_VARIABLES.items() if parts.get(key) is not None
    }


def _ensure_role_and_database(credentials: Credentials, port: int) -> None:
    """Idempotent, so that a start that was killed half way is completed by the next."""
    with psycopg.connect(credentials.superuser_url(port), autocommit=True) as connection:
        role, database = sql.Identifier(APP_ROLE), sql.Identifier(APP_DATABASE)
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE]).fetchone()
        if known is None:
            password = sql.Literal(credentials.app_password)
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(role, password))
        # For the analysts' role. Also where the data are older than this right.
        connection.execute(sql.SQL("ALTER ROLE {} CREATEROLE").format(role))
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [APP_DATABASE]).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
