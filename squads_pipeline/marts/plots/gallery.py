"""The charts by the names of their assets: where the rows of each come from, and its drawing, loaded when drawn."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Final

import pandas as pd
from sqlalchemy import Connection

from squads_pipeline.store import market, marts, plot_data
from squads_pipeline.store.errors import NotFoundError, RefusedError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from squads_pipeline.marts.plots.look import Form

Read = Callable[[Connection, date], pd.DataFrame]

READERS: Final[dict[str, Read]] = {
    "qf_matches": plot_data.matches,
    "squad_pools": lambda connection, day: marts.read_days(connection, marts.table("squad_pools"), day, day),
    "harvest_distributions": plot_data.shares,
    "fairness": lambda connection, day: market.payments(connection, day, day),
    "policy_calibration": plot_data.ranks,
}
"""Name of an asset with a chart → the rows of a day that it is drawn from."""


def draw(name: str, rows: pd.DataFrame, day: date, form: "Form") -> bytes:
    """The chart of a name as a file.

    Args:
        name: of `READERS`.
        rows: as its reader gives them.
        day: the UTC day.
        form: ``svg`` or ``png``. As SVG the same rows give the same bytes.
    """
    # Not at import: Dagster's code server and most commands never draw.
    from squads_pipeline.marts.plots import crowds, flows, look, lorenz, ranks, shares  # noqa: PLC0415

    drawings: dict[str, Callable[[pd.DataFrame, date], Figure]] = {
        "qf_matches": crowds.draw,
        "squad_pools": flows.draw,
        "harvest_distributions": shares.draw,
        "fairness": lorenz.draw,
        "policy_calibration": ranks.draw,
    }
    return look.save(drawings[name](rows, day), form)


def day_of(connection: Connection, name: str, asked: date | None) -> date:
    """The day to draw: the one asked for, or the newest that the asset has rows of.

    Raises:
        NotFoundError: there is no chart of this name.
        RefusedError: the asset has no rows of that day, or none at all.
    """
    if name not in READERS:
        raise NotFoundError(f"There is no chart of {name}", f"Choose one of {', '.join(READERS)}.")
    newest = plot_data.newest_day(connection, name)
    if newest is None:
        raise RefusedError(
            f"{name} has no rows yet",
            "Close the gaps with `squads reconcile`; see what they wait for with `squads gaps`.",
        )
    day = newest if asked is None else asked
    if plot_data.newest_day(connection, name, until=day) != day:
        raise RefusedError(
            f"{name} has no rows of {day}", f"Choose another day; the newest with rows is {newest}."
        )
    return day
