"""Tokens issued and where they sit, a day at a time, from balances and flows by kind of account."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import pandas as pd

from squads_pipeline.marts.statements import Layout, state

VERSION: Final = "1"
"""Raise it when the same balances and flows would be stated differently."""

LAYOUT: Final = Layout(
    holder="account_kind",
    received={"mint": "minted_micro"},
    other_received="received_micro",
    given={"mint": "minted_micro"},
    other_given="paid_micro",
)


def supply(
    balances: pd.DataFrame, flows: pd.DataFrame, days: Sequence[date], kinds: Sequence[str]
) -> pd.DataFrame:
    """State the supply of tokens for each of some consecutive days.

    Args:
        balances: ``account_kind, opened_on, opening_micro``: what the accounts of each kind held together when
            the first day began; a kind may be missing.
        flows: ``effective_on, account_kind, kind, amount_micro``: µT moved on each day, negative for what left.
        days: the days, in order and without a gap.
        kinds: all kinds of accounts.

    Returns:
        The columns of ``marts.token_supply``: a row for each day and kind, also for kinds without an account.
        What was minted left issuance, where it is negative: openings, mints and closings each sum to zero.
    """
    held = dict(zip(balances["account_kind"], balances["opening_micro"], strict=True))
    every = [(kind, days[0], held.get(kind, 0)) for kind in sorted(kinds)]
    holders = pd.DataFrame(every, columns=["account_kind", "opened_on", "opening_micro"])
    return state(LAYOUT, holders, flows, days, quiet=True)
