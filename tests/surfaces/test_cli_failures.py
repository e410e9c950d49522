"""What the command line says when the database is not there, and how quickly it helps."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text

from squads_pipeline.surfaces.cli import main
from tests.surfaces.conftest import Squads

PROGRAM = (sys.executable, "-m", "squads_pipeline.surfaces.cli")
HEAVY = ("dagster", "matplotlib", "pandas", "pyarrow", "sqlalchemy", "psycopg")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom squads_pipeline.surfaces.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    commands = ("up", "demo", "reconcile", "gaps", "status", "contribute", "table", "import contributions")
    groups = ("ledger verify", "ledger mint", "policy show", "policy diff", "policy apply")
    others = ("agents add", "squads add", "db url", "db start", "db stop", "db psql")
    for command in (*commands, *groups, *others):
        with pytest.raises(SystemExit) as ended:
            main([*command.split(), "--help"])
        assert ended.value.code == 0
    assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize("command", [("gaps",), ("status",), ("table", "agents"), ("db", "psql")])
def test_a_database_that_is_down(
    squads: Squads, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("SQUADS_DATABASE_URL", "postgresql://squads@127.0.0.1:1/squads")
    ran = squads(*command)
    assert ran.code == 1
    assert "The database does not answer" in ran.err
    assert "SQUADS_DATABASE_URL" in ran.err


def test_a_database_of_another_name(
    squads: Squads, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    wrong = make_url(database_url).set(database="nonsense").render_as_string(hide_password=False)
    monkeypatch.setenv("SQUADS_DATABASE_URL", wrong)
    ran = squads("gaps", "--json")
    assert (ran.code, ran.document["error"]["kind"]) == (1, "database")
    assert "nonsense" in ran.document["error"]["message"]


def test_an_address_that_is_none(squads: Squads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQUADS_DATABASE_URL", "mysql://root:secret@host/db")
    ran = squads("gaps")
    assert (ran.code, "secret" in ran.err) == (1, False)
    assert "must look like postgresql://" in ran.err


def test_the_users_own_server_is_not_stopped(squads: Squads, database_url: str) -> None:
    assert squads("db", "stop").code == 1
    assert squads("db", "url", "--json").document == {"url": database_url}
    assert squads("db", "start", "--json").document["embedded"] is False


def test_an_embedded_server_that_is_down(squads: Squads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SQUADS_DATABASE_URL")
    ran = squads("db", "url", "--json")
    assert (ran.code, ran.document["error"]["kind"]) == (1, "not_running")


def test_psql_gets_its_arguments_and_its_exit_code(database_url: str) -> None:
    environment = {**os.environ, "SQUADS_DATABASE_URL": database_url}
    done = subprocess.run(
        [*PROGRAM, "db", "psql", "-Atc", "SELECT 6 * 7"],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "42\n")


def test_ctrl_c_is_no_traceback(database_url: str, engine: Engine, tmp_path: Path) -> None:
    big = tmp_path / "big.csv"
    rows = (f"p,c,1,2020-01-01T00:00:{number % 60:02d}.{number:06d}Z\n" for number in range(400_000))
    with big.open("w", encoding="utf-8") as file:
        file.write("project_id,contributor_id,amount,ts\n")
        file.writelines(rows)
    with subprocess.Popen(
        [*PROGRAM, "import", "contributions", str(big), "--create-missing"],
        env={**os.environ, "SQUADS_DATABASE_URL": database_url},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        _wait_for_copy(engine)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert err.startswith("error: Interrupted")


def _wait_for_copy(engine: Engine) -> None:
    """Wait until the other process is in the middle of its work."""
    until = time.monotonic() + 30
    busy = text("SELECT count(*) FROM pg_stat_progress_copy WHERE datname = current_database()")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.scalar(busy):
            assert time.monotonic() < until, "the import never began"
            time.sleep(0.05)


def test_a_reader_that_has_seen_enough_is_no_traceback(database_url: str) -> None:
    done = subprocess.run(  # noqa: S602  # the pipe is the point
        f"{sys.executable} -m squads_pipeline.surfaces.cli table accounts --format csv | true",
        env={**os.environ, "SQUADS_DATABASE_URL": database_url},
        shell=True,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stderr == ""
