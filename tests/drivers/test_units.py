"""Units that fail do not stop the others: they are put aside, wait longer each time, and are forgotten when mended."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from squads_pipeline.commands import community, targets
from squads_pipeline.drivers.run import DriverRun, Outcome
from squads_pipeline.drivers.units import close_due, merged
from squads_pipeline.rules.formation import Target
from squads_pipeline.store import gap_failures, gaps

GAP = "squads_formed"
RUN = DriverRun("test")


@pytest.fixture
def missing(connection: Connection) -> Connection:
    for name in "abcdefgh":
        targets.add_target(connection, Target("gap", name, name, 900_000))
    return connection


def closing(connection: Connection, *bad: str, tries: list[int] | None = None) -> Outcome:
    """Give each unit a squad, all but the bad ones."""

    def close(units: Sequence[str]) -> Outcome:
        if tries is not None:
            tries.append(len(units))
        for unit in units:
            community.add_squad(connection, f"of-{unit[-1]}", target_id=unit[-1])
        broken = [unit for unit in units if unit[-1] in bad]
        if broken:
            connection.execute(text("SELECT 1 / 0"))
        return Outcome(len(units), 0, {"formed": len(units), "by": "test"})

    return close_due(connection, GAP, RUN, close)


def test_without_failures_all_are_closed_in_one_go(missing: Connection) -> None:
    tries: list[int] = []
    assert closing(missing, tries=tries) == Outcome(8, 0, {"formed": 8, "by": "test"})
    assert tries == [8]
    assert gap_failures.of_gap(missing) == []


def test_the_others_go_on_and_the_failing_one_says_why(missing: Connection) -> None:
    tries: list[int] = []
    outcome = closing(missing, "c", tries=tries)
    assert outcome == Outcome(7, 0, {"formed": 7, "by": "test", "units_failed": 1})
    assert len(tries) == 7  # 8, 4, 2, 1, 1, 2, 4: by halves, not one by one
    (unit,) = gaps.units(missing, GAP, 10)
    assert unit.unit == "target:gap:c"
    assert unit.reason.endswith("failed 1 time: division by zero")
    assert not gaps.is_open(missing, GAP)


def test_the_delay_doubles_and_a_success_is_forgotten(missing: Connection) -> None:
    def at(moment: str) -> None:
        missing.execute(text("SELECT set_config('squads.clock', :moment, true)"), {"moment": moment})

    at("2030-01-01 00:00+00")
    closing(missing, "c")
    at("2030-01-01 00:00:59+00")
    assert closing(missing, "c").units == 0
    at("2030-01-01 00:01+00")
    closing(missing, "c")
    (failure,) = gap_failures.of_gap(missing, GAP)
    assert failure.attempts == 2
    assert failure.retry_at - failure.first_failed_at == timedelta(minutes=3)
    at("2030-01-01 00:03+00")
    assert closing(missing).units == 1
    assert gap_failures.of_gap(missing) == []


def test_a_unit_that_is_no_longer_missing_is_forgotten(missing: Connection) -> None:
    closing(missing, "c")
    targets.close_target(missing, "gap", "c")
    closing(missing)
    assert gap_failures.of_gap(missing) == []


def test_a_deadlock_is_no_fault_of_a_unit(missing: Connection) -> None:
    def close(_units: Sequence[str]) -> Outcome:
        raise OperationalError("", {}, Exception("deadlock detected"))

    with pytest.raises(OperationalError):
        close_due(missing, GAP, RUN, close)
    assert gap_failures.of_gap(missing) == []


def test_numbers_of_outcomes_add_up() -> None:
    first = Outcome(1, 2, {"paid": 5, "of": "a"})
    assert merged(first, Outcome(3, 4, {"paid": 5, "of": "b", "more": 1})) == Outcome(
        4, 6, {"paid": 10, "of": "a", "more": 1}
    )
