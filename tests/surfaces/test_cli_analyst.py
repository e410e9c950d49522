"""`squads db analyst`: a role that reads what is open and nothing else, on the embedded server and on another."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

import squads_pipeline
from squads_pipeline.server import postmaster
from squads_pipeline.server.credentials import Credentials
from squads_pipeline.server.embedded import Embedded
from squads_pipeline.server.home import Home
from squads_pipeline.store import catalog, database, migrate
from squads_pipeline.store.analyst_role import ROLE
from tests.conftest import FAST, url_of
from tests.surfaces.conftest import Squads


@pytest.fixture(scope="module")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The home of a running server: roles belong to a server, so these tests have one to themselves."""
    home = Home(tmp_path_factory.mktemp("analyst") / "home")
    with Embedded(home, FAST).use():
        yield home


@pytest.fixture
def embedded(own_home: Home, monkeypatch: pytest.MonkeyPatch, squads: Squads) -> Squads:
    """`squads`, on the embedded server of the home."""
    monkeypatch.setenv("SQUADS_HOME", str(own_home.path))
    monkeypatch.delenv("SQUADS_DATABASE_URL")
    return squads


@pytest.fixture
def owner(own_home: Home) -> Iterator[psycopg.Connection]:
    """The pipeline's own connection to that server's database."""
    with psycopg.connect(Embedded(own_home).url(), autocommit=True) as connection:
        migrate.upgrade(Embedded(own_home).url())
        yield connection


@pytest.fixture
def superuser(own_home: Home) -> Iterator[psycopg.Connection]:
    """The server's administrator."""
    with psycopg.connect(_administration(own_home), autocommit=True) as connection:
        yield connection


@pytest.fixture
def plain_user(own_home: Home, superuser: psycopg.Connection) -> Iterator[str]:
    """The URL of a database that belongs to a user who may not create roles, on a server without the role."""
    _drop_role(superuser, own_home)
    superuser.execute("CREATE ROLE plain LOGIN PASSWORD 'plain'")
    superuser.execute("CREATE DATABASE plain OWNER plain")
    whole = make_url(_administration(own_home)).set(username="plain", password="plain", database="plain")  # noqa: S106
    yield whole.render_as_string(hide_password=False)
    superuser.execute("DROP DATABASE plain WITH (FORCE)")
    superuser.execute("DROP ROLE plain")
    _drop_role(superuser, own_home)


def _administration(home: Home) -> str:
    found = postmaster.find(home.data)
    assert found is not None
    return Credentials.load(home.credentials).superuser_url(found.port)


def _drop_role(superuser: psycopg.Connection, home: Home) -> None:
    if superuser.execute("SELECT FROM pg_roles WHERE rolname = %s", [ROLE]).fetchall():
        with psycopg.connect(url_of(_administration(home), "squads"), autocommit=True) as connection:
            connection.execute(f"DROP OWNED BY {ROLE}")
        superuser.execute(f"DROP ROLE {ROLE}")


def denied(url: str, statement: str) -> bool:
    """Whether the statement is refused for want of a privilege, in a transaction that may write."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        try:
            connection.execute(statement)
        except psycopg.errors.InsufficientPrivilege:
            return True
        return False


def reads(url: str, relation: str) -> bool:
    return not denied(url, f"SELECT * FROM {relation} LIMIT 1")


def test_everything_open_is_read_and_nothing_is_written(embedded: Squads) -> None:
    url = embedded("db", "analyst").out.strip()
    engine = database.engine(Embedded(Home.from_environment(os.environ)).url())
    with engine.connect() as connection:
        relations = catalog.relations(connection)
    engine.dispose()
    assert len(relations) > 30
    for one in relations:
        assert reads(url, one.full_name), one.full_name
        for change in ("DELETE FROM {}", "TRUNCATE {}", "INSERT INTO {} DEFAULT VALUES", "DROP TABLE {}"):
            assert one.is_view or denied(url, change.format(one.full_name)), one.full_name
    for statement in (
        "CREATE SCHEMA mine",
        "CREATE TABLE squads.mine ()",
        "CREATE TABLE public.mine ()",
        "SELECT nextval(pg_get_serial_sequence('squads.transfers', 'id'))",
        "SET ROLE squads",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY squads.agents TO PROGRAM 'cat'",
    ):
        assert denied(url, statement), statement
    with psycopg.connect(url, autocommit=True) as connection_:
        assert connection_.execute("SHOW transaction_read_only").fetchone() == ("on",)
        assert connection_.execute("SHOW timezone").fetchone() == ("UTC",)


def test_secrets_are_never_granted_and_new_tables_are(embedded: Squads, owner: psycopg.Connection) -> None:
    url = embedded("db", "analyst").out.strip()
    owner.execute("CREATE TABLE squads.api_tokens (id integer, token_hash text)")
    owner.execute("CREATE VIEW squads.live_tokens AS SELECT id FROM squads.api_tokens")
    owner.execute("CREATE VIEW gaps.token_report AS SELECT count(*) FROM squads.live_tokens")
    owner.execute("CREATE TABLE marts.newcomer (id integer)")
    try:
        # As default privileges, or an owner's slip, would have it.
        owner.execute(f"GRANT SELECT ON squads.api_tokens, squads.live_tokens TO {ROLE}")
        assert not reads(url, "marts.newcomer")
        assert embedded("db", "analyst").code == 0
        url = embedded("db", "analyst").out.strip()
        secret = ("squads.api_tokens", "squads.live_tokens", "gaps.token_report")
        assert [reads(url, one) for one in secret] == [False, False, False]
        assert reads(url, "marts.newcomer")
    finally:
        owner.execute("DROP TABLE squads.api_tokens CASCADE")
        owner.execute("DROP TABLE marts.newcomer")


def test_an_upgrade_grants_what_it_made(embedded: Squads, owner: psycopg.Connection) -> None:
    """The gaps' schema is made anew, and with it all grants on it."""
    url = embedded("db", "analyst").out.strip()
    owner.execute("CREATE TABLE marts.newcomer (id integer)")
    owner.execute("COMMENT ON SCHEMA gaps IS 'made by an older version'")
    try:
        migrate.upgrade(Embedded(Home.from_environment(os.environ)).url())
        assert reads(url, "gaps.qf_matches")
        assert reads(url, "marts.newcomer")
    finally:
        owner.execute("DROP TABLE marts.newcomer")


def test_a_call_ends_the_password_before(embedded: Squads) -> None:
    first = embedded("db", "analyst", "--json").document
    assert (first["role"], first["new_password"]) == ("squads_analyst", True)
    assert reads(first["url"], "marts.squad_pools")
    second = embedded("db", "analyst").out.strip()
    assert reads(second, "marts.squad_pools")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(first["url"])


def test_the_password_is_scram_and_in_no_log(
    embedded: Squads, superuser: psycopg.Connection, own_home: Home
) -> None:
    superuser.execute("ALTER ROLE squads SET log_statement = 'all'")
    password = make_url(embedded("db", "analyst").out.strip()).password
    superuser.execute("ALTER ROLE squads RESET log_statement")
    log = own_home.postgres_log.read_text(encoding="utf-8")
    assert 'ALTER ROLE "squads_analyst" PASSWORD \'SCRAM-SHA-256$4096:' in log
    assert password
    assert password not in log
    [(stored,)] = superuser.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [ROLE]).fetchall()
    assert stored.startswith("SCRAM-SHA-256$")


def test_an_analysts_url_is_enough_for_reading_commands(
    embedded: Squads, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert embedded("agents", "add", "ada", "--tokens", "2.5").code == 0
    monkeypatch.setenv("SQUADS_DATABASE_URL", embedded("db", "analyst").out.strip())
    assert [row["id"] for row in embedded("table", "agents", "--json").document] == ["ada"]
    assert list(squads_pipeline.read("agents")["id"]) == ["ada"]
    assert embedded("export", str(tmp_path / "tree"), "--json").document["tables"]["agents"] == 1
    ran = embedded("agents", "add", "bo")
    assert (ran.code, "read-only" in ran.err) == (1, True)


def test_a_user_who_may_not_create_roles_is_told_what_to_run(
    squads: Squads, plain_user: str, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQUADS_DATABASE_URL", plain_user)
    ran = squads("db", "analyst")
    assert ran.code == 1
    assert "There is no role squads_analyst on this server, and user plain may not create it" in ran.err
    told = "CREATE ROLE squads_analyst LOGIN PASSWORD 'choose-one';"
    assert f"Have a superuser run: {told}" in " ".join(ran.err.split())
    superuser.execute(told)
    ran = squads("db", "analyst")
    assert (ran.code, "keeps the password that it has" in ran.err) == (0, True)
    given = make_url(ran.out.strip())
    assert (given.username, given.password, given.database) == ("squads_analyst", None, "plain")
    whole = given.set(password="choose-one").render_as_string(hide_password=False)  # noqa: S106
    assert reads(whole, "marts.squad_pools")
    assert denied(whole, "DELETE FROM marts.squad_pools")
