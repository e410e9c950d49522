"""Dagster's processes under `squads up`: command lines, shared folder, readiness. It starts none."""

import http.client
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from squads_pipeline.server import ports
from squads_pipeline.server.children import ChildSpec
from squads_pipeline.server.dagster_storage import HOLD_OPEN
from squads_pipeline.server.errors import ServerError
from squads_pipeline.server.home import Home, checkout

LOCATION = "squads"
DEFINITIONS = "squads_pipeline.definitions"
EVENTS_AT_ONCE = ("DAGSTER_EVENT_BATCH_SIZE", "500")
"""Variable and value that let Dagster store the events of a range of days with few statements, as a backfill does."""
WORKSPACE = """\
load_from:
  - grpc_server:
      host: {host}
      port: {port}
      location_name: {location}
"""
LOCATION_QUERY = """{ workspaceOrError {
  ... on PythonError { message }
  ... on Workspace { locationEntries { loadStatus locationOrLoadError { ... on PythonError { message } } } }
} }"""


def project_folder() -> Path:
    """The checkout: its dagster.yaml is the only one. ServerError when the package runs from elsewhere."""
    folder = checkout()
    if folder is None or not (folder / "dagster.yaml").is_file():
        raise ServerError(
            "`squads up` needs a checkout of the repository, installed with `pip install -e .` "
            "(`make up` does both)."
        )
    return folder


def prepare_dagster_home(home: Home, code_port: int) -> Path:
    """Fill DAGSTER_HOME anew from the checkout; returns its workspace file, which names the code server."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(project_folder() / "dagster.yaml", home.dagster / "dagster.yaml")
    workspace = home.dagster / "workspace.yaml"
    text = WORKSPACE.format(host=ports.LOOPBACK, port=code_port, location=LOCATION)
    workspace.write_text(text, encoding="utf-8")
    return workspace


def code_server(port: int) -> ChildSpec:
    """The process that knows our definitions and starts run workers."""
    address = ("--host", ports.LOOPBACK, "--port", str(port))
    target = ("-m", DEFINITIONS, "--location-name", LOCATION, "--use-python-environment-entry-point")
    argv = (sys.executable, "-m", "dagster", "api", "grpc", *target, *address)
    return ChildSpec("code", argv, ready=lambda: ports.accepts(port))


def webserver(port: int, workspace: Path) -> ChildSpec:
    """The user interface."""
    address = ("-h", ports.LOOPBACK, "-p", str(port))
    argv = (sys.executable, "-m", "dagster_webserver", *address, "-w", str(workspace))
    return ChildSpec("ui", argv, ready=lambda: serves_ui(port))


def daemon(workspace: Path) -> ChildSpec:
    """Sensors, the run queue, backfills, run monitoring."""
    argv = (sys.executable, "-m", "dagster._daemon", "run", "-w", str(workspace))
    return ChildSpec("daemon", argv, environment=dict([HOLD_OPEN]))


def serves_ui(port: int) -> bool:
    """Whether the webserver answers."""
    return _ask(port, "GET", "/server_info", None) is not None


def location_loaded(port: int) -> bool:
    """Whether the webserver has tried to load our definitions, with whatever outcome."""
    entries = _workspace(port).get("locationEntries", [])
    return bool(entries) and all(entry["loadStatus"] == "LOADED" for entry in entries)


def location_error(port: int) -> str | None:
    """Why our definitions did not load, or None when they did."""
    workspace = _workspace(port)
    errors = [entry["locationOrLoadError"] or {} for entry in workspace.get("locationEntries", [])]
    messages = [error["message"] for error in (workspace, *errors) if error.get("message")]
    return messages[0] if messages else None


def _workspace(port: int) -> dict[str, Any]:
    answer = _ask(port, "POST", "/graphql", {"query": LOCATION_QUERY}) or {}
    data = answer.get("data") or {}
    return data.get("workspaceOrError") or {}


def _ask(port: int, method: str, path: str, body: dict[str, str] | None) -> dict[str, Any] | None:
    """The JSON object that the webserver answers, or None when it does not."""
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=10)
    try:
        sent = None if body is None else json.dumps(body)
        connection.request(method, path, body=sent, headers={"Content-Type": "application/json"})
        found = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return found if isinstance(found, dict) else None
