"""Refused rows of an import, for people and programs. Why a row is refused is in `rules` and `commands`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from squads_pipeline.rules.contribution_rows import Refusal

_LONGEST_VALUE = 60


def as_json(refused: Mapping[str, int], first: Sequence[Refusal]) -> dict[str, Any]:
    """Counts by sort of reason, and the first rows."""
    return {"refused": dict(refused), "first": [asdict(one) for one in first]}


def as_lines(refused: Mapping[str, int], first: Sequence[Refusal]) -> tuple[str, ...]:
    """Counts by sort of reason, then the first rows with what to do about each."""
    counts = [f"{count:>8,}  {category}" for category, count in refused.items()]
    rows = [f"row {one.row}: {_what(one)}; {one.remedy}" for one in first]
    more = sum(refused.values()) - len(first)
    return (*counts, "", *rows, *([f"… and {more:,} more"] if more else []))


def _what(refusal: Refusal) -> str:
    value = refusal.value if len(refusal.value) <= _LONGEST_VALUE else refusal.value[:_LONGEST_VALUE] + "…"
    if refusal.field == "row":
        return refusal.reason
    return f"{refusal.field} {value!r} {refusal.reason}" if value else f"{refusal.field} {refusal.reason}"
