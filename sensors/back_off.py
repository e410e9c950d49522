"""How long to wait after failures, as a pure function. Which failures count is for the sensor to say."""

from datetime import datetime, timedelta
from typing import Final

FIRST_WAIT: Final = timedelta(seconds=15)
LONGEST_WAIT: Final = timedelta(minutes=15)
_DOUBLINGS: Final = 6  # after which the longest wait is reached


def back_off(failures: int, last_failure_at: datetime, now: datetime) -> datetime | None:
    """When to try again after some failures in a row; None for now.

    Args:
        failures: how many runs failed since the last that succeeded.
        last_failure_at: when the newest of them ended.
        now: the present.
    """
    if failures == 0:
        return None
    wait = min(FIRST_WAIT * 2 ** min(failures - 1, _DOUBLINGS), LONGEST_WAIT)
    again_at = last_failure_at + wait
    return again_at if again_at > now else None
