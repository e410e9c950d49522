"""`squads market` is live and sorted; `squads gaps` shows units that fail, with the error and the next try."""

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.store import gap_failures
from tests.surfaces.conftest import Squads


def test_the_market_is_sorted_by_what_a_token_draws(community: Squads) -> None:
    assert community("squads", "add", "cold").code == 0
    for agent in ("ada", "bob"):
        assert community("contribute", "heat", "9", "--as", agent).code == 0
    assert community("reconcile", "--only", "qf_matches").code == 0
    squads = community("market", "--json").document["squads"]
    assert [one["squad"] for one in squads] == ["cold", "heat"]  # nothing has been matched yet: ties by id
    assert (squads[0]["pool_micro"], squads[1]["pool_micro"]) == (0, 18_000_000)
    assert squads[0]["places_left"] == 8
    shown = community("market").out
    assert shown.index("cold") < shown.index("heat")
    assert "2-fold" in shown
    assert len(community("market", "--limit", "1", "--json").document["squads"]) == 1


def test_without_squads_it_says_how_one_comes(squads: Squads) -> None:
    assert squads("market").out.startswith("no squad is open")


@pytest.fixture
def failing(engine: Engine, squads: Squads) -> Squads:
    assert squads("targets", "add", "gap", "g", "--title", "Why?", "--importance", "0.9").code == 0
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('squads.clock', '2100-01-01 12:00+00', true)"))
        gap_failures.record(connection, "squads_formed", {"target:gap:g": "no such thing"}, "run")
    return squads


def test_failing_units_are_shown_with_error_and_next_try(failing: Squads) -> None:
    shown = failing("gaps").out
    assert "failed 1 time: no such thing; 4500 tokens; tried again at 2100-01-01 12:01:00 UTC" in shown
    [gap, *_] = failing("gaps", "--json").document["gaps"]
    [unit] = gap["units"]
    assert (unit["attempts"], unit["error"]) == (1, "no such thing")
    assert unit["retry_at"].startswith("2100-01-01T12:01")


def test_failing_units_come_after_the_oldest(failing: Squads, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.knowledge_gaps
                        (artifact_type, artifact_id, title, importance_ppm, created_at, created_by)
                    SELECT 'gap', 'g' || n, 'A gap', 900000, now(), 'test' FROM generate_series(1, 25) AS n""")
        )
    [gap, *_] = failing("gaps", "--json").document["gaps"]
    assert (len(gap["units"]), gap["units"][-1]["unit"]) == (21, "target:gap:g")
    assert "… and 5 more" in failing("gaps").out
