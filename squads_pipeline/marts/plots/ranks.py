"""Payout rank against outcome rank: whether agents were paid as their work turned out to be worth."""

from datetime import date
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from squads_pipeline.marts.plots import look

MOST: Final = 90
"""Agents drawn: those that were paid the most."""

_NAMED: Final = 4
_CLASSES: Final = (
    ("paid better\nthan it proved", look.RED, "v"),
    ("paid as\nit proved", look.QUIET, "o"),
    ("paid worse\nthan it proved", look.BLUE, "^"),
)


def draw(rows: pd.DataFrame, day: date) -> Figure:
    """Draw the agents that a calibration compared.

    Args:
        rows: ``agent_id, paid_rank, credit_rank, agents, rank_correlation``: of each agent the rank of its payouts and
            of its dividends, 1 for the most, halves where agents share a place; then the number of agents compared
            and Spearman's rank correlation, the same in each row, null when undefined.
        day: the UTC day of the calibration.
    """
    drawn = rows.sort_values(["paid_rank", "agent_id"]).head(MOST)
    told = _told(rows) if len(rows) else "no agents compared"
    with look.canvas(f"Payout against outcome, {day}", told) as (figure, axes):
        if drawn.empty:
            look.blank(axes, "nothing compared yet")
        else:
            _marks(axes, drawn)
    return figure


def _told(rows: pd.DataFrame) -> str:
    known = rows["rank_correlation"].iloc[0]
    correlation = "undefined" if pd.isna(known) else f"{float(known):.3f}"
    agents = int(rows["agents"].iloc[0])
    drawn = min(len(rows), MOST)
    few = f"; the {drawn} paid the most are drawn" if drawn < agents else ""
    return f"{look.counted(agents, 'agent')}, rank correlation {correlation}{few}"


def _marks(axes: Axes, drawn: pd.DataFrame) -> None:
    paid = [float(one) for one in drawn["paid_rank"]]
    credit = [float(one) for one in drawn["credit_rank"]]
    last = max(*paid, *credit, 2.0)
    axes.plot([1, last], [1, last], color=look.GREY, linewidth=1, label="_")
    for number, (words, colour, marker) in enumerate(_CLASSES):
        of_class = [place for place in range(len(paid)) if _class(paid[place], credit[place]) == number]
        if not of_class:
            continue
        (marks,) = axes.plot(
            [paid[place] for place in of_class],
            [credit[place] for place in of_class],
            linestyle="none",
            marker=marker,
            markersize=6,
            color=colour,
            markeredgecolor="white",
            label=words,
        )
        marks.set_gid(f"agents-{number}")
    margin = max(0.5, last * 0.06)
    axes.set_xlim(1 - margin, last + margin)
    axes.set_ylim(last + margin, 1 - margin)
    look.plain_numbers(axes.xaxis, whole=True)
    look.plain_numbers(axes.yaxis, whole=True)
    axes.set_xlabel("rank by payouts, 1 is paid the most")
    axes.set_ylabel("rank by outcomes, 1 proved most")
    look.legend(axes)
    farthest = sorted(range(len(paid)), key=lambda place: (-abs(paid[place] - credit[place]), place))
    named = [place for place in farthest[:_NAMED] if paid[place] != credit[place]]
    agents = [str(one) for one in drawn["agent_id"]]
    look.name_marks(
        axes, [agents[place] for place in named], [(paid[place], credit[place]) for place in named]
    )


def _class(paid: float, credit: float) -> int:
    """0: paid at a better rank than the work proved; 1: the same; 2: at a worse one."""
    return 1 if paid == credit else 0 if paid < credit else 2
