"""Lorenz curves: which part of all payments those who received the least have together."""

from collections.abc import Sequence
from datetime import date
from itertools import accumulate
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from squads_pipeline.marts.fairness import gini
from squads_pipeline.marts.plots import look
from squads_pipeline.rules.money import format_tokens

KINDS: Final = {
    "match": ("matches to squads", look.BLUE, "-"),
    "payout": ("payouts to agents", look.RED, "--"),
    "dividend": ("dividends to agents", look.GREEN, "-."),
}
_POINTS: Final = 80


def draw(rows: pd.DataFrame, day: date) -> Figure:
    """Draw how evenly a day's payments are spread.

    Args:
        rows: ``kind, amount_micro``: what each receiver got by matches, payouts and dividends, µT above zero.
        day: the UTC day.
    """
    received: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for kind, amount in rows[["kind", "amount_micro"]].itertuples(index=False, name=None):
        received[str(kind)].append(int(amount))
    paid = sum(map(sum, received.values()))
    told = f"{format_tokens(paid)} tokens received; the further from the diagonal, the less evenly"
    with look.canvas(f"Fairness of payments, {day}", told) as (figure, axes):
        if paid:
            _curves(axes, {kind: amounts for kind, amounts in received.items() if amounts})
        else:
            look.blank(axes, "nothing paid yet")
    return figure


def _curves(axes: Axes, received: dict[str, list[int]]) -> None:
    axes.plot([0, 100], [0, 100], color=look.GREY, linewidth=1, label="all the same")
    for kind, amounts in received.items():
        words, colour, dashes = KINDS[kind]
        counted = f"{words}\n{len(amounts):,} received, Gini {float(gini(amounts)):.3f}"
        (curve,) = axes.plot(*curve_of(amounts), color=colour, linestyle=dashes, linewidth=1.8, label=counted)
        curve.set_gid(f"curve-{kind}")
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.set_box_aspect(1)
    axes.set_xlabel("receivers, those with the least first, %")
    axes.set_ylabel("share of all tokens, %")
    look.legend(axes)


def curve_of(amounts: Sequence[int]) -> tuple[list[float], list[float]]:
    """The points of a Lorenz curve in per cent, from (0, 0) to (100, 100); of many only some, evenly apart."""
    sums = [0, *accumulate(sorted(amounts))]
    count = len(amounts)
    kept = sorted({round(step * count / min(_POINTS, count)) for step in range(min(_POINTS, count) + 1)})
    return [100 * place / count for place in kept], [100 * sums[place] / sums[-1] for place in kept]
