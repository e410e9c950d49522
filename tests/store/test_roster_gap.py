"""The gap of squad_rosters: SQL and the rules agree about every squad, and an idle look is cheap."""

import itertools
import json
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from squads_pipeline.rules.bids import fate_of_bid
from squads_pipeline.rules.rosters import next_step
from squads_pipeline.store import gaps, members, policies, rosters
from tests.rules.test_criteria import UNKNOWN_FORMS

NOW = "2026-03-10 12:00+00"

_SQUADS = text("""
INSERT INTO squads.research_squads
    (id, name, charter, target_artifact_type, target_artifact_id, status, success_criteria, formed_at,
     recruitment_closes_at, target_disband_at, disbanded_at, findings_bubbled)
VALUES (:id, :id, :charter, 'gap', :id, :status, CAST(:criteria AS jsonb), '2026-03-01', :window, :ends,
        CASE WHEN :status = 'disbanded' THEN now() END, :bubbled)
""")

PAST, AHEAD = "2026-03-10 11:59+00", "2026-03-10 12:01+00"
ONE = [{"measure": "findings_bubbled", "at_least": 1}]


def at_noon(connection: Connection) -> None:
    connection.execute(text(f"SET LOCAL squads.clock = '{NOW}'"))
    for agent in ("ada", "bo"):
        connection.execute(
            text("INSERT INTO squads.agents (id, created_at) VALUES (:agent, now())"), {"agent": agent}
        )


def add(connection: Connection, name: str, **facts: Any) -> None:
    given = {
        "charter": "Find out.",
        "status": "active",
        "criteria": ONE,
        "window": None,
        "ends": AHEAD,
        "bubbled": 0,
        **facts,
    }
    connection.execute(_SQUADS, {"id": name, **given, "criteria": json.dumps(given["criteria"])})


def enrol(connection: Connection, name: str, agent: str, role: str, **counts: int) -> None:
    connection.execute(
        text("""INSERT INTO squads.squad_members
                    (squad_id, agent_id, role, joined_at, journal_entries, findings_authored)
                VALUES (:squad, :agent, :role, now(), :journal, :authored)"""),
        {"squad": name, "agent": agent, "role": role, "journal": 0, "authored": 0, **counts},
    )


def agree(connection: Connection) -> dict[str, bool]:
    """Squad → whether it is due; view and rule must say the same of each that is not to be abandoned."""
    names = list(connection.scalars(text("SELECT id FROM squads.research_squads")))
    due = set(gaps.due(connection, "squad_rosters", 10_000))
    policy = policies.current(connection)
    by_rule = {
        one.squad_id: next_step(one, policy) is not None for one in rosters.standings(connection, names)
    }
    by_view = {name: f"squad:{name}" in due for name in by_rule}
    assert by_view == by_rule
    return by_rule


def test_view_and_rule_agree_about_every_status_window_and_member(connection: Connection) -> None:
    at_noon(connection)
    number = itertools.count()
    for status, window, ends, role, bubbled, charter in itertools.product(
        ("forming", "recruiting", "active", "harvesting", "disbanded"),
        (None, PAST, AHEAD),
        (None, PAST, AHEAD),
        (None, "observer", "researcher"),
        (0, 1),
        ("Find out.", " \n"),
    ):
        name = f"s{next(number)}"
        add(connection, name, status=status, window=window, ends=ends, bubbled=bubbled, charter=charter)
        if role is not None:
            enrol(connection, name, "ada", role)
    due = agree(connection)
    assert 0 < sum(due.values()) < len(due)


def test_view_and_rule_agree_about_every_criterion(connection: Connection) -> None:
    at_noon(connection)
    number = itertools.count()
    measures = ("findings_bubbled", "findings_authored", "journal_entries", "members", "joy")
    known: list[object] = [[{"measure": one, "at_least": least}] for one in measures for least in (1, 3, 4)]
    forms: list[object] = [*UNKNOWN_FORMS, {"measure": "members", "at_least": 10**12}]
    for criteria in (
        *known,
        [*ONE, {"measure": "members", "at_least": 2}],
        *([one] for one in forms),
        [],
        {},
        None,
    ):
        name = f"s{next(number)}"
        add(connection, name, criteria=criteria, bubbled=3)
        enrol(connection, name, "ada", "researcher", journal=2, authored=1)
        enrol(connection, name, "bo", "observer", journal=1, authored=2)
    due = agree(connection)
    assert sum(due.values()) == 7  # the first four measures from 1, three of them from 3


def test_a_form_that_waits_for_its_seed_is_not_due(connection: Connection) -> None:
    at_noon(connection)
    add(connection, "poor", status="forming")
    assert agree(connection) == {"poor": True}
    connection.execute(
        text("""INSERT INTO squads.knowledge_gaps (artifact_type, artifact_id, title, importance_ppm, created_at,
                                                   created_by)
                VALUES ('gap', 'poor', 'Poor?', 1, now(), 'test');
                INSERT INTO squads.squads_formed
                    (squad_id, artifact_type, artifact_id, importance_ppm, seed_micro, formed_at, policy_id,
                     rule_version, driver, run_id, effective_on)
                SELECT 'poor', 'gap', 'poor', 1, 5, now(), id, '1', 'test', 'test', '2026-03-10'
                FROM squads.current_policy""")
    )
    assert agree(connection) == {"poor": False}


def test_view_and_rule_agree_about_bids(connection: Connection) -> None:
    at_noon(connection)
    number = itertools.count()
    for status, window, ends, role, inside in itertools.product(
        ("recruiting", "active", "harvesting", "disbanded"),
        (None, PAST, AHEAD),
        (None, PAST, AHEAD),
        ("researcher", "observer"),
        (None, "ada", "bo"),
    ):
        name = f"s{next(number)}"
        add(connection, name, status=status, window=window, ends=ends)
        connection.execute(
            text("""INSERT INTO squads.squad_join_bids (squad_id, agent_id, role, pitch, bid_at)
                    VALUES (:squad, 'ada', :role, 'Me.', '2026-03-10 10:00+00')"""),
            {"squad": name, "role": role},
        )
        if inside is not None:
            enrol(connection, name, inside, "researcher")
    ids = list(connection.scalars(text("SELECT id FROM squads.squad_join_bids")))
    due = set(gaps.due(connection, "squad_rosters", 10_000))
    fates = {one.bid_id: fate_of_bid(one, 8) for one in members.waiting(connection, ids)}
    assert {bid for bid in ids if f"bid:{bid}" in due} == {bid for bid, fate in fates.items() if fate}
    assert 0 < sum(fate is not None for fate in fates.values()) < len(fates)


@pytest.mark.parametrize(("ends", "since"), [(AHEAD, AHEAD), (None, "2026-03-11 10:00+00")])
def test_a_bid_waits_until_a_moment_that_is_known(
    connection: Connection, ends: str | None, since: str
) -> None:
    at_noon(connection)
    add(connection, "s", status="recruiting", window=ends)
    connection.execute(
        text("""INSERT INTO squads.squad_join_bids (squad_id, agent_id, role, pitch, bid_at)
                VALUES ('s', 'ada', 'reviewer', 'Me.', '2026-03-10 10:00+00')""")
    )
    [unit] = gaps.units(connection, "squad_rosters", 10)
    assert unit.since == connection.scalar(text("SELECT CAST(:since AS timestamptz)"), {"since": since})
    assert not gaps.is_open(connection, "squad_rosters")


def test_an_idle_look_reads_no_history(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"))
        plan = "\n".join(connection.scalars(text("EXPLAIN SELECT FROM gaps.squad_rosters")))
    assert "research_squads_status_idx" in plan, plan
    assert "squad_join_bids_one_pending" in plan, plan
    assert "Seq Scan" not in plan, plan
