"""How long a sensor waits after failures."""

from datetime import UTC, datetime, timedelta

import pytest

from sensors.back_off import back_off

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(1, 15), (2, 30), (3, 60), (4, 120), (5, 240), (6, 480), (7, 900), (8, 900), (10_000, 900)],
)
def test_the_wait_doubles_from_15_seconds_to_15_minutes(failures: int, seconds: int) -> None:
    wait = timedelta(seconds=seconds)
    assert back_off(failures, NOW, NOW) == NOW + wait
    assert back_off(failures, NOW - wait + timedelta(microseconds=1), NOW) is not None
    assert back_off(failures, NOW - wait, NOW) is None


def test_without_a_failure_there_is_no_wait() -> None:
    assert back_off(0, NOW, NOW) is None


def test_a_failure_that_another_clock_dates_in_the_future_is_waited_for() -> None:
    assert back_off(1, NOW + timedelta(seconds=5), NOW) == NOW + timedelta(seconds=20)
