"""Where a deployment keeps its files: paths only. Nothing here starts, reads or writes one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

HOME_VARIABLE = "SQUADS_HOME"
PROJECT_MARKER = 'name = "squads-pipeline"'


def checkout() -> Path | None:
    """The folder with this project's pyproject.toml, or None when the package does not run from one."""
    folder = Path(__file__).resolve().parents[2]
    project = folder / "pyproject.toml"
    if project.is_file() and PROJECT_MARKER in project.read_text(encoding="utf-8"):
        return folder
    return None


@dataclass(frozen=True)
class Home:
    """One deployment's folder and the places in it; `path` is absolute."""

    path: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """SQUADS_HOME when set and not empty, else `.squads` in the checkout, else `.squads` in the cwd."""
        chosen = environ.get(HOME_VARIABLE, "").strip()
        if chosen:
            return cls(Path(chosen).expanduser().absolute())
        return cls((checkout() or Path.cwd()) / ".squads")

    @property
    def postgres(self) -> Path:
        """The folder of the embedded server: its data and what we remember about it."""
        return self.path / "postgres"

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory; it exists only when complete."""
        return self.postgres / "data"

    @property
    def credentials(self) -> Path:
        """The passwords of the embedded server, readable by the owner alone."""
        return self.postgres / "credentials.json"

    @property
    def remembered_port(self) -> Path:
        """The port that the embedded server had last."""
        return self.postgres / "port"

    @property
    def pin(self) -> Path:
        """Exists while a person wants the server to outlive its users."""
        return self.postgres / "pinned"

    @property
    def locks(self) -> Path:
        """Files that processes hold a flock on; their content means nothing."""
        return self.path / "locks"

    @property
    def logs(self) -> Path:
        """The logs of PostgreSQL and of `squads up`."""
        return self.path / "logs"

    @property
    def postgres_log(self) -> Path:
        """What the embedded server writes."""
        return self.logs / "postgres.log"

    @property
    def up_log(self) -> Path:
        """The combined log of `squads up`."""
        return self.logs / "up.log"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME: configuration copied in at each start, compute logs, artifacts."""
        return self.path / "dagster"

    @property
    def children(self) -> Path:
        """Which processes the running `squads up` has started, so that a later one can end them."""
        return self.path / "children.json"
