"""Squads' daily statements, from pools and flows. Where those come from is not known here."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import pandas as pd
import pyarrow as pa

VERSION: Final = "1"
"""Raise it when the same pools and flows would be stated differently."""

MICRO: Final = pd.ArrowDtype(pa.int64())
DAY: Final = pd.ArrowDtype(pa.date32())

COLUMN_OF_KIND: Final = {
    "seed": "seeds_micro",
    "contribution": "contributions_micro",
    "match": "matches_micro",
    "out": "payouts_micro",
}
"""Where each kind of flow is stated; any other kind is an ``other_grants_micro``."""

IN: Final = ("seeds_micro", "contributions_micro", "matches_micro", "other_grants_micro")
STATED: Final = (*IN, "payouts_micro")
COLUMNS: Final = ("effective_on", "squad_id", "opening_micro", *STATED, "closing_micro")


def statements(pools: pd.DataFrame, flows: pd.DataFrame, days: Sequence[date]) -> pd.DataFrame:
    """State every squad's pool for each of some consecutive days.

    Args:
        pools: ``squad_id, opened_on, opening_micro``: all squads, their pools at the start of the first day.
        flows: ``effective_on, squad_id, kind, amount_micro``: µT moved on each day, positive; kind ``out``
            for what left a pool.
        days: the days, in order and without a gap.

    Returns:
        The columns of ``marts.squad_pools``: a row for each day and squad whose account was open by its end.
        A day's opening is the closing of the day before, so that statements can be added up.
    """
    frames = []
    known = pools.set_index("squad_id")
    opening = known["opening_micro"].astype(MICRO)
    for day in days:
        stated = _statement(opening, _by_column(flows[flows["effective_on"] == day], opening.index))
        opening = stated["closing_micro"]
        # A pool that moved was open, whatever the clock said when it was opened.
        moved = (stated[["opening_micro", *STATED]] != 0).any(axis=1)
        open_by_then = stated[(known["opened_on"] <= day) | moved]
        dated = open_by_then.reset_index().assign(effective_on=pd.Series(day, open_by_then.index).array)
        frames.append(dated.astype({"effective_on": DAY})[list(COLUMNS)])
    return pd.concat(frames, ignore_index=True)


def _by_column(flows: pd.DataFrame, squads: pd.Index) -> pd.DataFrame:
    """Sum one day's flows into a row for each squad and a column for each kind of statement line."""
    columns = flows["kind"].map(COLUMN_OF_KIND).fillna("other_grants_micro").astype(object)
    summed = flows["amount_micro"].groupby([flows["squad_id"], columns]).sum().unstack()
    return summed.reindex(index=squads, columns=pd.Index(STATED)).astype(MICRO).fillna(0)


def _statement(opening: "pd.Series[int]", lines: pd.DataFrame) -> pd.DataFrame:
    closing = opening - lines["payouts_micro"]
    for column in IN:
        closing = closing + lines[column]
    return lines.assign(opening_micro=opening, closing_micro=closing)
