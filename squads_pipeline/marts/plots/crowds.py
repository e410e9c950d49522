"""Crowd against money: each matched squad by its contributors and what they gave, the mark as large as the match."""

from datetime import date
from math import ceil, sqrt
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from squads_pipeline.marts.plots import look
from squads_pipeline.rules.money import format_tokens

MOST: Final = 90
"""Squads drawn of a day: those with the largest matches."""

_NAMED: Final = 5
_SIZES: Final = 4


def draw(rows: pd.DataFrame, day: date) -> Figure:
    """Draw a day's matches.

    Args:
        rows: ``squad_id, contributors, contributed_micro, match_micro``: each squad's crowd and money as of its last
            round of the day, and what the day's rounds matched.
        day: the UTC day.
    """
    squads = rows[rows["contributors"] > 0].sort_values(["match_micro", "squad_id"], ascending=[False, True])
    drawn = squads.head(MOST)
    matched = sum(map(int, rows["match_micro"]))
    told = f"{look.counted(len(squads), 'squad')} weighed, {format_tokens(matched)} tokens matched"
    if len(squads) > MOST:
        told += f"; the {MOST} largest are drawn"
    with look.canvas(f"Crowd against money, {day}", told) as (figure, axes):
        if drawn.empty:
            look.blank(axes, "nothing matched yet")
        else:
            _marks(axes, drawn)
    return figure


def _marks(axes: Axes, drawn: pd.DataFrame) -> None:
    money = look.tokens(drawn["contributed_micro"])
    crowd = [float(one) for one in drawn["contributors"]]
    matches = [int(one) for one in drawn["match_micro"]]
    most = max(matches)
    levels = [ceil(_SIZES * sqrt(match / most)) if match else 0 for match in matches]
    for level in sorted(set(levels), reverse=True):
        of_level = [place for place, one in enumerate(levels) if one == level]
        (marks,) = axes.plot(
            [money[place] for place in of_level],
            [crowd[place] for place in of_level],
            linestyle="none",
            marker="o",
            markersize=4 + 3 * level,
            color=look.BLUE if level else "white",
            markeredgecolor="white" if level else look.QUIET,
            alpha=0.75,
            label=f"up to {look.about(most * level**2 // _SIZES**2)}" if level else "nothing",
        )
        marks.set_gid(f"matches-{level}")
    look.fit(axes, "x", money)
    look.fit(axes, "y", crowd, whole=True)
    axes.set_xlabel("money: contributed so far, tokens")
    axes.set_ylabel("crowd: contributors")
    look.legend(axes, "match, tokens")
    squads = [str(one) for one in drawn["squad_id"]]
    look.name_marks(axes, squads[:_NAMED], list(zip(money, crowd, strict=True))[:_NAMED])
