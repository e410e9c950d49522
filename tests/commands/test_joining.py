"""Forming, joining, deciding, leaving, asking for the harvest: what is answered, what is refused, what is repeated."""

from typing import Any

import pytest
from sqlalchemy import Connection, text

from squads_pipeline.commands import community, forming, harvesting, joining
from squads_pipeline.commands.forming import Formed
from squads_pipeline.commands.joining import Left
from squads_pipeline.drivers.fill_rosters import fill_rosters
from squads_pipeline.drivers.run import DriverRun
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import policies
from squads_pipeline.store.errors import AlreadyExistsError, NotFoundError, RefusedError
from squads_pipeline.store.roster_invariants import ROSTER_INVARIANTS


@pytest.fixture
def people(connection: Connection) -> Connection:
    for agent in ("ada", "bo", "cy", "dee"):
        community.add_agent(connection, agent)
    return connection


def form(connection: Connection, agent: str = "ada", **arguments: Any) -> Formed:
    return forming.form(connection, agent, **{"charter": "Find out.", "squad": "heat", **arguments})


def enrol(connection: Connection, agent: str, fit_ppm: int | None = None, role: str = "researcher") -> int:
    number = joining.join(connection, agent, "heat", pitch="Me.", role=role).bid_id
    joining.decide(connection, "ada", number, accept=True, rationale="fits", fit_ppm=fit_ppm)
    return number


def begin(connection: Connection) -> None:
    connection.execute(
        text("UPDATE squads.research_squads SET recruitment_closes_at = now() WHERE id = 'heat'")
    )
    fill_rosters(connection, DriverRun("test"))


def rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(text(query))]


def roles(connection: Connection) -> dict[str, str]:
    found = "SELECT agent_id, role FROM squads.squad_members WHERE left_at IS NULL"
    return {row[0]: row[1] for row in rows(connection, found)}


def test_a_squad_has_its_maker_as_member_and_recruits(people: Connection) -> None:
    assert form(people, name="Heat maps") == Formed("heat", "recruiting")
    assert roles(people) == {"ada": "researcher"}
    assert rows(people, "SELECT agent_id, status, decided_by, fit_ppm FROM squads.squad_join_bids") == [
        ("ada", "accepted", "ada", 1_000_000)
    ]
    assert rows(
        people, "SELECT name, target_artifact_id, success_criteria, created_by FROM squads.research_squads"
    ) == [("Heat maps", "heat", [{"measure": "findings_bubbled", "at_least": 1}], "ada")]
    edges = "SELECT from_status, to_status, actor, driver, rule_version FROM squads.squad_events ORDER BY event_no"
    assert rows(people, edges) == [
        (None, "forming", "ada", "form", "rosters-1"),
        ("forming", "recruiting", "ada", "form", "rosters-1"),
    ]
    assert rows(people, "SELECT balance_micro FROM squads.accounts WHERE name = 'squad:heat'") == [(0,)]


def test_the_same_request_is_answered_as_the_first(people: Connection) -> None:
    first = form(people, squad=None, target_id="why sleep")
    assert first.squad_id.startswith("gap-why-sleep-")
    assert form(people, squad=None, target_id="why sleep") == Formed(
        first.squad_id, "recruiting", repeated=True
    )
    with pytest.raises(RefusedError, match="are locked, as it is recruiting"):
        form(people, squad=None, target_id="why sleep", charter="Find more.")
    assert rows(people, "SELECT count(*) FROM squads.squad_members") == [(1,)]


@pytest.mark.parametrize("missing", [{"charter": " "}, {"criteria": []}])
def test_what_is_missing_can_be_said_until_the_squad_recruits(
    people: Connection, missing: dict[str, Any]
) -> None:
    criteria = [{"measure": "members", "at_least": 2}]
    assert form(people, **{"criteria": criteria, **missing}).status == "forming"
    assert form(people, criteria=criteria) == Formed("heat", "recruiting")
    assert rows(people, "SELECT charter, success_criteria FROM squads.research_squads") == [
        ("Find out.", criteria)
    ]


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"agent": "nobody"}, NotFoundError, "no agent nobody"),
        ({"target_type": "dream"}, RefusedError, "no type of target"),
        ({"squad": None}, RefusedError, "not said what the squad is about"),
        ({"squad": "two words"}, RefusedError, "characters that ids may not have"),
        (
            {"criteria": [{"measure": "joy", "at_least": 1}]},
            RefusedError,
            "success criterion 1: 'joy' is no measure",
        ),
        ({"squad": "taken", "target_id": "other"}, AlreadyExistsError, "squad of this id exists"),
        ({"target_id": "taken"}, AlreadyExistsError, "Squad taken lives around this target"),
    ],
)
def test_a_squad_that_cannot_be_formed_is_refused(
    people: Connection, arguments: dict[str, Any], error: type[Exception], said: str
) -> None:
    form(people, "bo", squad="taken")
    with pytest.raises(error, match=said):
        form(people, **arguments)


def test_a_bid_is_made_accepted_and_repeated(people: Connection) -> None:
    form(people)
    first = joining.join(people, "bo", "heat", pitch="Me.", role="reviewer")
    assert (first.squad_id, first.status, first.repeated) == ("heat", "pending", False)
    assert joining.join(people, "bo", "heat", pitch="Me.", role="reviewer").repeated
    with pytest.raises(AlreadyExistsError, match=f"that waits: number {first.bid_id}"):
        joining.join(people, "bo", "heat", pitch="Me, again.", role="reviewer")
    done = joining.decide(people, "ada", first.bid_id, accept=True, rationale="fits", fit_ppm=7)
    assert (done.status, done.repeated) == ("accepted", False)
    assert joining.decide(people, "ada", first.bid_id, accept=True, rationale="fits", fit_ppm=7).repeated
    again = joining.join(people, "bo", "heat", pitch="Me.", role="reviewer")
    assert (again.bid_id, again.status, again.repeated) == (first.bid_id, "accepted", True)
    with pytest.raises(RefusedError, match="is accepted already, by ada"):
        joining.decide(people, "ada", first.bid_id, accept=False, rationale="no")
    with pytest.raises(RefusedError, match="bo cannot join heat: the agent is a member already"):
        joining.join(people, "bo", "heat", pitch="Me, again.")
    assert roles(people) == {"ada": "researcher", "bo": "reviewer"}


def test_who_was_declined_may_try_with_another_pitch(people: Connection) -> None:
    form(people)
    first = joining.join(people, "bo", "heat", pitch="Me.")
    joining.decide(people, "ada", first.bid_id, accept=False, rationale="no")
    again = joining.join(people, "bo", "heat", pitch="Me.")
    assert (again.bid_id, again.status, again.repeated) == (first.bid_id, "declined", True)
    assert joining.join(people, "bo", "heat", pitch="A better one.").status == "pending"
    assert roles(people) == {"ada": "researcher"}


def test_observers_need_no_place(people: Connection) -> None:
    policies.adopt(people, Policy(max_members=1), adopted_by="test", reason="small")
    form(people)
    enrol(people, "bo", role="observer")
    with pytest.raises(RefusedError, match="the squad has its 1 members"):
        joining.join(people, "cy", "heat", pitch="Me.")


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"agent": "nobody"}, NotFoundError, "no agent nobody"),
        ({"squad": "nowhere"}, NotFoundError, "no squad nowhere"),
        ({"role": "lead"}, RefusedError, "'lead' is no role to bid for"),
        ({"pitch": "  "}, RefusedError, "pitch is empty or too long"),
    ],
)
def test_a_bid_that_cannot_be_made_is_refused(
    people: Connection, arguments: dict[str, Any], error: type[Exception], said: str
) -> None:
    form(people)
    with pytest.raises(error, match=said):
        joining.join(people, **{"agent": "bo", "squad": "heat", "pitch": "Me.", **arguments})


@pytest.mark.parametrize(
    ("decider", "arguments", "error", "said"),
    [
        ("nobody", {}, NotFoundError, "no agent nobody"),
        ("ada", {"bid_id": 999}, NotFoundError, "no bid 999"),
        ("ada", {"rationale": " "}, RefusedError, "needs its reason"),
        ("ada", {"fit_ppm": 1_000_001}, RefusedError, "not from 0 to 1"),
        ("bo", {}, RefusedError, "nobody decides their own bid"),
        ("dee", {}, RefusedError, "only its members and who formed it decide: ada"),
    ],
)
def test_a_decision_that_cannot_be_made_is_refused(
    people: Connection, decider: str, arguments: dict[str, Any], error: type[Exception], said: str
) -> None:
    form(people)
    number = joining.join(people, "bo", "heat", pitch="Me.").bid_id
    given = {"bid_id": number, "accept": True, "rationale": "fits", **arguments}
    with pytest.raises(error, match=said):
        joining.decide(people, decider, **given)


def test_a_squad_that_nobody_formed_takes_its_first_member_from_anybody(people: Connection) -> None:
    community.add_squad(people, "heat")
    first, second = (joining.join(people, agent, "heat", pitch="Me.").bid_id for agent in ("bo", "cy"))
    assert joining.decide(people, "dee", first, accept=True, rationale="fits").status == "accepted"
    with pytest.raises(RefusedError, match="only its members and who formed it decide: bo"):
        joining.decide(people, "dee", second, accept=True, rationale="fits")


def test_a_bid_can_be_taken_back(people: Connection) -> None:
    form(people)
    number = joining.join(people, "bo", "heat", pitch="Me.").bid_id
    with pytest.raises(RefusedError, match="is not cy's"):
        joining.withdraw(people, "cy", number)
    assert joining.withdraw(people, "bo", number).status == "withdrawn"
    assert joining.withdraw(people, "bo", number).repeated
    with pytest.raises(RefusedError, match="is withdrawn already"):
        joining.decide(people, "ada", number, accept=True, rationale="fits")
    assert joining.join(people, "bo", "heat", pitch="Me.").bid_id != number


def test_who_left_keeps_the_row_and_may_come_back(people: Connection) -> None:
    form(people)
    first = enrol(people, "bo")
    people.execute(text("UPDATE squads.squad_members SET journal_entries = 3 WHERE agent_id = 'bo'"))
    assert joining.leave(people, "bo", "heat") == Left("heat")
    assert joining.leave(people, "bo", "heat") == Left("heat", repeated=True)
    assert roles(people) == {"ada": "researcher"}
    again = joining.join(people, "bo", "heat", pitch="Me.", role="researcher")
    assert again.bid_id != first
    joining.decide(people, "ada", again.bid_id, accept=True, rationale="welcome back")
    assert roles(people) == {"ada": "researcher", "bo": "researcher"}
    kept = "SELECT journal_entries, left_at FROM squads.squad_members WHERE agent_id = 'bo'"
    assert rows(people, kept) == [(3, None)]
    with pytest.raises(RefusedError, match="dee is no member of heat"):
        joining.leave(people, "dee", "heat")


def test_when_the_lead_leaves_the_next_best_leads(people: Connection) -> None:
    form(people)
    enrol(people, "dee", 900_000, role="observer")
    enrol(people, "cy", 600_000)
    enrol(people, "bo", 600_000)
    begin(people)
    assert roles(people)["ada"] == "lead"
    assert joining.leave(people, "ada", "heat") == Left("heat", new_lead="bo")
    assert joining.leave(people, "bo", "heat") == Left("heat", new_lead="cy")
    assert all(one.find(people, None).first == () for one in ROSTER_INVARIANTS)
    assert joining.leave(people, "cy", "heat") == Left("heat", harvests=True)
    [edge] = rows(
        people, "SELECT from_status, to_status, actor, driver FROM squads.squad_events WHERE event_no = 4"
    )
    assert edge == ("active", "harvesting", "cy", "leave")
    assert joining.leave(people, "dee", "heat") == Left("heat")


def test_a_lead_who_left_leads_no_more_on_coming_back(people: Connection) -> None:
    form(people)
    enrol(people, "bo", 1)
    begin(people)
    joining.leave(people, "ada", "heat")
    number = joining.join(people, "ada", "heat", pitch="Again.").bid_id
    joining.decide(people, "bo", number, accept=True, rationale="welcome", fit_ppm=1_000_000)
    assert roles(people) == {"ada": "researcher", "bo": "lead"}


def test_the_first_who_joins_a_squad_at_work_without_a_lead_leads(people: Connection) -> None:
    community.add_squad(people, "heat", status="active")
    number = joining.join(people, "bo", "heat", pitch="Me.").bid_id
    joining.decide(people, "ada", number, accept=True, rationale="fits")
    assert roles(people) == {"bo": "lead"}


def test_the_lead_asks_for_the_harvest(people: Connection) -> None:
    form(people, name="Heat maps")
    enrol(people, "bo")
    with pytest.raises(RefusedError, match="ada does not lead heat"):
        harvesting.harvest(people, "ada", "heat")
    begin(people)
    with pytest.raises(RefusedError, match="bo does not lead heat") as caught:
        harvesting.harvest(people, "bo", "heat")
    assert caught.value.remedy == "Ask ada, who does."
    assert harvesting.harvest(people, "ada", "Heat maps") == "heat"
    assert harvesting.harvest(people, "ada", "heat") == "heat"
    edges = (
        "SELECT event_no, to_status, reason, actor FROM squads.squad_events WHERE to_status = 'harvesting'"
    )
    assert rows(people, edges) == [(4, "harvesting", "its lead asked for the harvest", "ada")]
    with pytest.raises(RefusedError, match="the squad is harvesting and takes no members"):
        joining.join(people, "cy", "heat", pitch="Me.")


def test_added_squads_have_the_policys_windows(people: Connection) -> None:
    community.add_squad(people, "a")
    community.add_squad(people, "b", status="active")
    windows = """SELECT extract(epoch FROM recruitment_closes_at - formed_at)::bigint,
                        extract(epoch FROM target_disband_at - formed_at)::bigint
                 FROM squads.research_squads ORDER BY id"""
    assert rows(people, windows) == [(86_400, None), (None, 432_000)]
