"""Merging accepted findings: credit for those who were members at the review, provenance, one message, once."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from squads_pipeline.drivers.audit_findings import merge_findings_between, verdict_findings_between
from squads_pipeline.drivers.bubble_findings import bubble_findings
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.rules.policy import Policy, policy_id
from squads_pipeline.store.errors import RefusedError, speaking
from squads_pipeline.store.finding_invariants import FINDING_INVARIANTS, STATES
from tests.drivers.work_world import (
    DAY,
    NOON,
    at,
    bubble,
    decide,
    due,
    find,
    found,
    join,
    leave,
    merge,
    review,
    rows,
)

GAP = "bubbled_findings"
CREDITS = """SELECT agent_id, contribution_type, artifact_type, artifact_id, via_squad, reference_id
             FROM squads.agent_contributions ORDER BY id"""


def broken(engine: Engine) -> list[str]:
    """What I8 finds wrong, in all of history and since the day."""
    with engine.connect() as connection:
        finders = [one.find for one in (STATES, *FINDING_INVARIANTS)]
        return [
            f"{one.subject}: {one.expected}, not {one.found}"
            for find_ in (*finders, verdict_findings_between, merge_findings_between)
            for one in find_(connection, None).first
        ]


def test_a_story_from_find_to_merge(engine: Engine) -> None:
    """Who left before the review gets nothing, nor who joined after it; who left after it does."""
    found(engine, review_window_seconds=3_600)
    number = find(engine, "Warm", summary="Ten rooms.", confidence_ppm=600_000)
    with at(engine, f"{DAY} 09:30+00") as connection:
        leave(connection, "heat", "ada")
    review(engine, number, by="eve", ppm=850_000, moment=f"{DAY} 10:00+00")
    decide(engine, f"{DAY} 11:00+00")
    with at(engine, f"{DAY} 11:30+00") as connection:
        join(connection, "heat", "fay")
        leave(connection, "heat", "bo")
    assert due(engine, GAP, NOON) == [f"finding:{number}"]
    assert bubble(engine).facts == {"findings_merged": 1, "credits": 3, "squads_credited": 1}
    name = f"finding:{number}"
    assert rows(engine, CREDITS) == [
        (agent, "squad_finding", "finding", str(number), "heat", name) for agent in ("bo", "cy", "dee")
    ]
    assert rows(engine, "SELECT * FROM squads.artifact_provenance") == [
        ("gap", "heat-gap", "finding", str(number), "supported_by", "bubble_findings", _moment(engine))
    ]
    assert rows(engine, "SELECT bubble_up_status, bubbled_at FROM squads.squad_findings") == [
        ("merged", _moment(engine))
    ]
    assert rows(engine, "SELECT id, findings_bubbled FROM squads.research_squads") == [("heat", 1)]
    assert rows(engine, "SELECT artifact_type, artifact_id, credited FROM squads.bubbled_findings") == [
        ("gap", "heat-gap", 3)
    ]
    policy = Policy(review_window_seconds=3_600)
    assert rows(engine, "SELECT message_key, topic, payload, delivered_at FROM squads.outbox") == [
        (
            name,
            "finding.merged",
            {
                "finding": number,
                "type": "evidence",
                "title": "Warm",
                "summary": "Ten rooms.",
                "confidence": "0.85",
                "squad": "heat",
                "target": {"type": "gap", "id": "heat-gap"},
                "author": "bo",
                "credited": ["bo", "cy", "dee"],
                "reviewers": ["eve"],
                "policy": policy_id(policy),
                "merged_at": f"{DAY}T12:00:00.000000Z",
            },
            None,
        )
    ]
    assert broken(engine) == []


def _moment(engine: Engine) -> object:
    return rows(engine, f"SELECT timestamptz '{NOON}'")[0][0]


def test_a_finding_bears_on_its_own_target(engine: Engine) -> None:
    found(engine)
    first = find(engine, target=("hypothesis", "h:1"))
    second = find(engine, "More", target=("finding", str(first)))
    for number in (first, second):
        review(engine, number)
    decide(engine)
    with engine.begin() as connection:  # somebody recorded it by hand already
        connection.execute(
            text(f"""INSERT INTO squads.artifact_provenance
                     VALUES ('hypothesis', 'h:1', 'finding', '{first}', 'derived_from', 'ada', now())""")
        )
    assert bubble(engine).units == 2
    assert rows(
        engine, "SELECT artifact_type, artifact_id, source_id FROM squads.artifact_provenance ORDER BY 1"
    ) == [
        ("finding", str(first), str(second)),
        ("hypothesis", "h:1", str(first)),
    ]
    assert broken(engine) == []


def test_rejected_and_pending_findings_are_not_merged(engine: Engine) -> None:
    found(engine)
    review(engine, find(engine), "reject")
    find(engine)
    decide(engine)
    assert due(engine, GAP, NOON) == []
    assert bubble(engine).units == 0
    assert rows(engine, "SELECT count(*) FROM squads.outbox") == [(0,)]


def test_a_merged_squads_finding_credits_the_home(engine: Engine) -> None:
    found(engine, "heat", "home")
    number = find(engine)
    merge(engine, "heat", "home", f"{DAY} 09:30+00")
    with at(engine, f"{DAY} 09:40+00") as connection:
        join(connection, "home", "fay")
    review(engine, number)
    decide(engine)
    bubble(engine)
    assert {(agent, squad) for agent, *_, squad, _ in rows(engine, CREDITS)} == {
        (agent, "home") for agent in ("ada", "bo", "cy", "dee", "fay")
    }
    assert rows(engine, "SELECT id, findings_bubbled FROM squads.research_squads ORDER BY 1") == [
        ("heat", 0),
        ("home", 1),
    ]
    # What it bears on is still the target of the squad that found it.
    assert rows(engine, "SELECT artifact_id FROM squads.bubbled_findings") == [("heat-gap",)]
    assert broken(engine) == []


def test_a_squad_that_everybody_left_merges_without_credit(engine: Engine) -> None:
    found(engine)
    number = find(engine)
    with at(engine, f"{DAY} 09:30+00") as connection:
        for agent in ("ada", "bo", "cy", "dee"):
            leave(connection, "heat", agent)
    review(engine, number, by="eve")
    decide(engine)
    assert bubble(engine).facts["credits"] == 0
    assert rows(engine, "SELECT payload -> 'credited' FROM squads.outbox") == [([],)]
    assert broken(engine) == []


def test_a_second_run_writes_nothing_and_a_dry_run_neither(engine: Engine) -> None:
    found(engine)
    for title in ("One", "Two"):
        review(engine, find(engine, title))
    decide(engine)
    plan = run_driver(engine, bubble_findings, DriverRun("dry"), dry_run=True)
    assert rows(engine, "SELECT count(*) FROM squads.outbox") == [(0,)]
    assert run_driver(engine, bubble_findings, DriverRun("real")) == plan
    assert plan.facts == {"findings_merged": 2, "credits": 8, "squads_credited": 1}
    assert run_driver(engine, bubble_findings, DriverRun("again")).units == 0
    assert rows(engine, "SELECT findings_bubbled FROM squads.research_squads") == [(2,)]


@pytest.mark.parametrize(
    "again",
    [
        "INSERT INTO squads.bubbled_findings SELECT * FROM squads.bubbled_findings",
        "INSERT INTO squads.reviewed_findings SELECT * FROM squads.reviewed_findings",
        """INSERT INTO squads.agent_contributions
               (agent_id, contribution_type, artifact_type, artifact_id, via_squad, reference_id, created_at,
                policy_id, rule_version, driver, run_id, effective_on)
           SELECT agent_id, contribution_type, artifact_type, artifact_id, via_squad, reference_id, created_at,
                  policy_id, rule_version, driver, run_id, effective_on FROM squads.agent_contributions""",
        """INSERT INTO squads.outbox (message_key, topic, payload, created_at)
           SELECT message_key, topic, payload, created_at FROM squads.outbox""",
        "UPDATE squads.squad_findings SET bubble_up_status = 'reviewed', bubbled_at = NULL",
    ],
)
def test_the_database_refuses_a_second_merge(engine: Engine, again: str) -> None:
    found(engine)
    review(engine, find(engine))
    decide(engine)
    bubble(engine)
    refused = pytest.raises((RefusedError, IntegrityError), match=r"unique|never changed")
    with engine.connect() as connection, refused, speaking():
        connection.execute(text(again))


# Table, change, and what is named.
TAMPERED = [
    ("agent_contributions", "via_squad = NULL WHERE agent_id = 'bo'", "4 credits, one for each agent"),
    ("agent_contributions", "agent_id = 'eve' WHERE agent_id = 'bo'", "bo, cy, dee, not ada, cy, dee, eve"),
    ("agent_contributions", "reference_id = 'finding:99'", "a merge of finding:99, not none"),
    ("agent_contributions", "agent_id = 'eve' WHERE agent_id = 'bo'", "a message that credits {ada,cy,dee,eve}"),
    ("squad_members", "joined_at = now() WHERE agent_id = 'bo'", "credited: ada, cy, dee, not"),
    ("artifact_provenance", "source_id = '99'", "provenance of gap:heat-gap, not none"),
    ("research_squads", "findings_bubbled = 2", "1 findings bubbled, not 2 counted"),
    ("outbox", "message_key = 'finding:99'", "a message that credits"),
    ("bubbled_findings", "artifact_id = 'x'", "artifact: gap:heat-gap, not gap:x"),
    ("squad_findings", "bubble_up_status = 'pending', bubbled_at = NULL", "merged, not pending, with a merge"),
    ("squad_findings", "confidence = 0.7", "confidence_ppm: 700000, not 500000"),
    ("reviewed_findings", "verdict = 'rejected'", "verdict: accepted, not rejected"),
    ("reviewed_findings", "verdict = 'rejected'", "rejected, not merged, not merged, with a merge"),
    ("reviewed_findings", "reason = 'review_timeout'", "reason: reviews, not review_timeout"),
    ("reviewed_findings", "reviewed_by = 'eve'", "reviewed_by: cy, not eve"),
    ("finding_reviews", "verdict = 'reject'", "verdict: rejected, not accepted"),
    ("finding_reviews", "created_at = now()", "verdict: None, not accepted"),
]  # fmt: skip


def test_what_was_tampered_with_is_named(engine: Engine) -> None:
    found(engine)
    review(engine, find(engine))
    decide(engine)
    bubble(engine)
    assert broken(engine) == []
    for table, change, named in TAMPERED:
        with engine.connect() as connection:
            connection.execute(text(f"ALTER TABLE squads.{table} DISABLE TRIGGER USER"))
            connection.execute(text(f"UPDATE squads.{table} SET {change}"))
            finders = [one.find for one in (STATES, *FINDING_INVARIANTS)]
            said = [
                f"{one.subject}: {one.expected}, not {one.found}"
                for find_ in (*finders, verdict_findings_between, merge_findings_between)
                for one in find_(connection, None).first
            ]
        assert any(named in line for line in said), (table, change, said)
