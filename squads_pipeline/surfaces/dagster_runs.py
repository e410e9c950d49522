"""Materialising assets in this process, as runs that Dagster records. Which and how often: `reconcile`."""

import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Final

import dagster as dg

from sensors.gaps import DRIVER_TAG, GAP_TAG
from squads_pipeline.definitions import defs
from squads_pipeline.drivers.registry import DRIVERS
from squads_pipeline.server.dagster_processes import project_folder
from squads_pipeline.server.home import Home
from squads_pipeline.server.runs import worker_tag

_QUIET: Final = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True, slots=True)
class AssetRun:
    """A run that ended.

    Attributes:
        assets: what it was to materialise.
        run_id: Dagster's id of it.
        success: whether it and all blocking checks succeeded.
        facts: what the assets told, by name, as people read it.
        failures: why it failed, and which checks did, in words.
    """

    assets: tuple[str, ...]
    run_id: str
    success: bool
    facts: dict[str, int | str]
    failures: tuple[str, ...]


def driven_and_marts() -> tuple[list[str], list[str]]:
    """Names of the assets that have a driver, in the order of the registry, and of those that follow them."""
    driven: list[str] = []
    marts: list[str] = []
    for spec in defs.resolve_all_asset_specs():
        if spec.key in defs.resolve_asset_graph().materializable_asset_keys:
            (driven if DRIVER_TAG in spec.tags else marts).append(spec.key.path[-1])
    return sorted(driven, key=list(DRIVERS).index), marts


@contextmanager
def recorder() -> Iterator[dg.DagsterInstance]:
    """The deployment's own Dagster instance, so that runs show in its user interface."""
    home = Home.from_environment(os.environ).dagster
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(project_folder() / "dagster.yaml", home / "dagster.yaml")
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def materialise(instance: dg.DagsterInstance, assets: Sequence[str], day: date) -> AssetRun:
    """Run assets with their checks for a day; a failure is told in the result."""
    result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
        run_config=_QUIET,
        instance=instance,
        partition_key=day.isoformat(),
        asset_selection=[dg.AssetKey(name) for name in assets],
        tags={**worker_tag(), **_tags(assets)},
        raise_on_error=False,
    )
    return AssetRun(
        tuple(assets), result.run_id, result.success, _facts(result, assets), tuple(_failures(result))
    )


def _tags(assets: Sequence[str]) -> dict[str, str]:
    """The tags that a sensor's run of the same asset has, so that sensors see this one in flight."""
    for spec in defs.resolve_all_asset_specs():
        if [spec.key.path[-1]] == list(assets) and DRIVER_TAG in spec.tags:
            return {DRIVER_TAG: spec.tags[DRIVER_TAG], GAP_TAG: assets[0]}
    return {}


def _facts(result: dg.ExecuteInProcessResult, assets: Sequence[str]) -> dict[str, int | str]:
    facts: dict[str, int | str] = {}
    for name in assets:
        for materialization in result.asset_materializations_for_node(name):
            for key, value in materialization.metadata.items():
                if key.startswith("dagster/"):
                    continue
                if isinstance(value, dg.IntMetadataValue) and value.value is not None:
                    facts[key] = value.value
                elif isinstance(value, dg.TextMetadataValue) and value.text:
                    facts[key] = value.text
    return facts


def _failures(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    for event in result.filter_events(lambda event: event.is_step_failure):
        error = event.step_failure_data.error
        cause = error.cause if error and error.cause else error
        yield f"{event.step_key}: {cause.message.strip() if cause else 'failed'}"
    for check in result.get_asset_check_evaluations():
        if not check.passed and check.severity is dg.AssetCheckSeverity.ERROR:
            yield f"check {check.check_name} of {check.asset_key.to_user_string()} failed"
