"""Charts as metadata, a UTC day each. How they are drawn, and from what: `marts.plots`."""

import base64
from collections.abc import Iterable
from datetime import date
from typing import Final

import dagster as dg
import pandas as pd
from sqlalchemy import Connection

from squads_pipeline.marts.plots import gallery

MOST: Final = 7
"""Days of a run that get a chart, the newest: a backfill of years would draw for minutes and store megabytes."""


def charted(days: Iterable[date]) -> frozenset[date]:
    """The days of a run that get a chart."""
    return frozenset(sorted(days)[-MOST:])


def of_day(connection: Connection, name: str, day: date) -> dict[str, dg.MetadataValue]:
    """An asset's chart of a day, its rows read from the database; nothing for an asset without a chart."""
    if name not in gallery.READERS:
        return {}
    return of_rows(name, gallery.READERS[name](connection, day), day)


def of_rows(name: str, rows: pd.DataFrame, day: date) -> dict[str, dg.MetadataValue]:
    """An asset's chart of a day's rows as a picture in Markdown; nothing if there are no rows.

    The picture is part of the address, in base64: Dagster's Markdown drops SVG elements and resolves entities within
    addresses. In the UI *Show Markdown* opens it.
    """
    if rows.empty:
        return {}
    try:
        drawn = gallery.draw(name, rows, day, "svg")
    except Exception as error:  # noqa: BLE001 - what was paid is committed; no picture is worth a failed run
        return {"chart": dg.MetadataValue.text(f"could not be drawn: {error}")}
    picture = base64.b64encode(drawn).decode()
    return {"chart": dg.MetadataValue.md(f"![{name}, {day}](data:image/svg+xml;base64,{picture})")}
