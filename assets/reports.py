"""What a run tells the UI: amounts as people read them, tables, dry runs as observations. No work is done."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

import dagster as dg
import pandas as pd

from assets import charts
from squads_pipeline.drivers.run import Change, Outcome
from squads_pipeline.rules.money import format_tokens
from squads_pipeline.store.formation_facts import FormationSummary, Seeded
from squads_pipeline.store.gap_failures import Failure
from squads_pipeline.store.gaps import Size
from squads_pipeline.store.match_facts import Large, Summary

Told = Mapping[str, dg.MetadataValue]
"""What the UI shows of one day of a run."""

CHANGES: Final = "who gains and loses, for programs"

SHOWN_CHANGES: Final = 100
"""Restated facts shown of a day."""

_MICRO: Final = "_micro"


def outcome_metadata(outcome: Outcome) -> dict[str, dg.MetadataValue]:
    """A driver's outcome: units, tokens moved, and its facts, amounts in tokens with thousands separators."""
    return {
        "units": dg.MetadataValue.int(outcome.units),
        "moved, tokens": dg.MetadataValue.text(format_tokens(outcome.moved_micro)),
        **dict(_fact(name, value) for name, value in outcome.facts.items()),
        **_changes_table(outcome.changes),
    }


def _changes_table(changes: Sequence[Change]) -> dict[str, dg.MetadataValue]:
    """Who gains and loses by a restatement, in tokens; nothing if nothing is restated."""
    if not changes:
        return {}
    rows = [
        (
            one.fact,
            one.holder,
            *map(format_tokens, (one.was_micro, one.is_micro, one.moved_micro)),
            *map(format_tokens, (one.unrecovered_micro, one.undeliverable_micro)),
        )
        for one in changes[:SHOWN_CHANGES]
    ]
    heads = ("fact", "account", "was", "is", "moved", "unrecovered", "undeliverable")
    return {
        "who gains and loses": dg.MetadataValue.md(markdown_table(heads, rows)),
        CHANGES: dg.MetadataValue.json([dict(zip(heads, row, strict=True)) for row in rows]),
    }


def gap_metadata(moment: str, size: Size) -> dict[str, dg.MetadataValue]:
    """How large a gap was, at a moment such as ``before``."""
    return {
        f"gap {moment}, units": dg.MetadataValue.int(size.units),
        f"gap {moment}, tokens": dg.MetadataValue.text(f"{size.tokens_at_stake:,}"),
    }


def failures_table(failures: Sequence[Failure], limit: int) -> dict[str, dg.MetadataValue]:
    """Units that failed as a table, those that fail the longest first; nothing if there are none."""
    if not failures:
        return {}
    rows = [
        (one.unit, one.error, one.attempts, f"{one.retry_at:%Y-%m-%d %H:%M:%S} UTC")
        for one in failures[:limit]
    ]
    heads = ("unit", "error", "attempts", "tried again at")
    return {"failing units": dg.MetadataValue.md(markdown_table(heads, rows))}


def matches_table(matches: Sequence[Large]) -> dict[str, dg.MetadataValue]:
    """The largest matches of a round as a table; nothing if there are none."""
    if not matches:
        return {}
    rows = [
        (
            one.squad_id,
            one.contributors,
            format_tokens(one.contributed_micro),
            format_tokens(one.due_micro),
            format_tokens(one.match_micro),
            one.reason,
        )
        for one in matches
    ]
    heads = ("squad", "contributors", "contributed", "due", "match", "reason")
    return {"largest matches": dg.MetadataValue.md(markdown_table(heads, rows))}


def formations_table(formations: Sequence[Seeded]) -> dict[str, dg.MetadataValue]:
    """The largest seeds of a day as a table; nothing if there are none."""
    if not formations:
        return {}
    rows = [
        (
            one.squad_id,
            f"{one.artifact_type} {one.artifact_id}",
            format_tokens(one.importance_ppm),
            format_tokens(one.seed_micro),
            format_tokens(one.missing_micro),
        )
        for one in formations
    ]
    heads = ("squad", "target", "importance", "seed", "missing now")
    return {"largest seeds": dg.MetadataValue.md(markdown_table(heads, rows))}


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown; a bar within a cell is escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    escaped = ([str(cell).replace("|", r"\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


def results(
    context: dg.AssetExecutionContext, told: Mapping[date, Told], data_version: str, *, dry_run: bool
) -> Iterator[dg.MaterializeResult[None] | dg.AssetObservation]:
    """Tell Dagster what became of each day: a materialization, or after a dry run an observation.

    A dry run changed nothing, so it must not make a partition look done; checks, which judge what was
    written, are skipped with it.
    """
    if dry_run:
        for day, metadata in told.items():
            yield dg.AssetObservation(context.asset_key, partition=day.isoformat(), metadata=metadata)
        return
    for day, metadata in told.items():
        context.add_asset_metadata(metadata, partition_key=day.isoformat())
    yield dg.MaterializeResult(data_version=dg.DataVersion(data_version))


def day_metadata(summary: Summary) -> dict[str, dg.MetadataValue]:
    """What a day holds after the run."""
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(summary.matches),
        "rounds of the day": dg.MetadataValue.int(summary.rounds),
        "matched on the day, tokens": dg.MetadataValue.text(format_tokens(summary.matched_micro)),
    }


def formations_metadata(summary: FormationSummary) -> dict[str, dg.MetadataValue]:
    """What a day holds of formations after the run."""
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(summary.squads),
        "seeds of the day, tokens": dg.MetadataValue.text(format_tokens(summary.seeds_micro)),
    }


def mart_result(
    context: dg.AssetExecutionContext,
    rows: pd.DataFrame,
    days: Sequence[date],
    summed: Sequence[str],
    notes: Told | None = None,
    charted: pd.DataFrame | None = None,
) -> dg.MaterializeResult[pd.DataFrame]:
    """A mart's rows to store, with each day's number of rows, sums and chart; the version hashes the content.

    Args:
        context: names the asset.
        rows: of all days.
        days: the days, also those without rows.
        summed: columns whose sums are shown.
        notes: shown for every day.
        charted: the rows that the asset's chart is drawn from, with their day; None for an asset without a chart.
    """
    for day in days:
        of_day = rows[rows["effective_on"] == day]
        sums = {name: int(of_day[name].sum()) for name in summed}
        metadata = {"dagster/partition_row_count": dg.MetadataValue.int(len(of_day))}
        context.add_asset_metadata(
            {**metadata, **dict(_fact(*one) for one in sums.items()), **(notes or {})},
            partition_key=day.isoformat(),
        )
        if charted is not None and day in charts.charted(days):
            chart = charts.of_rows(context.asset_key.path[-1], charted[charted["effective_on"] == day], day)
            context.add_asset_metadata(chart, partition_key=day.isoformat())
    version = hashlib.sha256(rows.to_csv(index=False).encode()).hexdigest()[:16]
    return dg.MaterializeResult(value=rows, data_version=dg.DataVersion(version))


def _fact(name: str, value: int | str) -> tuple[str, dg.MetadataValue]:
    words = name.removesuffix(_MICRO).replace("_", " ")
    if isinstance(value, str):
        return words, dg.MetadataValue.text(value)
    if name.endswith(_MICRO):
        return f"{words}, tokens", dg.MetadataValue.text(format_tokens(value))
    return words, dg.MetadataValue.int(value)
