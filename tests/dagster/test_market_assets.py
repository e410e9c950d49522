"""The marts of market, coverage and fairness as assets: what facts say, also of days that are over."""

from datetime import date

import pytest
from sqlalchemy import text

from squads_pipeline.commands import community, targets
from squads_pipeline.rules.formation import Target
from tests.dagster.conftest import TOKEN, Community, Materialize

FIRST, SECOND = date(2026, 2, 3), date(2026, 2, 4)


@pytest.fixture
def history(empty: Community) -> Community:
    """Squads x and y; a round of x on the first day, z around a target and a round of y on the second."""
    empty.found(f"{FIRST} 08:00+00")
    with empty.at(f"{FIRST} 08:30+00") as connection:
        targets.add_target(connection, Target("gap", "z", "Why z?", 900_000))
        targets.add_target(connection, Target("gap", "w", "Why w?", 900_000))
    empty.give(("a", "x", 16), ("b", "x", 9), moment=f"{FIRST} 09:00+00")
    empty.round(f"{FIRST} 10:00+00")
    with empty.at(f"{SECOND} 08:30+00") as connection:
        community.add_squad(connection, "z", target_id="z")
    empty.give(("a", "y", 1), ("b", "y", 1), moment=f"{SECOND} 09:00+00")
    empty.round(f"{SECOND} 10:00+00")
    return empty


def test_the_market_of_each_day(history: Community, materialize: Materialize) -> None:
    assert materialize("squad_market", first=FIRST, last=SECOND).success
    found = history.rows(
        """SELECT effective_on::text, squad_id, pool_micro, contributors, expected_match_micro, importance::text
           FROM marts.squad_market ORDER BY 1, 2"""
    )
    assert found == [
        ("2026-02-03", "x", 74 * TOKEN, 2, 15 * TOKEN, None),
        ("2026-02-03", "y", 0, 0, 0, None),
        ("2026-02-04", "x", 74 * TOKEN, 2, 15 * TOKEN, None),
        ("2026-02-04", "y", 6 * TOKEN, 2, 5 * TOKEN, None),
        ("2026-02-04", "z", 0, 0, 0, "0.900000"),
    ]


def test_today_is_read_from_the_standings(history: Community, materialize: Materialize, today: date) -> None:
    assert materialize("squad_market", first=today).success
    query = "SELECT squad_id, expected_match_micro FROM marts.squad_market ORDER BY 1"
    assert history.rows(query) == [("x", 15 * TOKEN), ("y", 5 * TOKEN), ("z", 0)]


def test_a_squad_that_is_over_is_not_offered(
    history: Community, materialize: Materialize, today: date
) -> None:
    with history.engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.squad_events
                    SELECT (jsonb_populate_record(event, jsonb_build_object('event_no', event_no + 1,
                        'from_status', to_status, 'to_status', 'disbanded', 'effective_on', current_date))).*
                    FROM squads.squad_events AS event WHERE squad_id = 'x' ORDER BY event_no DESC LIMIT 1""")
        )
    materialize("squad_market", first=SECOND)
    materialize("squad_market", first=today)
    query = "SELECT effective_on, squad_id FROM marts.squad_market WHERE squad_id = 'x'"
    assert history.rows(query) == [(SECOND, "x")]


def test_coverage_of_each_day(history: Community, materialize: Materialize) -> None:
    assert materialize("gap_coverage", first=FIRST, last=SECOND).success
    found = history.rows(
        """SELECT effective_on::text, open_targets, important_targets, covered_targets, waiting_targets,
                  mean_wait_seconds::int FROM marts.gap_coverage WHERE open_targets > 0 ORDER BY 1"""
    )
    assert found == [
        ("2026-02-03", 2, 2, 0, 2, 55_800),  # 15.5 hours until midnight
        ("2026-02-04", 2, 2, 1, 1, 142_200),
    ]


def test_fairness_of_each_day(history: Community, materialize: Materialize) -> None:
    assert materialize("fairness", first=FIRST, last=SECOND).success
    found = history.rows(
        """SELECT effective_on::text, receivers, total_micro, gini::text, top_10_share::int, median_micro
           FROM marts.fairness WHERE kind = 'match' ORDER BY 1"""
    )
    assert found == [
        ("2026-02-03", 1, 49 * TOKEN, "0.000000000", 1, 49 * TOKEN),
        ("2026-02-04", 1, 4 * TOKEN, "0.000000000", 1, 4 * TOKEN),
    ]
    assert history.count("marts.fairness") == 6
