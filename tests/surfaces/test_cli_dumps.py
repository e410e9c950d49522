"""`squads db backup`, `restore` and `move`: what arrives is what was sent, and goes on being true."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import IntegrityError

from squads_pipeline.server.embedded import Embedded
from squads_pipeline.server.home import Home
from squads_pipeline.store import database
from squads_pipeline.store.invariants import INVARIANTS
from tests.conftest import url_of
from tests.surfaces.conftest import Squads


@pytest.fixture
def other(postgres_url: str) -> Iterator[str]:
    """The URL of an empty database."""
    name = f"other_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as administration:
        administration.execute(f'CREATE DATABASE "{name}"')
        yield url_of(postgres_url, name)
        administration.execute(f'DROP DATABASE "{name}"')


def balances(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        return dict(connection.execute("SELECT name, balance_micro FROM squads.accounts").fetchall())


def assert_alive(url: str) -> None:
    """The invariants hold, and facts are still protected."""
    engine = database.engine(url)
    with engine.connect() as connection:
        for invariant in INVARIANTS.values():
            assert invariant.find(connection, None).first == (), invariant.number
        with pytest.raises(IntegrityError, match="facts"):
            connection.execute(text("UPDATE squads.transfers SET amount_micro = 1"))
    engine.dispose()


def test_a_backup_is_restored_and_goes_on(
    community: Squads, database_url: str, other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    community("contribute", "heat", "5", "--as", "ada", "--key", "k")
    file = tmp_path / "backup"
    saved = community("db", "backup", str(file), "--json").document
    before = balances(database_url)
    assert "restore into an empty one" in community("db", "restore", str(file)).err
    monkeypatch.setenv("SQUADS_DATABASE_URL", other)
    restored = community("db", "restore", str(file), "--json").document
    assert (restored["tables"], restored["rows"]) == (saved["tables"], saved["rows"])
    assert balances(other) == before
    assert_alive(other)
    again = community("contribute", "heat", "5", "--as", "ada", "--key", "k", "--json").document
    assert again["repeated"]
    community("contribute", "heat", "5", "--as", "ada", "--key", "next")
    assert balances(other)["squad:heat"] == before["squad:heat"] + 5_000_000
    assert community("ledger", "verify").code == 0


@pytest.mark.parametrize("content", [None, b"rubbish"])
def test_what_is_no_backup_is_refused_and_changes_nothing(
    squads: Squads, other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    monkeypatch.setenv("SQUADS_DATABASE_URL", other)
    file = tmp_path / "backup"
    if content is not None:
        file.write_bytes(content)
    ran = squads("db", "restore", str(file))
    assert ran.code == 1
    assert ("There is no file" if content is None else "pg_restore failed") in ran.err
    with psycopg.connect(other) as connection:
        assert connection.execute("SELECT FROM pg_namespace WHERE nspname = 'squads'").fetchall() == []


def test_a_backup_that_fails_leaves_no_file(
    squads: Squads, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = make_url(database_url).set(username="nobody", password="wrong")  # noqa: S106
    monkeypatch.setenv("SQUADS_DATABASE_URL", wrong.render_as_string(hide_password=False))
    assert squads("db", "backup", str(tmp_path / "backup")).code == 1
    assert not (tmp_path / "backup").exists()


def test_the_embedded_database_moves(
    squads: Squads, other: str, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQUADS_HOME", str(home.path))
    refused = squads("db", "move", other)
    assert "SQUADS_DATABASE_URL names a server of your own already" in refused.err
    monkeypatch.delenv("SQUADS_DATABASE_URL")
    squads("agents", "add", "ada", "--tokens", "100")
    with Embedded(home).use():
        assert "end them first" in squads("db", "move", other).err
    moved = squads("db", "move", other)
    assert moved.code == 0, moved.err
    assert f"export SQUADS_DATABASE_URL='{other}'" in moved.out
    assert balances(other)["wallet:ada"] == 100_000_000
    assert_alive(other)
    assert "empty one" in squads("db", "move", other).err
