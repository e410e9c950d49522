"""Materialising assets in this process, as runs that Dagster records. Which and how often: `reconcile`."""

import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

import dagster as dg
from sqlalchemy import Engine

from assets import tags
from assets.checks import FINDINGS
from assets.driven import RESTATABLE
from assets.reports import CHANGES
from squads_pipeline.definitions import defs
from squads_pipeline.drivers.registry import DRIVERS
from squads_pipeline.rules.money import format_tokens, parse_tokens
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.server.dagster_processes import EVENTS_AT_ONCE, project_folder
from squads_pipeline.server.dagster_storage import HELD_OPEN
from squads_pipeline.server.home import Home
from squads_pipeline.server.runs import worker_tag
from squads_pipeline.store import policies

_QUIET: Final = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True, slots=True)
class AssetRun:
    """A run that ended.

    Attributes:
        assets: what it was to materialise.
        run_id: Dagster's id of it.
        success: whether it and all blocking checks succeeded.
        facts: what the assets told, by name, as people read it; numbers of several days are added up.
        failures: why it failed, and which checks did, in words.
        findings: what the failed checks found first: columns by their names, as the UI shows them.
        changes: what a restatement changed, or would: columns by their names, as the UI shows them.
    """

    assets: tuple[str, ...]
    run_id: str
    success: bool
    facts: dict[str, int | str]
    failures: tuple[str, ...]
    findings: tuple[Mapping[str, str], ...] = ()
    changes: tuple[Mapping[str, str], ...] = ()


def driven_and_marts() -> tuple[list[str], list[str]]:
    """Names of the assets that have a driver, in the order of the drivers, and of those that follow them."""
    driven: list[str] = []
    marts: list[str] = []
    for spec in defs.resolve_all_asset_specs():
        if spec.key in defs.resolve_asset_graph().materializable_asset_keys:
            (driven if tags.DRIVER in spec.tags else marts).append(spec.key.path[-1])
    return sorted(driven, key=list(DRIVERS).index), marts


def restatable() -> list[str]:
    """Names of the driven assets whose past days can be restated, in the order of the drivers."""
    return [name for name in DRIVERS if name in RESTATABLE]


def policy_tags(engine: Engine) -> dict[str, str]:
    """The tag of a run that says which policy is in force."""
    with engine.connect() as connection:
        return {tags.POLICY: policy_id(policies.current(connection))}


@contextmanager
def recorder(*, recorded: bool = True) -> Iterator[dg.DagsterInstance]:
    """The deployment's own Dagster instance, so that runs show in its user interface; or one that forgets them."""
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    if not recorded:
        with dg.DagsterInstance.ephemeral() as forgetful:
            yield forgetful
        return
    home = Home.from_environment(os.environ).dagster
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(project_folder() / "dagster.yaml", home / "dagster.yaml")
    # Unasked, Dagster opens a connection for each statement and stores each day's event by itself: a backfill of
    # years would spend nine tenths of its time on that.
    os.environ.setdefault(*EVENTS_AT_ONCE)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.optimize_for_webserver(**HELD_OPEN)
        yield instance


def materialise(
    instance: dg.DagsterInstance,
    assets: Sequence[str],
    first: date,
    last: date | None = None,
    *,
    config: Mapping[str, Any] | None = None,
    tags_besides: Mapping[str, str] = MappingProxyType({}),
) -> AssetRun:
    """Run assets with their checks for a day, or for a range as one run; a failure is told in the result.

    Args:
        instance: where the run is recorded.
        assets: their names.
        first: the day, or the first of the range.
        last: last day of the range, if there is one.
        config: what each of the assets is configured with.
        tags_besides: tags of the run, besides those that it has by its assets and days.
    """
    last = last or first
    ops = {"ops": {name: {"config": dict(config)} for name in assets}} if config else {}
    result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
        run_config={**_QUIET, **ops},
        instance=instance,
        partition_key=first.isoformat() if first == last else None,
        asset_selection=[dg.AssetKey(name) for name in assets],
        tags={
            **worker_tag(),
            **_tags(assets),
            **tags_besides,
            tags.DAYS: tags.days(first, last),
            **_range(first, last),
        },
        raise_on_error=False,
    )
    return AssetRun(
        tuple(assets),
        result.run_id,
        result.success,
        _facts(result, assets),
        tuple(_failures(result)),
        tuple(_findings(result)),
        tuple(_changes(result, assets)),
    )


def _range(first: date, last: date) -> dict[str, str]:
    """The tags by which Dagster runs a range of partitions as one."""
    if first == last:
        return {}
    return {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": last.isoformat(),
    }


def _tags(assets: Sequence[str]) -> dict[str, str]:
    """The tags that a sensor's run of the same asset has, so that sensors see this one in flight."""
    for spec in defs.resolve_all_asset_specs():
        if [spec.key.path[-1]] == list(assets) and tags.DRIVER in spec.tags:
            return {tags.DRIVER: spec.tags[tags.DRIVER], tags.GAP: assets[0]}
    return {}


def _facts(result: dg.ExecuteInProcessResult, assets: Sequence[str]) -> dict[str, int | str]:
    facts: dict[str, int | str] = {}
    for told in _told(result, assets):
        for key, value in told.items():
            if key.startswith("dagster/"):
                continue
            if isinstance(value, dg.IntMetadataValue) and value.value is not None:
                facts[key] = _added(key, facts.get(key), value.value)
            elif isinstance(value, dg.TextMetadataValue) and value.text:
                facts[key] = _added(key, facts.get(key), value.text)
    return facts


def _told(result: dg.ExecuteInProcessResult, assets: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """What the assets told of each day: with materializations, or after a dry run with observations."""
    for name in assets:
        for materialization in result.asset_materializations_for_node(name):
            yield materialization.metadata
    for event in result.filter_events(lambda event: event.event_type_value == "ASSET_OBSERVATION"):
        yield event.asset_observation_data.asset_observation.metadata


def _added(key: str, before: int | str | None, value: int | str) -> int | str:
    """What several days tell under a name: counts and amounts add up, of all else, and of the gap, the last counts."""
    if before is None or key.startswith("gap "):
        return value
    if isinstance(before, int) and isinstance(value, int):
        return before + value
    if key.endswith(", tokens") and isinstance(before, str) and isinstance(value, str):
        return format_tokens(_micro(before) + _micro(value))
    return value


def _micro(tokens: str) -> int:
    return parse_tokens(tokens.replace(",", ""))


def _findings(result: dg.ExecuteInProcessResult) -> Iterator[Mapping[str, str]]:
    for check in result.get_asset_check_evaluations():
        if not check.passed:
            for row in _rows(check.metadata.get(FINDINGS)):
                yield {"check": check.check_name, **row}


def _changes(result: dg.ExecuteInProcessResult, assets: Sequence[str]) -> Iterator[Mapping[str, str]]:
    for told in _told(result, assets):
        yield from _rows(told.get(CHANGES))


def _rows(table: object) -> list[dict[str, str]]:
    """The rows of a table that metadata has for programs."""
    return list(table.data or ()) if isinstance(table, dg.JsonMetadataValue) else []  # type: ignore[arg-type]


def _failures(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    for event in result.filter_events(lambda event: event.is_step_failure):
        error = event.step_failure_data.error
        cause = error.cause if error and error.cause else error
        yield f"{event.step_key}: {cause.message.strip() if cause else 'failed'}"
    for check in result.get_asset_check_evaluations():
        if not check.passed and check.severity is dg.AssetCheckSeverity.ERROR:
            yield f"check {check.check_name} of {check.asset_key.to_user_string()} failed"
