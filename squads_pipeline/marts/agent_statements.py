"""Agents' daily statements, from wallets and flows. Where those come from is not known here."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import pandas as pd

from squads_pipeline.marts.statements import Layout, state

VERSION: Final = "1"
"""Raise it when the same wallets and flows would be stated differently."""

LAYOUT: Final = Layout(
    holder="agent_id",
    received={"mint": "minted_micro", "payout": "payouts_micro", "dividend": "dividends_micro"},
    other_received="other_received_micro",
    given={"contribution": "contributions_micro"},
    other_given="other_given_micro",
)


def statements(wallets: pd.DataFrame, flows: pd.DataFrame, days: Sequence[date]) -> pd.DataFrame:
    """State agents' wallets for each of some consecutive days.

    Args:
        wallets: ``agent_id, opened_on, opening_micro``: all agents, their wallets at the start of the first day.
        flows: ``effective_on, agent_id, kind, amount_micro``: µT moved on each day, negative for what left.
        days: the days, in order and without a gap.

    Returns:
        The columns of ``marts.agent_statements``: a row for each day and agent with a balance or a movement
        on it. An agent without a row had nothing, so of a large community only those at work are stored.
    """
    return state(LAYOUT, wallets, flows, days, quiet=False)
