"""Turning errors that a person can mend into failures that say so, without a traceback. No other errors."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from squads_pipeline.server.errors import ServerError
from squads_pipeline.store.errors import SquadsError


@contextmanager
def plainly() -> Iterator[None]:
    """Fail the step with what was wrong and what to do.

    Raises:
        Failure: instead of a `SquadsError` or a `ServerError`; retrying would not help.
    """
    try:
        yield
    except SquadsError as error:
        raise dg.Failure(str(error), {"what to do": error.remedy}, allow_retries=False) from None
    except ServerError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
