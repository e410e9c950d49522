"""What Dagster loads: without a database, and every asset as its snapshot says."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import dagster as dg
import pytest
from syrupy.assertion import SnapshotAssertion

from squads_pipeline.definitions import defs
from squads_pipeline.drivers.registry import DRIVERS
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


MONEY = {"squads_formed", "pledged_contributions", "qf_matches", "harvest_distributions"}
ANCESTORS = {
    "agent_statements": {"agents", "knowledge_gaps", "credit_dividends", "outcomes", *MONEY},
    "squad_pools": {"contributions", "knowledge_gaps", "squad_findings", *MONEY},
    "token_supply": {"agents", "contributions", "knowledge_gaps", "credit_dividends", *MONEY},
    "fairness": {"contributions", "qf_matches", "harvest_distributions", "credit_dividends"},
    "squad_market": {"knowledge_gaps", "squad_join_bids", "squad_rosters", *MONEY},
    "gap_coverage": {"knowledge_gaps", "squad_rosters", *MONEY},
    "harvest_distributions": {
        *("squad_journal", "squad_findings", "finding_reviews"),
        *("squad_rosters", "reviewed_findings", "bubbled_findings", "qf_matches", "squads_formed"),
    },
    "squad_rosters": {"agents", "squads_formed", "squad_join_bids"},
    "reviewed_findings": {"squad_rosters", "finding_reviews"},
    "qf_matches": {"contributions", "pledges", "squad_rosters"},
    "credit_dividends": {"outcomes", "artifact_provenance", "bubbled_findings"},
    "policy_calibration": {"outcomes", "finding_reviews", "harvest_distributions", "credit_dividends"},
    "ledger_seals": {"contributions", "credit_dividends", *MONEY},
}


@pytest.mark.parametrize("asset", ANCESTORS)
def test_the_graph_leads_back_to_all_that_an_asset_is_made_of(asset: str) -> None:
    assert _ancestors(asset) >= ANCESTORS[asset]


def test_no_mart_waits_for_the_seal_of_the_ledger() -> None:
    sealed = dg.AssetKey("ledger_seals")
    assert defs.resolve_asset_graph().get(sealed).child_keys == set()


def test_the_graph_of_groups_reads_from_left_to_right() -> None:
    """A circle of groups is drawn from anywhere, and against the order in which things happen."""
    order = ["formation", "funding", "harvest", "knowledge", "marts", "ledger"]
    graph = defs.resolve_asset_graph()
    against = [
        f"{parent.to_user_string()} → {key.to_user_string()}"
        for key in graph.get_all_asset_keys()
        for parent in graph.get(key).parent_keys
        if order.index(graph.get(parent).group_name) > order.index(graph.get(key).group_name)
    ]
    assert against == []


def test_every_column_that_lineage_names_exists_and_lies_upstream() -> None:
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    columns = {name: _columns(spec) for name, spec in specs.items()}
    wrong = [
        f"{name}.{column} from {source}.{dep.column_name}"
        for name, spec in specs.items()
        for column, deps in _lineage(spec).items()
        for dep in deps
        for source in [dep.asset_key.to_user_string()]
        if column not in columns[name]
        or dep.column_name not in columns.get(source, ())
        or source not in _ancestors(name)
    ]
    assert wrong == []


def test_amounts_of_marts_say_where_they_come_from() -> None:
    """But for mints, which commands make and which are in no asset."""
    silent = {
        f"{spec.key.to_user_string()}.{column}"
        for spec in defs.resolve_all_asset_specs()
        if spec.automation_condition is not None
        for column in _columns(spec)
        if column.endswith("_micro") and column not in _lineage(spec)
    }
    assert silent == {"agent_statements.minted_micro", "token_supply.minted_micro"}


def test_gaps_are_closed_in_the_order_of_the_graph() -> None:
    """So `squads reconcile` comes to each gap after those that lead to it, and to the marts after all."""
    order = list(DRIVERS)
    for place, asset in enumerate(order):
        assert _ancestors(asset) & set(order) <= set(order[:place])


def test_the_readme_lists_every_asset_as_it_is() -> None:
    readme = (project_folder() / "README.md").read_text()
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    listed = set()
    for row in re.findall(r"^\| (`\w+`.*) \|$", readme, re.MULTILINE):
        names, group, _, made = row.split(" | ")
        for name in re.findall(r"`(\w+)`", names):
            listed.add(name)
            assert (name, specs[name].group_name) == (name, group)
            condition = specs[name].automation_condition
            assert condition is None or condition.get_label() == made
    assert listed == set(specs)


def _ancestors(asset: str) -> set[str]:
    graph = defs.resolve_asset_graph()
    return {key.to_user_string() for key in graph.get_ancestor_asset_keys(dg.AssetKey(asset))}


def _columns(spec: dg.AssetSpec) -> list[str]:
    schema = spec.metadata.get("dagster/column_schema")
    return [one.name for one in schema.columns] if schema else []


def _lineage(spec: dg.AssetSpec) -> Mapping[str, Sequence[dg.TableColumnDep]]:
    lineage = spec.metadata.get("dagster/column_lineage")
    return lineage.deps_by_column if lineage else {}


def _described(spec: dg.AssetSpec) -> dict[str, object]:
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
            for column, deps in _lineage(spec).items()
        },
    }
