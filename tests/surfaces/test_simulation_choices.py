"""What people choose: only what they can, and by their tempers. Each fact flips the choice."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import get_args

import pytest

from squads_pipeline.rules.formation import Target
from squads_pipeline.rules.money import MICRO_PER_TOKEN
from squads_pipeline.store.situation import BidSeen, FindingSeen, Seat, Situation, SquadSeen, TargetSeen
from squads_pipeline.surfaces.simulation import (
    actions,
    evidence,
    funding_choices,
    lead_choices,
    team_choices,
    turns,
    work_choices,
    world_events,
)
from squads_pipeline.surfaces.simulation.actions import Action, Find, Give
from squads_pipeline.surfaces.simulation.personas import Persona, people
from squads_pipeline.surfaces.simulation.turns import Habit
from squads_pipeline.surfaces.simulation.words import sentence

ADA = Persona("ada", "person", "neuro", 500 * MICRO_PER_TOKEN, 1.0, 1.0, 1.0, 1.0, 1.0, 3, pledges=True)
MANY = 400
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311


def squad(squad_id: str, status: str, *seats: tuple[str, str], field: str = "neuro") -> SquadSeen:
    sitting = tuple(Seat(squad_id, agent, role, 3, 2) for agent, role in seats)
    return SquadSeen(
        squad_id,
        status,
        "gap",
        f"{field}-1",
        "ada" if field == "tools" else None,
        None,
        10**9,
        NOON - timedelta(hours=12),
        NOON + timedelta(hours=6),
        ("journal_entries",),
        sitting,
    )


def situation(
    *squads: SquadSeen,
    bids: Sequence[BidSeen] = (),
    pending: Sequence[FindingSeen] = (),
    proposals: Sequence[tuple[str, str, str]] = (),
    balance_micro: int = 500 * MICRO_PER_TOKEN,
) -> Situation:
    homes: dict[str, tuple[str, ...]] = {}
    for one in squads:
        for seat in one.seats:
            homes[seat.agent_id] = (*homes.get(seat.agent_id, ()), one.squad_id)
    return Situation(
        at=NOON,
        squads={one.squad_id: one for one in squads},
        bids=tuple(bids),
        pending=tuple(pending),
        merged=(),
        proposals=tuple(proposals),
        targets=(TargetSeen("gap", "neuro-1", answered=True),),
        wallets={"ada": balance_micro, "bob": 0},
        pledging=frozenset(),
        homes=homes,
    )


def choices(habit: Habit, seen: Situation, me: Persona = ADA) -> set[str]:
    """The kinds of action that somebody ever chooses."""
    chance = seeded(1)
    return {type(one).__name__ for _ in range(MANY) for one in habit(me, seen, chance)}


def test_people_are_the_same_for_a_seed_and_unequal() -> None:
    everybody = people(500, seeded(7))
    assert everybody == people(500, seeded(7))
    assert everybody != people(500, seeded(8))
    wealth = sorted((one.wealth_micro for one in everybody), reverse=True)
    assert sum(wealth[:100]) > 0.6 * sum(wealth)
    assert wealth[0] > 50 * wealth[250]
    assert sum(one.zeal < 0.1 for one in everybody) > 200
    assert len({one.name for one in everybody}) == 500


def test_nobody_gives_more_than_they_have() -> None:
    chance = seeded(1)
    seen = situation(squad("s", "active"), balance_micro=30 * MICRO_PER_TOKEN)
    for _ in range(MANY):
        given = [one for one in funding_choices.giving(ADA, seen, chance) if isinstance(one, Give)]
        assert all(0 < one.amount_micro <= 30 * MICRO_PER_TOKEN for one in given)
    assert choices(funding_choices.giving, seen) == {"Give"}
    rich = situation(squad("s", "active"), balance_micro=5_000 * MICRO_PER_TOKEN)
    assert choices(funding_choices.giving, rich) == {"Give", "Sponsor"}


@pytest.mark.parametrize(
    ("one", "habits"),
    [
        (squad("s", "recruiting"), {"Give", "Join", "Pledge"}),
        (squad("s", "recruiting", field="folklore"), {"Pledge"}),
        (squad("s", "recruiting", ("ada", "researcher")), {"Give", "Pledge"}),
        (squad("s", "harvesting", ("ada", "researcher")), {"Pledge"}),
        (squad("s", "active", ("ada", "researcher")), {"Give", "Pledge", "Log", "Find", "Leave"}),
        (squad("s", "active", ("ada", "observer")), {"Give", "Pledge", "Leave"}),
        (squad("s", "active", ("ada", "lead")), {"Give", "Pledge", "Log", "Find", "Fork", "Harvest"}),
    ],
    ids=["open", "unloved", "mine", "harvesting", "at work", "observed", "led"],
)
def test_what_one_does_depends_on_ones_place(one: SquadSeen, habits: set[str]) -> None:
    chosen = {kind for habit in turns.HABITS for kind in choices(habit, situation(one))}
    assert chosen - {"Form"} == habits


@pytest.mark.parametrize(
    ("seats", "bidder", "decides"),
    [
        ((("ada", "lead"),), "bob", True),
        ((("cai", "lead"),), "bob", False),
        ((), "bob", True),
        ((("ada", "lead"),), "ada", False),
    ],
    ids=["mine", "of others", "of nobody yet", "my own bid"],
)
def test_who_decides_a_bid(seats: Sequence[tuple[str, str]], bidder: str, *, decides: bool) -> None:
    bid = BidSeen(1, "s", bidder, "researcher", "I have worked on it for years.")
    seen = situation(squad("s", "recruiting", *seats), bids=[bid])
    assert ("Decide" in choices(team_choices.deciding, seen)) is decides


@pytest.mark.parametrize(
    ("author", "reviewers", "reviews"),
    [("bob", (), True), ("ada", (), False), ("bob", ("ada",), False)],
    ids=["another's", "my own", "reviewed before"],
)
def test_who_reviews_a_finding(author: str, reviewers: tuple[str, ...], *, reviews: bool) -> None:
    finding = FindingSeen(1, "s", author, "It holds", "It holds, n = 90.", reviewers)
    seen = situation(squad("s", "harvesting", ("ada", "researcher")), pending=[finding])
    assert ("Review" in choices(work_choices.reviewing, seen)) is reviews


def test_the_strict_reject_small_samples_and_the_rigorous_report_none() -> None:
    chance = seeded(1)
    shaky = FindingSeen(1, "s", "bob", "It holds", "It holds, n = 5.", ())
    sound = replace(shaky, summary="It holds, n = 90.")
    lenient = replace(ADA, strictness=0.0)
    verdicts = [
        work_choices.judge(me, one, chance).verdict for me in (ADA, lenient) for one in (shaky, sound)
    ]
    assert verdicts == ["reject", "accept", "accept", "accept"]
    at_work = situation(squad("s", "active", ("ada", "researcher")))
    for me, expected in ((ADA, True), (replace(ADA, rigour=0.0), False)):
        found = [one for _ in range(MANY) for one in work_choices.working(me, at_work, chance)]
        assert {evidence.is_sound(one.summary) for one in found if isinstance(one, Find)} == {expected}


@pytest.mark.parametrize(
    ("proposer", "expected"), [("bob", ("one", "two")), ("ada", None)], ids=["another's", "my own"]
)
def test_a_lead_agrees_to_mergers_that_another_proposed(
    proposer: str, expected: tuple[str, str] | None
) -> None:
    one, two = squad("one", "active", ("bob", "lead")), squad("two", "active", ("ada", "lead"))
    seen = situation(one, two, proposals=[("one", "two", proposer)])
    me = replace(ADA, ambition=0.0)
    agreed = {
        (one.squad, one.into)
        for chance in [seeded(1)]
        for _ in range(MANY)
        for one in lead_choices.leading(me, seen, chance)
        if isinstance(one, actions.Merge)
    }
    assert agreed == ({expected} if expected else set())


@pytest.mark.parametrize(
    ("at", "seats", "gives_up"),
    [
        (NOON, (("ada", "researcher"),), True),
        (NOON - timedelta(hours=11), (("ada", "researcher"),), False),
        (NOON, (("ada", "researcher"), ("bob", "researcher")), False),
    ],
    ids=["nobody came", "too early", "somebody came"],
)
def test_who_gives_a_squad_up(at: datetime, seats: Sequence[tuple[str, str]], *, gives_up: bool) -> None:
    seen = replace(situation(squad("s", "recruiting", *seats, field="tools")), at=at)
    assert ("Disband" in choices(lead_choices.disbanding, seen)) is gives_up


def test_what_befalls_the_community() -> None:
    chance = seeded(1)
    merged = FindingSeen(1, "s", "bob", "It holds", "It holds, n = 5.", ())
    seen = replace(situation(squad("s", "active", ("ada", "lead"), ("bob", "researcher"))), merged=(merged,))
    happened = [one for _ in range(MANY) for one in world_events.events(seen, chance, targets_per_tick=0.5)]
    assert {type(one).__name__ for one in happened} == {"AddTarget", "CloseTarget", "Happen", "Reward"}
    assert {one.kind for one in happened if isinstance(one, actions.Happen)} == {"refuted"}
    assert sum(isinstance(one, actions.AddTarget) for one in happened) in range(150, 250)


def test_the_same_chance_gives_the_same_turn() -> None:
    seen = situation(squad("s", "active", ("ada", "lead")))
    first, again = ([turns.turn(ADA, seen, chance) for _ in range(50)] for chance in (seeded(3), seeded(3)))
    assert first == again


def test_every_action_can_be_said() -> None:
    target = Target("gap", "neuro-1", "What about sleep?", 700_000)
    examples: dict[str, object] = {
        "target": target,
        "amount_micro": 12_500_000,
        "squads": ("s",),
        "criteria": (),
        "bid_id": 1,
        "finding_id": 1,
        "accept": True,
        "fit_ppm": 1,
        "confidence_ppm": 1,
        "reserve_micro": 1,
    }
    for kind in get_args(Action):
        fields = {name: examples.get(name, name) for name in kind.__slots__}
        said = sentence(kind(**fields))
        assert said.strip() == said != ""
        assert "12500000" not in said
