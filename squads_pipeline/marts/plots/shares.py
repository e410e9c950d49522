"""Shares of pools: how each pool that was shared out on a day was divided among its members."""

from datetime import date
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from squads_pipeline.marts.plots import look
from squads_pipeline.rules.money import format_tokens

MOST: Final = 8
"""Pools drawn of a day: the largest."""

_OTHERS: Final = "others"
# By the place of a member's share in its pool; dark first, so that the order also shows without colours.
_PLACES: Final = (
    ("largest share", look.BLUE, "white"),
    ("second", look.ORANGE, look.INK),
    ("third", look.GREEN, "white"),
    ("fourth", look.SKY, look.INK),
    (_OTHERS, look.GREY, look.INK),
)
# Of the axis, in hundredths: what a letter takes, and the margin of a word.
_LETTER, _MARGIN = 1.55, 2.0


def draw(rows: pd.DataFrame, day: date) -> Figure:
    """Draw a day's shares.

    Args:
        rows: ``squad_id, agent_id, share_micro``: what each member got of its squad's pool.
        day: the UTC day.
    """
    pools = _pools(rows)
    paid = sum(sum(shares.values()) for shares in pools.values())
    told = f"{look.counted(len(pools), 'pool')} of {format_tokens(paid)} tokens shared out"
    if len(pools) > MOST:
        told += f"; the {MOST} largest are drawn"
    with look.canvas(f"Shares of pools, {day}", told) as (figure, axes):
        if pools:
            _bars(axes, dict(list(pools.items())[:MOST]))
        else:
            look.blank(axes, "nothing shared out yet")
    return figure


def _pools(rows: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Squad → member → µT, the largest pool and the largest share first; nobody without a share."""
    found: dict[str, dict[str, int]] = {}
    for squad, agent, share in rows[["squad_id", "agent_id", "share_micro"]].itertuples(
        index=False, name=None
    ):
        if share > 0:
            found.setdefault(str(squad), {})[str(agent)] = int(share)
    largest = sorted(found, key=lambda squad: (-sum(found[squad].values()), squad))
    return {squad: dict(sorted(found[squad].items(), key=lambda one: (-one[1], one[0]))) for squad in largest}


def _bars(axes: Axes, pools: dict[str, dict[str, int]]) -> None:
    for number, shares in enumerate(pools.values()):
        _bar(axes, number, shares)
    names = [f"{look.short(squad)}\n{look.about(sum(shares.values()))}" for squad, shares in pools.items()]
    look.rows_of_bars(axes, names)
    axes.tick_params(axis="y", labelsize=7)
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of the pool, %")
    axes.set_ylabel("squad and pool, tokens")
    look.legend(axes)


def _bar(axes: Axes, number: int, shares: dict[str, int]) -> None:
    """Draw a pool as one bar: a part for each of the largest shares, one for all others."""
    pool, start = sum(shares.values()), 0.0
    for place, (words, colour, ink) in enumerate(_PLACES):
        parts = list(shares.items())[place:] if words == _OTHERS else list(shares.items())[place : place + 1]
        if not parts:
            return
        share = 100 * sum(amount for _, amount in parts) / pool
        known = words in axes.get_legend_handles_labels()[1]
        (part,) = axes.barh(
            number, share, left=start, height=0.7, color=colour, label="_" if known else words
        )
        part.set_gid(f"share-{number}-{place}")
        name = parts[0][0] if len(parts) == 1 else f"{len(parts):,} {_OTHERS}"
        if share > _MARGIN + _LETTER * len(name):
            axes.text(start + share / 2, number, name, ha="center", va="center", size=7, color=ink)
        start += share
