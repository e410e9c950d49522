"""Running the command line in this process, on the test's own database and home. No facts of the economy."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from squads_pipeline.surfaces.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command did: exit code, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


Squads = Callable[..., Ran]


@pytest.fixture
def squads(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Squads:
    """Run `squads` with arguments; nothing may leave it but an exit code."""
    monkeypatch.setenv("SQUADS_DATABASE_URL", database_url)
    monkeypatch.setenv("SQUADS_HOME", str(tmp_path / "home"))

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        wrote = capsys.readouterr()
        assert "Traceback" not in wrote.out + wrote.err
        return Ran(int(ended.value.code or 0), wrote.out, wrote.err)

    return run


@pytest.fixture
def community(squads: Squads) -> Squads:
    """`squads`, on a database with two agents of 100 tokens each, and one squad."""
    for agent in ("ada", "bob"):
        assert squads("agents", "add", agent, "--tokens", "100").code == 0
    assert squads("squads", "add", "heat", "--charter", "How hot?").code == 0
    return squads
