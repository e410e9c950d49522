"""What becomes of squads and bids by themselves, each edge with its moment."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import forming, funding, joining
from squads_pipeline.drivers.audit_rosters import findings_between
from squads_pipeline.drivers.fill_rosters import fill_rosters
from squads_pipeline.drivers.run import DriverRun
from squads_pipeline.rules.judgement import Verdict
from squads_pipeline.store import gap_failures, gaps
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.store.formation_invariants import FORMATION_INVARIANTS
from squads_pipeline.store.roster_invariants import ROSTER_INVARIANTS
from tests.drivers.roster_world import (
    CLOSED,
    LATER,
    OVER,
    START,
    accept,
    adopt,
    agents,
    at,
    bid,
    bids,
    form,
    member,
    roles,
    rows,
    run,
    squad,
    status,
    units,
)
from tests.drivers.test_match_round import contents


@pytest.fixture(autouse=True)
def people(engine: Engine) -> None:
    agents(engine, "ada", "bo", "cy", "dee", "friend")


def assert_nothing_is_broken(engine: Engine) -> None:
    with engine.connect() as connection:
        for one in (*ROSTER_INVARIANTS, *FORMATION_INVARIANTS):
            assert one.find(connection, None).first == (), one.name
        assert findings_between(connection, None).first == ()


def test_the_best_bid_leads_when_recruitment_closes(engine: Engine) -> None:
    squad(engine, "heat")
    member(engine, "ada", "heat", 700_000)
    member(engine, "bo", "heat", 900_000, role="observer")
    member(engine, "cy", "heat", 800_000)
    assert run(engine, START).units == 0
    assert units(engine, CLOSED) == {"squad:heat": "recruitment closed and somebody has joined"}
    outcome = run(engine, CLOSED)
    assert (outcome.units, outcome.moved_micro, outcome.facts) == (1, 0, {"activated": 1})
    assert roles(engine, "heat") == {"ada": "researcher", "bo": "observer", "cy": "lead"}
    [(stands, ends)] = rows(engine, "SELECT status, target_disband_at FROM squads.research_squads")
    assert (stands, ends) == ("active", datetime(2026, 3, 16, 12, tzinfo=UTC))
    [edge] = rows(engine, "SELECT event_no, from_status, to_status, reason, actor FROM squads.squad_rosters")
    assert edge == (3, "recruiting", "active", "recruitment closed and somebody has joined", "fill_rosters")
    assert_nothing_is_broken(engine)


@pytest.mark.parametrize(
    ("fits", "lead"),
    [
        ({"bo": 500_001, "ada": None}, "bo"),
        ({"bo": 500_000, "ada": None}, "ada"),
        ({"bo": None, "ada": 499_999}, "bo"),
        ({"cy": 900_000, "bo": 900_000}, "bo"),
    ],
)
def test_ties_go_to_the_lower_id_and_an_unknown_fit_is_a_half(
    engine: Engine, fits: dict[str, int | None], lead: str
) -> None:
    squad(engine, "heat")
    for agent, fit_ppm in fits.items():
        member(engine, agent, "heat", fit_ppm)
    run(engine, CLOSED)
    assert [agent for agent, role in roles(engine, "heat").items() if role == "lead"] == [lead]


def test_who_formed_a_squad_leads_it(engine: Engine) -> None:
    assert form(engine, "dee", "mine") == "recruiting"
    member(engine, "ada", "mine", 999_999)
    run(engine, CLOSED)
    assert roles(engine, "mine") == {"ada": "researcher", "dee": "lead"}
    assert_nothing_is_broken(engine)


def test_an_empty_squad_is_extended_and_then_left_to_be_abandoned(engine: Engine) -> None:
    squad(engine, "heat")
    member(engine, "ada", "heat", role="observer")
    waiting = bid(engine, "bo", "heat")
    assert units(engine, CLOSED) == {
        "squad:heat": "recruitment closed and nobody has joined; it may recruit once more"
    }
    assert run(engine, CLOSED).facts == {"extended": 1}
    assert status(engine, "heat") == "recruiting"
    # The bid waits through the extension, until its end.
    with at(engine, CLOSED) as connection:
        [unit] = gaps.units(connection, "squad_rosters", 10)
    assert (unit.unit, unit.since) == (f"bid:{waiting}", datetime(2026, 3, 12, 12, tzinfo=UTC))
    assert unit.reason == f"waits for a person or an agent to decide it: `squads bids decide {waiting}`"
    assert run(engine, CLOSED).units == 0
    # What is to be abandoned is another gap's; the bid that nobody decided lapses.
    assert units(engine, LATER) == {f"bid:{waiting}": "nobody decided it in time"}
    assert run(engine, LATER).facts == {"bids_lapsed": 1}
    assert (status(engine, "heat"), units(engine, LATER)) == ("recruiting", {})
    assert_nothing_is_broken(engine)


def test_whoever_is_accepted_in_the_extension_begins_the_work(engine: Engine) -> None:
    squad(engine, "heat")
    waiting = bid(engine, "ada", "heat")
    run(engine, CLOSED)
    accept(engine, "friend", waiting, moment="2026-03-11 13:00+00")
    assert run(engine, LATER).facts == {"activated": 1}
    assert roles(engine, "heat") == {"ada": "lead"}
    assert_nothing_is_broken(engine)


def test_no_extensions_if_the_policy_allows_none(engine: Engine) -> None:
    adopt(engine, recruit_extensions=0)
    squad(engine, "heat")
    assert (units(engine, CLOSED), run(engine, CLOSED).units) == ({}, 0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("target_disband_at = target_disband_at", None),
        ("target_disband_at = '2026-03-11 13:00+00'", "its time to work is over"),
        ("target_disband_at = NULL", "it has no end of its work"),
        ("findings_bubbled = 1", "all its success criteria are met"),
    ],
)
def test_a_harvest_begins(engine: Engine, change: str, reason: str | None) -> None:
    form(engine, "ada", "heat")
    run(engine, CLOSED)
    with at(engine, CLOSED) as connection:
        connection.execute(text(f"UPDATE squads.research_squads SET {change}"))
    then = "2026-03-11 14:00+00"
    assert units(engine, then) == ({} if reason is None else {"squad:heat": reason})
    assert run(engine, then).facts == ({} if reason is None else {"harvests_begun": 1})
    assert status(engine, "heat") == ("active" if reason is None else "harvesting")
    if reason is None:
        assert run(engine, OVER).facts == {"harvests_begun": 1}
    with at(engine, OVER) as connection, pytest.raises(RefusedError, match="takes no contributions"):
        funding.contribute(connection, "bo", "heat", 1, key="late")


def test_bids_that_rules_decide(engine: Engine) -> None:
    adopt(engine, max_members=2)
    squad(engine, "full")
    squad(engine, "gone")
    member(engine, "ada", "full")
    late = [bid(engine, "bo", "full"), bid(engine, "cy", "full"), bid(engine, "dee", "full", "observer")]
    accept(engine, "ada", late[0])
    bid(engine, "bo", "gone")
    with at(engine, START) as connection:
        connection.execute(text("UPDATE squads.research_squads SET status = 'harvesting' WHERE id = 'gone'"))
    assert run(engine, START).facts == {"bids_declined": 1, "bids_lapsed": 1}
    assert bids(engine)[1:] == [
        ("bo", "accepted", "fits"),
        ("cy", "declined", "the squad has its 2 members"),
        ("dee", "pending", None),
        ("bo", "lapsed", "the squad is harvesting and takes no members"),
    ]


def test_the_bid_of_a_member_lapses(engine: Engine) -> None:
    squad(engine, "heat")
    bid(engine, "ada", "heat")
    with at(engine, START) as connection:
        connection.execute(
            text("""INSERT INTO squads.squad_members (squad_id, agent_id, role, joined_at)
                    VALUES ('heat', 'ada', 'reviewer', squads.clock())""")
        )
    assert run(engine, START).facts == {"bids_lapsed": 1}
    assert bids(engine) == [("ada", "lapsed", "the agent is a member already")]


def test_a_bid_for_a_squad_at_work_waits_until_its_end(engine: Engine) -> None:
    form(engine, "ada", "heat")
    waiting = bid(engine, "bo", "heat")
    run(engine, CLOSED)
    with at(engine, CLOSED) as connection:
        [unit] = gaps.units(connection, "squad_rosters", 10)
        assert (unit.unit, unit.since) == (f"bid:{waiting}", datetime(2026, 3, 16, 12, tzinfo=UTC))
    assert run(engine, OVER).facts == {"harvests_begun": 1, "bids_lapsed": 1}
    assert bids(engine)[1] == ("bo", "lapsed", "the squad is harvesting and takes no members")


def test_a_squad_that_forms_recruits_once_it_may(engine: Engine) -> None:
    assert form(engine, "ada", "heat", criteria=[]) == "forming"
    assert run(engine, START).units == 0
    with at(engine, START) as connection:
        connection.execute(
            text("""UPDATE squads.research_squads
                    SET success_criteria = '[{"measure": "members", "at_least": 2}]'""")
        )
    assert run(engine, START).facts == {"opened": 1}
    assert rows(engine, "SELECT status, recruitment_closes_at FROM squads.research_squads") == [
        ("recruiting", datetime(2026, 3, 11, 12, tzinfo=UTC))
    ]
    assert_nothing_is_broken(engine)


def test_a_squad_that_cannot_go_on_does_not_stop_the_others(engine: Engine) -> None:
    for name in ("a", "b", "c"):
        form(engine, "ada", name)
    with at(engine, CLOSED) as connection:
        # Two leads at once cannot be: a row that stands in the way of the one that is to lead.
        connection.execute(
            text("""CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN IF NEW.squad_id = 'b' THEN RAISE EXCEPTION 'no lead for b'; END IF; RETURN NEW; END $$;
                    CREATE TRIGGER refuse BEFORE UPDATE ON squads.squad_members
                    FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()""")
        )
        outcome = fill_rosters(connection, DriverRun("test"))
        assert outcome.facts == {"activated": 2, "units_failed": 1}
        [failure] = gap_failures.of_gap(connection, "squad_rosters")
        assert (failure.unit, failure.error) == ("squad:b", "no lead for b")


def test_twice_changes_nothing(engine: Engine) -> None:
    form(engine, "ada", "heat")
    squad(engine, "empty")
    bid(engine, "bo", "heat")
    for moment in (CLOSED, OVER):
        assert run(engine, moment).units > 0
        before = contents(engine)
        assert run(engine, moment).units == 0
        assert contents(engine) == before
    assert_nothing_is_broken(engine)


def test_a_dry_run_writes_nothing_and_tells_what_the_real_run_does(engine: Engine) -> None:
    form(engine, "ada", "heat")
    squad(engine, "empty")
    before = contents(engine)
    plan = run(engine, CLOSED, dry_run=True)
    assert contents(engine) == before
    assert run(engine, CLOSED) == plan


class Strict:
    """A judge who likes those whose pitch names cy, and says nothing of dee."""

    def fit_of_bid(self, *, charter: str, pitch: str, role: str) -> Verdict | None:
        assert (charter, role) == ("Find out.", "researcher")
        if "dee" in pitch:
            return None
        return Verdict("cy" in pitch, 300_000, "as it seems", "strict")


def test_a_judge_answers_what_waits_and_leaves_the_rest(engine: Engine) -> None:
    adopt(engine, max_members=1)
    squad(engine, "heat")
    for agent in ("bo", "cy", "dee"):
        bid(engine, agent, "heat")
    with at(engine, START) as connection:
        outcome = fill_rosters(connection, DriverRun("test"), Strict())
    assert outcome.facts == {"bids_declined": 1, "bids_accepted": 1}
    assert [one[:2] for one in bids(engine)] == [("bo", "declined"), ("cy", "accepted"), ("dee", "pending")]
    assert rows(engine, "SELECT decided_by, fit_ppm FROM squads.squad_join_bids WHERE agent_id = 'cy'") == [
        ("strict", 300_000)
    ]
    assert roles(engine, "heat") == {"cy": "researcher"}


def tampered(engine: Engine, *changes: str) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        connection.execute(text("ALTER TABLE squads.squad_events DISABLE TRIGGER USER"))
        for change in changes:
            connection.execute(text(change))
        found: list[Any] = [*findings_between(connection, None).first]
        for one in ROSTER_INVARIANTS:
            found.extend(one.find(connection, None).first)
        return [(one.subject, one.found) for one in found]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE squads.squad_events SET reason = 'it has no end of its work' WHERE event_no = 4", "event 4"),
        ("UPDATE squads.squad_events SET happened_at = '2026-03-11 11:59+00' WHERE event_no = 3", "event 3"),
        ("UPDATE squads.research_squads SET target_disband_at = '2026-03-17 12:00+00'", "event 4"),
        ("UPDATE squads.research_squads SET recruitment_closes_at = '2026-03-12 12:00+00'", "event 3"),
    ],
)
def test_the_audit_names_an_edge_whose_guard_did_not_hold(engine: Engine, change: str, named: str) -> None:
    form(engine, "ada", "heat")
    run(engine, CLOSED)
    run(engine, OVER)
    assert tampered(engine) == []
    assert [one[0] for one in tampered(engine, change)] == [f"{named} of squad heat"]


def test_the_audit_names_an_extension_that_was_none(engine: Engine) -> None:
    squad(engine, "heat")
    run(engine, CLOSED)
    early = "UPDATE squads.squad_events SET happened_at = '2026-03-11 11:59+00' WHERE event_no = 3"
    assert [one[0] for one in tampered(engine, early)] == ["event 3 of squad heat"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE squads.squad_members SET role = 'reviewer'", ("squad heat", "none")),
        (
            """DROP INDEX squads.squad_members_one_lead;
               UPDATE squads.squad_members SET role = 'lead'""",
            ("squad heat", "ada, bo"),
        ),
        (
            """INSERT INTO squads.agents (id, created_at) SELECT 'x' || n, now() FROM generate_series(1, 7) AS n;
               INSERT INTO squads.squad_members (squad_id, agent_id, role, joined_at)
               SELECT 'heat', 'x' || n, 'reviewer', now() FROM generate_series(1, 7) AS n""",
            ("squad heat", "9 members"),
        ),
        ("DELETE FROM squads.squad_members WHERE agent_id = 'bo'", ("bid 2", "never was")),
    ],
)
def test_a_roster_that_is_broken_is_named(engine: Engine, change: str, found: tuple[str, str]) -> None:
    form(engine, "ada", "heat")
    member(engine, "bo", "heat")
    run(engine, CLOSED)
    assert found in tampered(engine, change)


def test_a_merged_squads_bids_lapse_and_the_form_is_open_again(engine: Engine) -> None:
    form(engine, "ada", "heat")
    bid(engine, "bo", "heat")
    with at(engine, START) as connection:
        connection.execute(
            text("UPDATE squads.research_squads SET status = 'disbanded', disbanded_at = squads.clock()")
        )
    assert run(engine, START).facts == {"bids_lapsed": 1}
    with at(engine, START) as connection:
        again = forming.form(connection, "bo", charter="Find more.", squad="heat-2", target_id="heat")
        assert again.status == "recruiting"
        with pytest.raises(RefusedError, match="is disbanded and takes no members"):
            joining.join(connection, "cy", "heat", pitch="Me.")
