"""Flows of pools: what came into each squad's pool on a day, by source, and what went out."""

from datetime import date
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from squads_pipeline.marts.plots import look
from squads_pipeline.rules.money import format_tokens

MOST: Final = 10
"""Squads drawn of a day: those with the largest flows."""

RECEIPTS: Final = {
    "seeds_micro": ("seeds", look.GREEN),
    "contributions_micro": ("contributions", look.ORANGE),
    "matches_micro": ("matches", look.BLUE),
    "other_grants_micro": ("other grants", look.PURPLE),
}
PAYOUTS: Final = {"payouts_micro": ("paid out", look.RED)}


def draw(rows: pd.DataFrame, day: date) -> Figure:
    """Draw a day's flows.

    Args:
        rows: of ``marts.squad_pools``, of one day.
        day: the UTC day.
    """
    moved = _moved(rows)
    came = sum(sum(amounts[line] for line in RECEIPTS) for amounts in moved.values())
    went = sum(sum(amounts[line] for line in PAYOUTS) for amounts in moved.values())
    told = f"{format_tokens(came)} tokens came into {look.counted(len(moved), 'pool')}, {format_tokens(went)} went out"
    if len(moved) > MOST:
        told += f"; the {MOST} largest are drawn"
    with look.canvas(f"Flows of pools, {day}", told) as (figure, axes):
        if moved:
            _bars(axes, dict(list(moved.items())[:MOST]))
        else:
            look.blank(axes, "nothing moved yet")
    return figure


def _moved(rows: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Squad → line → µT of those that had a movement, the largest first."""
    lines = [*RECEIPTS, *PAYOUTS]
    every = {
        str(squad): dict(zip(lines, map(int, amounts), strict=True))
        for squad, *amounts in rows[["squad_id", *lines]].itertuples(index=False, name=None)
    }
    largest = sorted(every, key=lambda squad: (-sum(map(abs, every[squad].values())), squad))
    return {squad: every[squad] for squad in largest if any(every[squad].values())}


def _bars(axes: Axes, moved: dict[str, dict[str, int]]) -> None:
    places = list(range(len(moved)))
    ends = {1: [0.0] * len(moved), -1: [0.0] * len(moved)}
    for line, (words, colour) in (RECEIPTS | PAYOUTS).items():
        amounts = look.tokens(one[line] for one in moved.values())
        if not any(amounts):
            continue
        signed = [-amount if line in PAYOUTS else amount for amount in amounts]
        sides = [1 if amount >= 0 else -1 for amount in signed]
        starts = [ends[side][place] for place, side in enumerate(sides)]
        drawn = [place for place in places if signed[place]]
        bars = axes.barh(
            drawn,
            [signed[place] for place in drawn],
            left=[starts[place] for place in drawn],
            height=0.7,
            color=colour,
            label=words,
        )
        for place, bar in zip(drawn, bars, strict=True):
            bar.set_gid(f"{line.removesuffix('_micro')}-{place}")
            ends[sides[place]][place] += signed[place]
    axes.axvline(0, color=look.QUIET, linewidth=0.8)
    look.rows_of_bars(axes, [look.short(squad) for squad in moved])
    look.plain_numbers(axes.xaxis)
    axes.set_xlabel("tokens, to the left what went out")
    look.legend(axes)
