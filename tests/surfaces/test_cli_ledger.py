"""`squads ledger verify --chain` and `--file`, `ledger export`: what they answer, and that they fail when they must."""

import gzip
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import policies
from tests.dagster.conftest import tamper
from tests.surfaces.conftest import Squads

RUNBOOK = Path(__file__).parents[2] / "docs" / "operators.md"


@pytest.fixture
def sealed(community: Squads, engine: Engine) -> Squads:
    """A community with three sealed transfers, and one that waits."""
    for seconds in (0, 600):
        with engine.begin() as connection:
            policy = Policy(seal_after_seconds=seconds)
            policies.adopt(connection, policy, adopted_by="test", reason="test")
        if seconds == 0:
            assert community("contribute", "heat", "25", "--as", "ada").code == 0
            assert community("reconcile", "--only", "ledger_seals", "--json").document["ok"] is True
    assert community("contribute", "heat", "9", "--as", "bob").code == 0
    return community


def change(engine: Engine, what: str) -> None:
    with engine.begin() as connection:
        tamper(connection, "transfers", what)


def test_the_chain_holds(sealed: Squads) -> None:
    ran = sealed("ledger", "verify", "--chain")
    assert ran.code == 0
    *verdicts, last = ran.out.splitlines()
    assert [line[:9] for line in verdicts] == ["OK   seal"] * 3
    assert re.fullmatch(r"3 transfers sealed, 1 wait; head [0-9a-f]{64}", last)
    document = sealed("ledger", "verify", "--chain", "--json").document
    assert (document["ok"], document["chain"]["transfers"], document["chain"]["unsealed"]) == (True, 3, 1)
    assert sealed("ledger", "verify").out.count("OK   seal") == 3


@pytest.mark.parametrize("options", [("--chain",), ()])
def test_a_changed_transfer_fails_and_is_named(
    sealed: Squads, engine: Engine, options: tuple[str, ...]
) -> None:
    change(engine, "reason = 'a favour' WHERE id = 2")
    ran = sealed("ledger", "verify", *options)
    assert ran.code == 1
    said = r"transfer 2 with its entries, position 2: expected [0-9a-f]{64}, found [0-9a-f]{64}\n"
    assert re.search(said, ran.out)
    assert sealed("ledger", "verify", *options, "--json").document["ok"] is False


def test_a_head_of_earlier(sealed: Squads) -> None:
    head = sealed("ledger", "verify", "--chain", "--json").document["chain"]["head"]
    assert sealed("ledger", "verify", "--chain", "--head", head).code == 0
    other = sealed("ledger", "verify", "--chain", "--head", "ab" * 32)
    assert (other.code, "no such hash" in other.out) == (1, True)


def test_wrong_arguments(sealed: Squads) -> None:
    assert sealed("ledger", "verify", "--chain", "--file", "x").code == 2
    assert sealed("ledger", "verify", "--head", "ab" * 32).code == 2
    assert "64 hex digits" in sealed("ledger", "verify", "--chain", "--head", "ab").err
    assert sealed("ledger", "export").code == 2


@pytest.mark.parametrize("name", ["ledger.jsonl", "ledger.jsonl.gz"])
def test_an_export_is_verified_without_a_database(
    sealed: Squads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    file = tmp_path / name
    ran = sealed("ledger", "export", str(file))
    assert ran.code == 0
    assert f"wrote 3 transfers to {file}; 1 wait for the seal and are not in it\nhead " in ran.out
    head = ran.out.split()[-1]
    first = file.read_bytes()
    document = sealed("ledger", "export", str(file), "--json").document
    assert document == {"file": str(file), "transfers": 3, "head": head, "unsealed": 1}
    assert file.read_bytes() == first
    monkeypatch.setenv("SQUADS_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    assert (
        sealed("ledger", "verify", "--file", str(file), "--head", head).out
        == f"OK   3 transfers, head {head}\n"
    )
    whole = gzip.decompress(first) if name.endswith(".gz") else first
    forged = whole.replace(b'"amount_micro":25000000', b'"amount_micro":26000000')
    assert forged != whole
    file.write_bytes(gzip.compress(forged) if name.endswith(".gz") else forged)
    ran = sealed("ledger", "verify", "--file", str(file))
    assert (ran.code, ran.out.splitlines()[0]) == (1, "FAIL after 2 transfers that hold")
    assert "line 3, transfer 3: expected" in ran.out
    document = sealed("ledger", "verify", "--file", str(file), "--json").document
    assert (document["ok"], document["difference"]["subject"]) == (False, "line 3, transfer 3")
    file.write_bytes(file.read_bytes()[:-20])
    assert sealed("ledger", "verify", "--file", str(file)).code == 1


def test_files_that_cannot_be_read_or_written(sealed: Squads, tmp_path: Path) -> None:
    for arguments in (("verify", "--file", str(tmp_path / "none")), ("export", str(tmp_path / "no" / "x"))):
        ran = sealed("ledger", *arguments)
        assert (ran.code, "cannot be" in ran.err) == (1, True)
    (tmp_path / "short.gz").write_bytes(gzip.compress(b"x" * 1000)[:-9])
    ran = sealed("ledger", "verify", "--file", str(tmp_path / "short.gz"))
    assert (ran.code, "cannot be read" in ran.err) == (1, True)


def test_a_broken_chain_is_not_exported(sealed: Squads, engine: Engine, tmp_path: Path) -> None:
    change(engine, "amount_micro = 7 WHERE id = 2")
    ran = sealed("ledger", "export", str(tmp_path / "ledger.jsonl"))
    assert (ran.code, "broken at position 2, transfer 2" in ran.err) == (1, True)
    assert list(tmp_path.glob("*ledger*")) == []


def test_an_empty_chain_is_exported_and_verified(community: Squads, tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    assert community("ledger", "export", str(file)).code == 0
    assert file.read_text() == f'{{"transfers":0,"head":"{"0" * 64}"}}\n'
    assert community("ledger", "verify", "--file", str(file), "--head", "0" * 64).code == 0
    assert community("ledger", "verify", "--chain", "--head", "0" * 64).code == 0


def test_the_readmes_script_needs_nothing_of_ours(sealed: Squads, tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    sealed("ledger", "export", str(file))
    [script] = re.findall(
        r"```python\n(import hashlib.*?)```", RUNBOOK.read_text(encoding="utf-8"), re.DOTALL
    )

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-c", script, str(file)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert (run().returncode, run().stdout[:12]) == (0, "3 transfers ")
    whole = file.read_bytes()
    for forged in (
        whole.replace(b'"amount_micro":25000000', b'"amount_micro":26000000'),
        b"".join(whole.splitlines(keepends=True)[1:]),
        b"".join(whole.splitlines(keepends=True)[:-1]),
        whole.replace(b'"transfers":3', b'"transfers":4'),
    ):
        file.write_bytes(forged)
        assert run().returncode != 0


def test_the_seal_is_planned_and_made(community: Squads, engine: Engine) -> None:
    with engine.begin() as connection:
        policies.adopt(connection, Policy(seal_after_seconds=0), adopted_by="test", reason="at once")
    plan = community("reconcile", "--dry-run", "--json").document["plan"]
    assert (plan["ledger_seals"]["units"], plan["ledger_seals"]["transfers_sealed"]) == (1, 2)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM squads.transfer_seals")) == 0
    assert "transfers: 2 transfers unsealed" in community("gaps").out
    assert community("reconcile").code == 0
    assert "head" in community("table", "ledger_seals", "--json").out
