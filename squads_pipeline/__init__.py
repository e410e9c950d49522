"""The economy of research squads: true without Dagster, which only `definitions` knows. `read` is for analysts."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from squads_pipeline.surfaces.reading import Day


def read(name: str, days: "Day | tuple[Day, Day] | None" = None) -> "pd.DataFrame":
    """Read a table or view of the economy as an exact DataFrame.

    The database is the one of the command line: ``SQUADS_DATABASE_URL``, or the embedded one of the home.

    Args:
        name: such as ``squad_pools`` or ``marts.squad_pools``; ``docs/tables.md`` lists them.
        days: only these UTC days: one, or a pair of the first and the last. A day is a date or its ISO form.

    Returns:
        Columns of Arrow types. Amounts are in tokens, as decimals with six places: what is ``match_micro`` in
        SQL is ``match`` here. Whole numbers are ``int64``, moments are in UTC, JSON is text.

    Raises:
        SquadsError: there is no such table, it has no days, or a number has more than 38 digits.
        ServerError: the database cannot be used.
    """
    # Here, so that importing the package loads neither pandas nor a driver.
    from squads_pipeline.surfaces import reading  # noqa: PLC0415

    return reading.read(name, days)
