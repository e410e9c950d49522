"""What all statements have in common: openings, lines, closings, and days that add up. No mart of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import pandas as pd
import pyarrow as pa

MICRO: Final = pd.ArrowDtype(pa.int64())
DAY: Final = pd.ArrowDtype(pa.date32())


@dataclass(frozen=True, slots=True)
class Layout:
    """How a mart states what moved: the column that names the holder, and a line for each kind of flow.

    Attributes:
        holder: column that says whose statement it is.
        received: line by kind of transfer, for what came in.
        other_received: the line of any other kind that came in.
        given: line by kind of transfer, for what went out.
        other_given: the line of any other kind that went out.

    Lines of `given` are stated as positive amounts that are taken off. A line that is also one of `received`
    is stated net: what came in less what went out.
    """

    holder: str
    received: Mapping[str, str]
    other_received: str
    given: Mapping[str, str]
    other_given: str

    @property
    def added(self) -> list[str]:
        """The lines that a closing adds to its opening."""
        return list(dict.fromkeys([*self.received.values(), self.other_received]))

    @property
    def taken_off(self) -> list[str]:
        """The lines that a closing takes off its opening."""
        given = dict.fromkeys([*self.given.values(), self.other_given])
        return [line for line in given if line not in self.added]

    @property
    def lines(self) -> list[str]:
        """All lines, in the order of the columns."""
        return [*self.added, *self.taken_off]

    @property
    def columns(self) -> list[str]:
        """The columns of the mart."""
        return ["effective_on", self.holder, "opening_micro", *self.lines, "closing_micro"]


def state(
    layout: Layout, holders: pd.DataFrame, flows: pd.DataFrame, days: Sequence[date], *, quiet: bool
) -> pd.DataFrame:
    """State every holder's money for each of some consecutive days.

    Args:
        layout: the mart's holder and lines.
        holders: holder, ``opened_on, opening_micro``: all of them, with what they had when the first day began.
        flows: ``effective_on``, holder, ``kind, amount_micro``: µT moved on each day, negative for what went out.
        days: the days, in order and without a gap.
        quiet: whether a holder without money and without a movement is stated, once its account is open.

    Returns:
        The layout's columns: a row for each day and holder. A day's opening is the closing of the day before,
        so that statements can be added up.
    """
    frames = []
    known = holders.set_index(layout.holder)
    opening = known["opening_micro"].astype(MICRO)
    for day in days:
        stated = _statement(layout, opening, flows[flows["effective_on"] == day])
        opening = stated["closing_micro"]
        # Money that is there or moved is stated, whatever the clock said when the account was opened.
        shown = (stated[["opening_micro", *layout.lines]] != 0).any(axis=1)
        if quiet:
            shown |= known["opened_on"] <= day
        of_day = stated[shown].reset_index()
        dated = of_day.assign(effective_on=pd.Series(day, of_day.index, dtype=object).array)
        frames.append(dated.astype({"effective_on": DAY})[layout.columns])
    return pd.concat(frames, ignore_index=True)


def _statement(layout: Layout, opening: "pd.Series[int]", flows: pd.DataFrame) -> pd.DataFrame:
    """Sum one day's flows into a row for each holder and a column for each line, between two balances."""
    amounts = flows["amount_micro"].astype(MICRO)
    moved = amounts.groupby([flows[layout.holder], _lines_of(layout, flows)]).sum().unstack()
    lines = moved.reindex(index=opening.index, columns=pd.Index(layout.lines)).astype(MICRO).fillna(0)
    closing = opening
    for line in layout.lines:
        closing = closing + lines[line]
    stated = lines.assign(**{line: -lines[line] for line in layout.taken_off})
    return stated.assign(opening_micro=opening, closing_micro=closing)


def _lines_of(layout: Layout, flows: pd.DataFrame) -> "pd.Series[str]":
    kinds = flows["kind"].astype(object)
    received = kinds.map(lambda kind: layout.received.get(kind, layout.other_received))
    given = kinds.map(lambda kind: layout.given.get(kind, layout.other_given))
    return received.where(flows["amount_micro"] > 0, given)
