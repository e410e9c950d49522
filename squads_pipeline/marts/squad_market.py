"""Open squads as an agent sees them who looks for one to join or fund. Where the standings come from is not known."""

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from squads_pipeline.marts.frames import frame
from squads_pipeline.rules.market import expected_match_micro
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.rounds import Standing

VERSION: Final = "2"
"""Raise it when the same squads would be shown differently."""

COLUMN_TYPES: Final = {
    "effective_on": pa.date32(),
    "squad_id": pa.string(),
    "name": pa.string(),
    "status": pa.string(),
    "target_artifact_type": pa.string(),
    "target_artifact_id": pa.string(),
    "importance_ppm": pa.int32(),
    "importance": pa.decimal256(7, 6),
    "pool_micro": pa.int64(),
    "contributors": pa.int32(),
    "expected_match_micro": pa.int64(),
    "dividend_multiplier": pa.decimal256(12, 6),
    "places_left": pa.int32(),
    "ends_at": pa.timestamp("us", tz="UTC"),
    "seconds_left": pa.int64(),
}
"""The columns of ``marts.squad_market``."""

_WHOLE: Final = Decimal(1_000_000)


def market(
    squads: pd.DataFrame, *, effective_on: date, as_of: datetime, matching_pool_micro: int, policy: Policy
) -> pd.DataFrame:
    """Show the open squads of a day.

    Args:
        squads: ``squad_id, name, status, target_artifact_type, target_artifact_id, importance_ppm, pool_micro,
            contributors, root_sum, contributed_micro, matched_micro, members, ends_at`` of each open squad;
            members without observers; importance and end are null where there is none; wide integers are decimals
            without a fraction, as stored frames have them.
        effective_on: the day.
        as_of: the moment that time left is counted from.
        matching_pool_micro: what the matching pool held then, µT.
        policy: in force then.

    Returns:
        The columns of ``marts.squad_market``, the largest expected match first, ties by squad.
    """
    multiplier = _six_decimals(policy.squad_multiplier)
    rows: list[tuple[object, ...]] = []
    # Arrow makes Python's own values of its columns at once, with None for a null; pandas makes one after the other.
    for one in pa.Table.from_pandas(squads, preserve_index=False).to_pylist():
        importance_ppm, ends_at = one["importance_ppm"], one["ends_at"]
        rows.append(
            (
                effective_on,
                *(one[name] for name in list(COLUMN_TYPES)[1:7]),
                None if importance_ppm is None else Decimal(importance_ppm) / _WHOLE,
                one["pool_micro"],
                one["contributors"],
                expected_match_micro(_standing(one), matching_pool_micro, policy),
                multiplier,
                max(0, policy.max_members - one["members"]),
                ends_at,
                None if ends_at is None else max(0, int((ends_at - as_of).total_seconds())),
            )
        )
    rows.sort(key=lambda row: (-_number(row[10]), str(row[1])))
    return frame(COLUMN_TYPES, rows)


def _standing(one: dict[str, Any]) -> Standing:
    numbers = ("contributors", "root_sum", "contributed_micro", "matched_micro")
    return Standing(one["squad_id"], *(int(one[name]) for name in numbers))


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1


def _six_decimals(ratio: Fraction) -> Decimal:
    return Decimal(round(ratio * 1_000_000)) / _WHOLE
