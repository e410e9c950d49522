"""What Dagster loads: without a database, and every asset as its snapshot says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import dagster as dg
from syrupy.assertion import SnapshotAssertion

from squads_pipeline.definitions import defs
from squads_pipeline.server.dagster_processes import project_folder
from squads_pipeline.store.gaps import GAPS

LOAD = """
from squads_pipeline.definitions import defs
import dagster as dg
dg.Definitions.validate_loadable(defs)
print(len(defs.get_repository_def().assets_defs_by_key))
import sys
print("matplotlib" in sys.modules)
"""


def test_they_load_in_a_clean_process_without_database_and_environment(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOAD],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [str(len(defs.get_repository_def().assets_defs_by_key)), "False"]


def test_every_asset_is_as_its_snapshot_says(snapshot: SnapshotAssertion) -> None:
    assert {
        spec.key.to_user_string(): _described(spec) for spec in defs.resolve_all_asset_specs()
    } == snapshot


def test_every_check_is_as_its_snapshot_says(snapshot: SnapshotAssertion) -> None:
    graph = defs.resolve_asset_graph()
    assert {
        key.to_user_string(): {
            "blocking": graph.get_check_spec(key).blocking,
            "description": graph.get_check_spec(key).description,
        }
        for key in sorted(graph.asset_check_keys)
    } == snapshot


def test_sensors_run_by_default() -> None:
    sensors = defs.get_repository_def().sensor_defs
    gap_sensors = {f"{gap}_gap" for gap in GAPS}
    others = {"mart_automation", "failed_checks", "failed_runs", "alerts_sent"}
    assert {one.name for one in sensors} == gap_sensors | others
    assert all(one.default_status is dg.DefaultSensorStatus.RUNNING for one in sensors)


def test_each_sensor_has_a_thread_of_its_own() -> None:
    """A gap sensor's tick stays for four seconds; it must not hold up another's."""
    found = re.search(r"num_workers: (\d+)", (project_folder() / "dagster.yaml").read_text())
    assert found is not None
    assert int(found[1]) == len(defs.get_repository_def().sensor_defs)


def _described(spec: dg.AssetSpec) -> dict[str, object]:
    lineage = spec.metadata.get("dagster/column_lineage")
    schema = spec.metadata.get("dagster/column_schema")
    return {
        "group": spec.group_name,
        "kinds": sorted(spec.kinds),
        "owners": list(spec.owners),
        "deps": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
        "code_version": spec.code_version,
        "description": spec.description,
        "tags": {name: value for name, value in spec.tags.items() if not name.startswith("dagster/kind")},
        "partitions": None if spec.partitions_def is None else str(spec.partitions_def),
        "automation": spec.automation_condition and spec.automation_condition.get_label(),
        "columns": [
            f"{one.name} {one.type}: {one.description}" for one in (schema.columns if schema else ())
        ],
        "lineage": {
            column: [f"{dep.asset_key.to_user_string()}.{dep.column_name}" for dep in deps]
            for column, deps in (lineage.deps_by_column.items() if lineage else ())
        },
    }
