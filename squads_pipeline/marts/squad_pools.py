"""Squads' daily statements, from pools and flows. Where those come from is not known here."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import pandas as pd

from squads_pipeline.marts.statements import Layout, state

VERSION: Final = "1"
"""Raise it when the same pools and flows would be stated differently."""

LAYOUT: Final = Layout(
    holder="squad_id",
    received={"seed": "seeds_micro", "contribution": "contributions_micro", "match": "matches_micro"},
    other_received="other_grants_micro",
    given={},
    other_given="payouts_micro",
)


def statements(pools: pd.DataFrame, flows: pd.DataFrame, days: Sequence[date]) -> pd.DataFrame:
    """State every squad's pool for each of some consecutive days.

    Args:
        pools: ``squad_id, opened_on, opening_micro``: all squads, their pools at the start of the first day.
        flows: ``effective_on, squad_id, kind, amount_micro``: µT moved on each day, negative for what left.
        days: the days, in order and without a gap.

    Returns:
        The columns of ``marts.squad_pools``: a row for each day and squad whose account was open by its end.
    """
    return state(LAYOUT, pools, flows, days, quiet=True)
