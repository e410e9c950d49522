"""What pledges pay, with exact numbers: who, to whom, how much, and when not."""

from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from squads_pipeline.commands import community, funding, joining, pledging
from squads_pipeline.drivers.honour_pledges import honour_pledges
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.run import DriverRun, Outcome, run_driver
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import gaps, policies
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.store.invariants import INVARIANTS
from tests.drivers.test_match_round import contents

TOKEN = 1_000_000
NOON = "2026-02-03 12:00+00"


def found(engine: Engine, agents: dict[str, int], squads: str, **parameters: Any) -> None:
    with engine.begin() as connection:
        policies.adopt(connection, Policy(**parameters), adopted_by="test", reason="test")
        for agent, tokens in agents.items():
            community.add_agent(connection, agent, tokens_micro=tokens * TOKEN)
        for squad in squads:
            community.add_squad(connection, squad)


def pledge(engine: Engine, agent: str, *squads: str, reserve: int = 0) -> None:
    with engine.begin() as connection:
        pledging.pledge(connection, agent, squads, reserve_micro=reserve * TOKEN)


def at(connection: Connection, moment: str) -> None:
    connection.execute(text("SELECT set_config('squads.clock', :moment, true)"), {"moment": moment})


def run(engine: Engine, moment: str = NOON) -> Outcome:
    with engine.begin() as connection:
        at(connection, moment)
        return honour_pledges(connection, DriverRun("test"))


def paid(engine: Engine) -> list[tuple[str, str, int, int]]:
    """(agent, squad, slot, µT) in the order of payment."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("""SELECT agent_id, squad_id, slot, amount_micro FROM squads.pledged_contributions
                    ORDER BY transfer_id""")
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]


def test_named_squads_are_funded_in_their_order_each_from_the_balance_before(engine: Engine) -> None:
    found(engine, {"ada": 200}, "vwxyz")
    pledge(engine, "ada", "z", "w", "x", "y")
    outcome = run(engine)
    assert paid(engine) == [
        ("ada", "z", 1, 10 * TOKEN),
        ("ada", "w", 2, 9_500_000),
        ("ada", "x", 3, 9_025_000),
    ]
    assert (outcome.units, outcome.moved_micro) == (1, 28_525_000)
    assert outcome.facts == {
        "cycle": 491_700,
        "contributions": 3,
        "squads_funded": 3,
        "contributed_micro": 28_525_000,
    }
    with engine.connect() as connection:
        keys = connection.scalars(
            text("SELECT idempotency_key FROM squads.transfers WHERE kind = 'contribution' ORDER BY id")
        ).all()
    assert keys == ["pledge:491700:ada:z", "pledge:491700:ada:w", "pledge:491700:ada:x"]


def test_without_names_own_squads_come_first_then_those_funded_before_then_the_largest_pool(
    engine: Engine,
) -> None:
    found(engine, {"ada": 1_000, "bob": 1_000}, "uvwx", settle_count=1)
    with engine.begin() as connection:
        community.add_squad(connection, "own", created_by="ada")
        funding.contribute(connection, "ada", "w", TOKEN, key="1")
        funding.contribute(connection, "bob", "x", 9 * TOKEN, key="2")
        match_round(connection, DriverRun("before"))
    pledge(engine, "ada")
    run(engine)
    assert [(squad, slot) for _, squad, slot, _ in paid(engine)] == [("own", 1), ("w", 2), ("x", 3)]


def test_squads_of_which_the_agent_is_a_member_come_before_those_that_it_formed(engine: Engine) -> None:
    found(engine, {"ada": 1_000, "bob": 1_000}, "abmw", pledge_max_squads=2)
    with engine.begin() as connection:
        community.add_squad(connection, "formed", created_by="ada")
        for squad in "mw":
            bid = joining.join(connection, "ada", squad, pitch="Me.")
            joining.decide(connection, "bob", bid.bid_id, accept=True, rationale="fits")
        joining.leave(connection, "ada", "w")
        # Pools say nothing here: the others are richer.
        funding.contribute(connection, "bob", "a", 9 * TOKEN, key="1")
    pledge(engine, "ada")
    run(engine)
    assert [(squad, slot) for _, squad, slot, _ in paid(engine)] == [("m", 1), ("formed", 2)]


def test_a_cycle_ends_and_the_next_has_places_again(engine: Engine) -> None:
    found(engine, {"ada": 1_000}, "wxyz", pledge_max_squads=2)
    pledge(engine, "ada")
    assert run(engine, "2026-02-03 12:00+00").units == 1
    assert run(engine, "2026-02-03 12:59:59.999+00").units == 0
    assert run(engine, "2026-02-03 13:00+00").units == 1
    assert [squad for _, squad, _, _ in paid(engine)] == ["w", "x", "w", "x"]


def test_a_squad_that_opens_later_in_the_cycle_gets_the_place_that_is_left(engine: Engine) -> None:
    found(engine, {"ada": 1_000}, "xy")
    pledge(engine, "ada")
    run(engine)
    with engine.begin() as connection:
        community.add_squad(connection, "late")
        community.add_squad(connection, "later")
    run(engine)
    run(engine)
    assert [(squad, slot) for _, squad, slot, _ in paid(engine)] == [("x", 1), ("y", 2), ("late", 3)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE squads.research_squads SET status = 'harvesting'",
        "UPDATE squads.accounts SET balance_micro = 99999999 WHERE name = 'wallet:ada'",
        "UPDATE squads.accounts SET closed_at = now(), balance_micro = 0 WHERE name = 'wallet:ada'",
        "DELETE FROM squads.pledges_in_force",
        (
            "INSERT INTO squads.pledges (agent_id, squads, reserve_micro, pledged_at) "
            "VALUES ('ada', '[]', 199500000, now())"
        ),
        (
            "INSERT INTO squads.pledges (agent_id, squads, reserve_micro, revoked, pledged_at) "
            "VALUES ('ada', '[]', 0, true, now())"
        ),
    ],
)
def test_each_fact_alone_closes_the_gap(engine: Engine, change: str) -> None:
    found(engine, {"ada": 200}, "x")
    pledge(engine, "ada")
    with engine.connect() as connection:
        assert gaps.is_open(connection, "pledged_contributions")
        connection.execute(text(change))
        assert not gaps.is_open(connection, "pledged_contributions")
        assert honour_pledges(connection, DriverRun("test")).units == 0


def test_the_gap_says_what_waits(engine: Engine) -> None:
    found(engine, {"ada": 200, "bob": 99}, "xyz")
    pledge(engine, "ada", "x", "y")
    pledge(engine, "bob")
    with engine.connect() as connection:
        [unit] = gaps.units(connection, "pledged_contributions", 10)
    assert unit.unit == "agent:ada"
    assert unit.reason == "pledge funded 0 of 3 squads this cycle; 2 more would take money"
    assert unit.tokens_at_stake == 20


def test_the_reserve_stays(engine: Engine) -> None:
    found(engine, {"ada": 200}, "xyz", pledge_min_balance_micro=0, pledge_balance_fraction=Fraction(1, 2))
    pledge(engine, "ada", reserve=130)
    run(engine)
    assert [amount for *_, amount in paid(engine)] == [50 * TOKEN, 20 * TOKEN]


def test_a_second_run_writes_nothing(engine: Engine) -> None:
    found(engine, {"ada": 200, "bob": 300}, "wxyz")
    pledge(engine, "ada")
    pledge(engine, "bob", "x")
    assert run(engine).units == 2
    before = contents(engine)
    assert run(engine).units == 0
    assert contents(engine) == before


def test_a_dry_run_writes_nothing_and_tells_what_the_real_run_does(engine: Engine) -> None:
    found(engine, {"ada": 200}, "wxyz", pledge_cycle_seconds=2_592_000)
    pledge(engine, "ada")
    before = contents(engine)
    plan = run_driver(engine, honour_pledges, DriverRun("dry"), dry_run=True)
    assert contents(engine) == before
    assert run_driver(engine, honour_pledges, DriverRun("real")) == plan


def test_what_pledges_give_is_matched(engine: Engine) -> None:
    found(engine, {"ada": 200, "bob": 200}, "x", settle_count=2)
    pledge(engine, "ada")
    pledge(engine, "bob")
    run(engine)
    # (√10 + √10)² = 40
    assert run_driver(engine, match_round, DriverRun("match")).facts["matched_micro"] == 40 * TOKEN


def test_names_with_colons_do_not_share_a_key(engine: Engine) -> None:
    found(engine, {"a": 200, "a:b": 200}, "", pledge_max_squads=1)
    with engine.begin() as connection:
        community.add_squad(connection, "b:c")
        community.add_squad(connection, "c")
    pledge(engine, "a", "b:c")
    pledge(engine, "a:b", "c")
    assert run(engine).units == 2


def test_nobody_can_take_a_pledges_key(engine: Engine) -> None:
    found(engine, {"ada": 200}, "x")
    with engine.begin() as connection, pytest.raises(RefusedError):
        funding.contribute(connection, "ada", "x", TOKEN, key="pledge:491700:ada:x")


def test_more_than_the_places_is_found_from_transfers(engine: Engine) -> None:
    found(engine, {"ada": 500}, "wxyz", pledge_max_squads=4)
    pledge(engine, "ada")
    run(engine)
    check = INVARIANTS["I11"].find
    with engine.connect() as connection:
        assert check(connection, None).total == 0
        connection.execute(text("ALTER TABLE squads.pledged_contributions DISABLE TRIGGER USER"))
        connection.execute(text("ALTER TABLE squads.policies DISABLE TRIGGER USER"))
        connection.execute(
            text("UPDATE squads.policies SET content = jsonb_set(content, '{pledge_max_squads}', '3')")
        )
        [one] = check(connection, None).first
        assert (one.expected, one.found) == ("at most 3 squads", "4 squads: w, x, y, z")
        connection.execute(text("UPDATE squads.pledged_contributions SET transfer_id = 1 WHERE slot = 4"))
        assert "a row of pledged_contributions" in {one.expected for one in check(connection, None).first}
