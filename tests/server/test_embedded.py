"""The embedded PostgreSQL: started by the first user, stopped by the last, and whole after any kill."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from squads_pipeline.server import postmaster, processes
from squads_pipeline.server.embedded import Embedded
from squads_pipeline.server.errors import InUseError, NotRunningError, ServerError
from squads_pipeline.server.home import Home

SMALL = {"shared_buffers": "16MB"}
USER = """
import sys
from pathlib import Path
from squads_pipeline.server.embedded import Embedded
from squads_pipeline.server.home import Home
with Embedded(Home(Path(sys.argv[1])), {"shared_buffers": "16MB"}).use() as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def server(home: Home) -> Iterator[Embedded]:
    made = Embedded(home, SMALL)
    yield made
    made.stop(force=True)


class User:
    """Another process that uses the server until told otherwise."""

    def __init__(self, home: Home) -> None:
        arguments = [sys.executable, "-c", USER, str(home.path)]
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )

    def url(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        self.process.communicate("")
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_the_server_lives_as_long_as_its_user(server: Embedded) -> None:
    assert not server.status().running
    with server.use() as url, psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT current_user, current_setting('is_superuser'), current_setting('TimeZone'),"
            " current_setting('data_checksums'), current_setting('server_encoding'),"
            " current_setting('listen_addresses')"
        ).fetchone()
        assert found == ("squads", "off", "UTC", "on", "UTF8", "127.0.0.1")
        assert server.status().in_use
    assert not server.status().running
    assert not server.status().in_use


def test_what_was_committed_is_there_the_next_time_on_the_same_port(server: Embedded) -> None:
    with server.use() as first:
        _execute(first, "CREATE TABLE kept AS SELECT 7 AS n")
    with server.use() as second:
        assert _value(second, "SELECT n FROM kept") == 7
    assert first == second


def test_a_second_user_keeps_the_server_up(server: Embedded, home: Home) -> None:
    other = User(home)
    assert other.url()
    with server.use():
        pass
    assert server.status().running
    other.leave()
    assert not server.status().running


def test_two_starters_at_once_share_one_server(server: Embedded, home: Home) -> None:
    users = [User(home) for _ in range(3)]
    urls = {user.url() for user in users}
    assert len(urls) == 1
    for user in users:
        user.leave()
    assert not server.status().running


def test_a_killed_user_counts_no_more(server: Embedded, home: Home) -> None:
    killed = User(home)
    assert killed.url()
    killed.kill()
    assert server.status().running
    with server.use():
        pass
    assert not server.status().running


def test_a_pinned_server_outlives_its_users_until_it_is_stopped(server: Embedded) -> None:
    url = server.start()
    with server.use() as same:
        assert same == url
    assert server.status().running
    assert server.stop()
    assert not server.status().running
    assert not server.status().pinned
    assert not server.stop()


def test_stop_refuses_while_others_use_it_unless_forced(server: Embedded, home: Home) -> None:
    other = User(home)
    assert other.url()
    with pytest.raises(InUseError, match="--force"):
        server.stop()
    assert server.status().running
    assert server.stop(force=True)
    other.leave()


def test_without_a_server_the_url_names_the_remedy(server: Embedded) -> None:
    with pytest.raises(NotRunningError, match="squads db start"):
        server.url()


def test_committed_data_survives_a_killed_postmaster(server: Embedded) -> None:
    with server.use() as url:
        _execute(url, "CREATE TABLE kept AS SELECT 7 AS n")
        connection = psycopg.connect(url)
        connection.execute("INSERT INTO kept VALUES (8)")
        _kill(psutil.Process(_pid(server)))
        connection.close()
        assert server.revive()
        assert _value(url, "SELECT array_agg(n) FROM kept") == [7]
        assert not server.revive()


def test_everything_killed_at_once_is_started_again(server: Embedded) -> None:
    url = server.start()
    _execute(url, "CREATE TABLE kept AS SELECT 7 AS n")
    parent = psutil.Process(_pid(server))
    _kill(parent, *parent.children())
    assert not server.status().running
    assert _value(server.start(), "SELECT n FROM kept") == 7


def test_a_pid_that_now_belongs_to_another_program_is_seen_through(server: Embedded, home: Home) -> None:
    with server.use():
        left = (home.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    # As after a reboot, when the number was given to somebody else: here, to us.
    left[0] = str(os.getpid())
    (home.data / "postmaster.pid").write_text("\n".join(left), encoding="utf-8")
    assert postmaster.find(home.data) is None
    with server.use() as url:
        assert _value(url, "SELECT 1") == 1


def test_a_taken_port_is_given_up_for_another(server: Embedded) -> None:
    with server.use():
        port = server.status().port
    assert port is not None
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        with server.use() as url:
            assert server.status().port != port
            assert _value(url, "SELECT 1") == 1


def test_an_abandoned_initdb_is_begun_anew(server: Embedded, home: Home) -> None:
    abandoned = home.postgres / "data.partial.gone"
    abandoned.mkdir(parents=True)
    (abandoned / "PG_VERSION").write_text("18\n", encoding="ascii")
    with server.use() as url:
        assert _value(url, "SELECT 1") == 1
    assert not abandoned.exists()


def test_data_of_another_version_is_refused_with_the_remedy(server: Embedded, home: Home) -> None:
    with server.use():
        pass
    (home.data / "PG_VERSION").write_text("16\n", encoding="ascii")
    with pytest.raises(ServerError, match=r"PostgreSQL 16.*pg_dumpall"), server.use():
        pass
    assert not server.status().running


def test_data_without_its_passwords_is_refused(server: Embedded, home: Home) -> None:
    with server.use():
        pass
    home.credentials.unlink()
    with pytest.raises(ServerError, match="backup"), server.use():
        pass


def test_the_passwords_are_for_the_owner_alone(server: Embedded, home: Home) -> None:
    with server.use() as url:
        assert home.credentials.stat().st_mode & 0o077 == 0
        wrong = url.replace("squads:", "squads:x", 1)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_as_root_a_home_that_others_cannot_enter_is_no_hindrance(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = Embedded(Home(closed / "deep" / "home"), SMALL)
    with server.use() as url:
        assert _value(url, "SELECT 1") == 1
        assert psutil.Process(_pid(server)).uids().effective != 0
    assert closed.stat().st_mode & 0o777 == 0o700


def _pid(server: Embedded) -> int:
    pid = server.status().pid
    assert pid is not None
    return pid


def _kill(*killed: psutil.Process) -> None:
    for process in killed:
        # Without their parent the children leave by themselves.
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    assert processes.wait_gone(killed, seconds=5) == []


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


def _value(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]
