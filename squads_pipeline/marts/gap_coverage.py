"""How far open targets are covered by squads, by type and importance. Where targets come from is not known here."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

import pandas as pd
import pyarrow as pa

from squads_pipeline.marts.frames import frame

VERSION: Final = "1"
"""Raise it when the same targets would be summed up differently."""

BANDS_PPM: Final = (0, 250_000, 500_000, 750_000)
"""Where the bands of importance begin, in millionths; each ends where the next begins."""

COLUMN_TYPES: Final = {
    "effective_on": pa.date32(),
    "artifact_type": pa.string(),
    "importance_from_ppm": pa.int32(),
    "open_targets": pa.int32(),
    "important_targets": pa.int32(),
    "covered_targets": pa.int32(),
    "waiting_targets": pa.int32(),
    "mean_wait_seconds": pa.decimal256(18, 3),
    "pools_micro": pa.int64(),
}
"""The columns of ``marts.gap_coverage``."""


def coverage(
    targets: pd.DataFrame, *, effective_on: date, least_ppm: int, types: Sequence[str]
) -> pd.DataFrame:
    """Sum up the open targets of a day.

    Args:
        targets: ``artifact_type, importance_ppm, pool_micro, waits_seconds`` of each open target; the pool is
            null without a live squad, and the wait is how long it has had none.
        effective_on: the day.
        least_ppm: the least importance that squads are formed for, in millionths.
        types: all types of targets.

    Returns:
        The columns of ``marts.gap_coverage``: a row for each type and band. A target waits that has no live squad
        and is important enough for one; the mean wait is null where none waits.
    """
    found: dict[tuple[str, int], list[tuple[int, int | None, int]]] = {
        (kind, band): [] for kind in sorted(types) for band in BANDS_PPM
    }
    for kind, ppm, pool, waits in targets[
        ["artifact_type", "importance_ppm", "pool_micro", "waits_seconds"]
    ].itertuples(index=False, name=None):
        band = max(one for one in BANDS_PPM if one <= int(ppm))
        found[str(kind), band].append((int(ppm), None if pd.isna(pool) else int(pool), int(waits)))
    rows = [
        (effective_on, kind, band, *_summed(targets_in, least_ppm))
        for (kind, band), targets_in in found.items()
    ]
    return frame(COLUMN_TYPES, rows)


def _summed(targets: Sequence[tuple[int, int | None, int]], least_ppm: int) -> tuple[object, ...]:
    pools = [pool for _, pool, _ in targets if pool is not None]
    waits = [waits for ppm, pool, waits in targets if pool is None and ppm >= least_ppm]
    mean = (Decimal(sum(waits)) / len(waits)).quantize(Decimal("0.001")) if waits else None
    important = sum(ppm >= least_ppm for ppm, _, _ in targets)
    return len(targets), important, len(pools), len(waits), mean, sum(pools)
