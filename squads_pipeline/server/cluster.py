"""PostgreSQL's own programs on one data directory: initdb, start, stop. Who uses it: `embedded`.

Callers hold the start lock.
"""

import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from squads_pipeline.server import binaries, ports, postmaster, privileges
from squads_pipeline.server.credentials import SUPERUSER, Credentials, write_private
from squads_pipeline.server.errors import ServerError
from squads_pipeline.server.home import Home
from squads_pipeline.server.privileges import Account

START_SECONDS = 120
# A fast stop writes out what is in memory. One that begins while PostgreSQL 18 recovers from a killed backend
# never ends, so the wait is short enough for a person and then the log is left to be replayed.
STOP_SECONDS = 20
PORTS_TRIED = 5
LOG_BYTES = 10_000_000
PARTIAL = "data.partial."

# Given on the command line at each start, so that they change with the program and not with the data's age.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": ports.LOOPBACK,
    # A socket's path may be at most 107 bytes, and a home may lie deep.
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%a ",
}

INITDB = (
    "--encoding=UTF8",
    # PostgreSQL's own C.UTF-8: order and case are the same on every machine and never change under an index.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth-host=scram-sha-256",
    "--auth-local=scram-sha-256",
    "--data-checksums",
    "--no-instructions",
)


@dataclass(frozen=True)
class Cluster:
    """A data directory and the programs for it; `settings` go over the usual ones."""

    home: Home
    settings: Mapping[str, str] = field(default_factory=dict)

    def create_if_missing(self, credentials: Credentials) -> None:
        """initdb beside the final place, then one rename: the data directory is complete or absent."""
        if self.home.data.exists():
            postmaster.check_version(self.home.data)
            return
        for abandoned in self.home.postgres.glob(f"{PARTIAL}*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        partial = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=self.home.postgres))
        password_file = self.home.postgres / "initdb-password"
        write_private(password_file, credentials.superuser_password)
        try:
            self._own(partial, password_file)
            self._run("initdb", self._initdb_arguments(partial, password_file))
            partial.rename(self.home.data)
        finally:
            password_file.unlink(missing_ok=True)
            shutil.rmtree(partial, ignore_errors=True)

    def start(self) -> int:
        """Start the stopped server and return its port: the last one, or another when that is taken."""
        postmaster.clear_stale(self.home.data)
        self._prepare_log()
        port = self._remembered_port()
        for _ in range(PORTS_TRIED):
            if not ports.is_free(port):
                port = ports.any_free()
            try:
                self._start_on(port)
            except ServerError:
                # Somebody may have taken the port since we looked; any other failure is final.
                if ports.is_free(port):
                    raise
                continue
            self.home.remembered_port.write_text(f"{port}\n", encoding="ascii")
            return port
        raise ServerError(
            f"No free port for PostgreSQL in {PORTS_TRIED} tries; see {self.home.postgres_log}."
        )

    def stop(self) -> None:
        """Stop the server: sessions are ended and their transactions rolled back; nothing when it is down."""
        if postmaster.find(self.home.data) is None:
            return
        try:
            self._control("stop", "-m", "fast", "-t", str(STOP_SECONDS))
        except ServerError:
            # Nothing committed is lost: the next start replays the log.
            self._control("stop", "-m", "immediate", "-t", str(STOP_SECONDS))

    def _start_on(self, port: int) -> None:
        settings = {**SETTINGS, **self.settings, "port": str(port)}
        options = " ".join(shlex.quote(part) for item in settings.items() for part in ("-c", "=".join(item)))
        log_begins = self.home.postgres_log.stat().st_size
        try:
            log = str(self.home.postgres_log)
            self._control("start", "-l", log, "-t", str(START_SECONDS), "-o", options)
        except ServerError as error:
            said = self.home.postgres_log.read_bytes()[log_begins:].decode(errors="replace").strip()
            raise ServerError(f"{error}\n{said}" if said else str(error)) from error

    def _control(self, action: str, *arguments: str) -> None:
        self._run("pg_ctl", [action, "-s", "-w", "-D", str(self.home.data), *arguments])

    def _run(self, program: str, arguments: Sequence[str]) -> None:
        path = binaries.folder() / program
        account = self._account()
        reaching = (path, self.home.data, self.home.postgres_log)
        command = privileges.command(account, [str(path), *arguments], reaching)
        # Not a pipe: the server inherits it and would keep us waiting for its end.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(  # noqa: S603  # our own programs
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False
            )
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
        if done.returncode != 0:
            raise ServerError(_explain(program, said, account, self.home))

    def _initdb_arguments(self, data: Path, password_file: Path) -> list[str]:
        durable = self.settings.get("fsync", "on") == "on"
        own = [f"--pgdata={data}", f"--username={SUPERUSER}", f"--pwfile={password_file}"]
        return [*own, *INITDB, *(() if durable else ("--no-sync",))]

    def _prepare_log(self) -> None:
        log = self.home.postgres_log
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        log.touch(mode=0o600)
        self._own(log)

    def _own(self, *paths: Path) -> None:
        account = self._account()
        if account is not None:
            for path in paths:
                account.give(path)

    def _account(self) -> Account | None:
        return privileges.account_for(self.home.path)

    def _remembered_port(self) -> int:
        try:
            return int(self.home.remembered_port.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return ports.any_free()


def _explain(program: str, said: str, account: Account | None, home: Home) -> str:
    message = f"{program} failed: {said or 'it said nothing'}"
    if account is None:
        return message
    return (
        f"{message}\nPostgreSQL refuses to run as root and so runs as user '{account.name}' here. "
        f"If that user cannot reach the files, set SQUADS_HOME to a folder it can reach (now {home.path}) "
        "and keep the Python environment in such a folder too, or run as an ordinary user."
    )
