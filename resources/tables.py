"""Marts' tables as a Dagster I/O manager: a DataFrame is some UTC days of a table. Its content: `marts/`."""

from contextlib import closing
from datetime import date

import dagster as dg
import pandas as pd
from pydantic import Field

from resources.database import URL_DESCRIPTION, Database
from squads_pipeline.store import marts


class MartTables(dg.ConfigurableIOManager):
    """Stores a DataFrame as the partitions of the table in schema `marts` that has the asset's name.

    A day is replaced as a whole, and all days of a run in one transaction: an analyst sees the old rows or
    the new ones. Amounts are read back as exact integers.
    """

    url: str | None = Field(default=None, description=URL_DESCRIPTION)

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        """Put the rows in the place of all that the table has for the run's days."""
        with closing(Database(url=self.url)) as database, database.engine().begin() as connection:
            marts.replace_days(connection, marts.table(context.asset_key.path[-1]), *_days(context), obj)

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """Read the days that the consumer asks for."""
        with closing(Database(url=self.url)) as database, database.engine().connect() as connection:
            return marts.read_days(connection, marts.table(context.asset_key.path[-1]), *_days(context))


def _days(context: dg.OutputContext | dg.InputContext) -> tuple[date, date]:
    """The first and the last UTC day of the run's partitions."""
    keys = context.asset_partition_key_range
    return date.fromisoformat(keys.start), date.fromisoformat(keys.end)
