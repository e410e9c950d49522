"""How evenly payments are spread over those who receive them, a day and kind of payment at a time."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

import pandas as pd
import pyarrow as pa

from squads_pipeline.marts.frames import frame

VERSION: Final = "1"
"""Raise it when the same payments would be judged differently."""

KINDS: Final = ("match", "payout", "dividend")
"""Kinds of payment: matches are received by squads, payouts and dividends by agents."""

TOP: Final = 10

COLUMN_TYPES: Final = {
    "effective_on": pa.date32(),
    "kind": pa.string(),
    "receivers": pa.int32(),
    "total_micro": pa.int64(),
    "gini": pa.decimal256(12, 9),
    "top_10_share": pa.decimal256(12, 9),
    "median_micro": pa.int64(),
}
"""The columns of ``marts.fairness``."""


def fairness(payments: pd.DataFrame, days: Sequence[date]) -> pd.DataFrame:
    """Judge the spread of payments.

    Args:
        payments: ``effective_on, kind, receiver, amount_micro``: what each receiver got on a day.
        days: the days.

    Returns:
        The columns of ``marts.fairness``: a row for each day and kind. Without receivers shares and median are null.
    """
    received: dict[tuple[date, str], list[int]] = {(day, kind): [] for day in days for kind in KINDS}
    for day, kind, amount in payments[["effective_on", "kind", "amount_micro"]].itertuples(
        index=False, name=None
    ):
        received[day, str(kind)].append(int(amount))
    return frame(COLUMN_TYPES, [(day, kind, *_judged(got)) for (day, kind), got in received.items()])


def gini(amounts: Sequence[int]) -> Fraction:
    """The Gini coefficient as an exact rational: 0 when all have the same, (n - 1)/n when one has all.

    G = Σᵢ (2i - n - 1)·xᵢ / (n · Σᵢ xᵢ) over the amounts in ascending order, i from 1 to n: half the relative mean
    absolute difference. Corrado Gini, "Variabilità e mutabilità" (1912).

    Raises:
        ValueError: there are no amounts, or one is not positive.
    """
    if not amounts or min(amounts) <= 0:
        raise ValueError("the Gini coefficient of payments needs amounts above zero")
    count, ascending = len(amounts), sorted(amounts)
    weighed = sum((2 * place - count - 1) * amount for place, amount in enumerate(ascending, start=1))
    found = Fraction(weighed, count * sum(ascending))
    assert 0 <= found < 1  # noqa: S101
    return found


def _judged(amounts: Sequence[int]) -> tuple[object, ...]:
    if not amounts:
        return 0, 0, None, None, None
    ascending, total = sorted(amounts), sum(amounts)
    middle = ascending[(len(ascending) - 1) // 2] + ascending[len(ascending) // 2]
    top = Fraction(sum(ascending[-TOP:]), total)
    return len(ascending), total, _nine_decimals(gini(ascending)), _nine_decimals(top), middle // 2


def _nine_decimals(share: Fraction) -> Decimal:
    return Decimal(round(share * 10**9)).scaleb(-9)
