"""A squad, an agent or a target with impossible data stops nobody else, in the drivers of money; once it is mended
it gets what it is due."""

from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from squads_pipeline.commands import community, funding, pledging
from squads_pipeline.drivers import audit_matches
from squads_pipeline.drivers.form_squads import form_squads
from squads_pipeline.drivers.honour_pledges import honour_pledges
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.run import Driver, DriverRun, Outcome
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import gap_failures, gaps, policies
from squads_pipeline.store.invariants import INVARIANTS
from tests.drivers.formation_world import add, adopt, rows
from tests.drivers.test_form_squads import squad_of

TOKEN = 1_000_000
SQUADS = "uvwx"
# Squad → tokens of b, who makes every squad one of two contributors: (√1 + √b)².
GIFTS = {"u": 9, "v": 100, "w": 400, "x": 81}
BREAKS = {
    "no pool": (
        "UPDATE squads.accounts SET name = 'lost' WHERE name = 'squad:w'",
        "UPDATE squads.accounts SET name = 'squad:w' WHERE name = 'lost'",
    ),
    "matched less than nothing": (
        "UPDATE squads.qf_standings SET matched_micro = -5 WHERE squad_id = 'w'",
        "UPDATE squads.qf_standings SET matched_micro = 0 WHERE squad_id = 'w'",
    ),
    "sums that overflow": (
        "UPDATE squads.qf_standings SET contributed_micro = 9223372036854775807 WHERE squad_id = 'w'",
        "UPDATE squads.qf_standings SET contributed_micro = 1000000 WHERE squad_id = 'w'",
    ),
}


def write(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def run(engine: Engine, driver: Driver, *, minutes: int = 0) -> Outcome:
    with engine.begin() as connection:
        later(connection, minutes)
        return driver(connection, DriverRun("test"))


def later(connection: Connection, minutes: int) -> None:
    connection.execute(
        text("SELECT set_config('squads.clock', (now() + make_interval(mins => :n))::text, true)"),
        {"n": minutes},
    )


def failures(engine: Engine, gap: str) -> list[tuple[str, int]]:
    with engine.connect() as connection:
        return [(one.unit, one.attempts) for one in gap_failures.of_gap(connection, gap)]


def give(engine: Engine, *gifts: tuple[str, str, int]) -> None:
    with engine.begin() as connection:
        for agent, squad, tokens in gifts:
            number = connection.scalar(text("SELECT count(*) FROM squads.transfers"))
            funding.contribute(connection, agent, squad, tokens * TOKEN, key=f"gift {number}")


def matched(engine: Engine) -> dict[str, int]:
    query = """SELECT owner_id, sum(amount_micro)::bigint FROM squads.transfers
               JOIN squads.accounts ON accounts.id = to_account_id WHERE transfers.kind = 'match' GROUP BY 1"""
    return {str(squad): int(str(micro)) for squad, micro in rows(engine, query)}


@pytest.fixture
def found(engine: Engine) -> Engine:
    """Squads u to x whose contributors have been weighed once; settled as soon as two wait. No day tops the pool up."""
    parameters: dict[str, Any] = {"matching_pool_target_micro": 0, "max_match_fraction": Fraction(1)}
    with engine.begin() as connection:
        policies.adopt(connection, Policy(settle_count=2, **parameters), adopted_by="test", reason="test")
        for agent in "abc":
            community.add_agent(connection, agent, tokens_micro=10_000 * TOKEN)
        for squad in SQUADS:
            community.add_squad(connection, squad)
        funding.mint(connection, "matching_pool", 1_000 * TOKEN, key="founders", reason="test")
    give(engine, *(("a", squad, 1) for squad in SQUADS))
    run(engine, match_round)
    return engine


@pytest.fixture(params=BREAKS)
def broken(found: Engine, request: pytest.FixtureRequest) -> tuple[Engine, str]:
    breaks, mends = BREAKS[request.param]
    give(found, *(("b", squad, tokens) for squad, tokens in GIFTS.items()))
    write(found, breaks)
    return found, mends


def test_the_other_squads_are_matched_as_without_the_broken_one(broken: tuple[Engine, str]) -> None:
    engine, mends = broken
    outcome = run(engine, match_round)
    # 16 + 121 + 100 are less than the budget of 250, which w's 441 would have used up.
    assert matched(engine) == {"u": 16 * TOKEN, "v": 121 * TOKEN, "x": 100 * TOKEN}
    assert outcome.facts["units_failed"] == 1
    assert failures(engine, "qf_matches") == [("squad:w", 1)]
    with engine.connect() as connection:
        [unit] = gaps.units(connection, "qf_matches", 10)
        assert (unit.unit, unit.attempts) == ("squad:w", 1)
        assert not gaps.is_open(connection, "qf_matches")
        if "lost" not in mends:  # an account without its name is another finding
            assert audit_matches.audit(connection, None, None).differences == ()
        assert INVARIANTS["I13"].find(connection, None).total == 0
    # It opens no round for others' young contributions, and none is made for it alone.
    give(engine, ("c", "u", 1))
    assert run(engine, match_round).units == 0
    write(engine, mends)
    assert run(engine, match_round, minutes=2).facts["squads_matched"] == 2
    assert failures(engine, "qf_matches") == []
    # A quarter of the 763 tokens that are left, in proportion to what is due: 9 of u, 441 of w.
    assert matched(engine)["w"] == 763 * TOKEN // 4 * 441 // (441 + 9)
    with engine.connect() as connection:
        assert audit_matches.audit(connection, None, None).differences == ()
        assert INVARIANTS["I5"].find(connection, None).total == 0


def test_a_squad_that_stays_broken_waits_longer_and_writes_no_rounds(found: Engine) -> None:
    give(found, ("b", "w", 9), ("c", "w", 9))
    write(found, BREAKS["no pool"][0])
    for minutes, attempts in ((0, 1), (2, 2), (3, 2), (5, 3)):
        assert run(found, match_round, minutes=minutes).units == 0
        assert failures(found, "qf_matches") == [("squad:w", attempts)]
    assert rows(found, "SELECT max(id) FROM squads.qf_rounds") == [(1,)]


def test_what_no_squad_is_to_blame_for_fails_the_run(found: Engine) -> None:
    give(found, ("b", "u", 9), ("c", "v", 9))
    write(found, "ALTER TABLE squads.qf_rounds ADD CONSTRAINT is_full CHECK (id < 2)")
    with pytest.raises(Exception, match="is_full"):
        run(found, match_round)
    assert failures(found, "qf_matches") == []


def test_the_other_targets_get_squads_and_the_broken_ones_money(engine: Engine) -> None:
    adopt(engine, treasury_target_micro=9_000 * TOKEN)
    add(engine, ("a", 1_000_000), ("b", 900_000), ("c", 800_000))
    write(
        engine,
        f"""INSERT INTO squads.accounts (name, kind, owner_id, balance_micro, opened_at)
            VALUES ('squad:{squad_of("a")}', 'squad', 'nobody', 0, now())""",
    )
    outcome = run(engine, form_squads)
    # 9,000 tokens: 4,500 of b, 4,000 of c; the 5,000 of a are nobody's.
    formed = "SELECT artifact_id, seed_micro FROM squads.squads_formed ORDER BY 1"
    assert rows(engine, formed) == [("b", 4_500 * TOKEN), ("c", 4_000 * TOKEN)]
    assert (outcome.units, outcome.facts["seeds_micro"], outcome.facts["units_failed"]) == (
        2,
        8_500 * TOKEN,
        1,
    )
    assert failures(engine, "squads_formed") == [("target:gap:a", 1)]
    write(engine, "DELETE FROM squads.accounts WHERE owner_id = 'nobody'")
    assert run(engine, form_squads).units == 0
    assert run(engine, form_squads, minutes=2).units == 1
    assert failures(engine, "squads_formed") == []


def test_a_broken_target_does_not_use_up_the_limit_for_ever(engine: Engine) -> None:
    adopt(engine, max_per_run=1)
    add(engine, ("a", 1_000_000), ("b", 900_000))
    write(
        engine,
        f"""INSERT INTO squads.accounts (name, kind, balance_micro, opened_at)
            VALUES ('squad:{squad_of("a")}', 'squad', 0, now())""",
    )
    assert run(engine, form_squads).facts["units_failed"] == 1
    assert run(engine, form_squads).units == 1
    assert rows(engine, "SELECT artifact_id FROM squads.squads_formed") == [("b",)]


def test_the_other_seeds_in_arrears_are_paid(engine: Engine) -> None:
    adopt(engine, treasury_target_micro=0)
    add(engine, ("a", 1_000_000), ("b", 900_000))
    with engine.begin() as connection:
        funding.mint(connection, "treasury", 5_001 * TOKEN, key="1", reason="test")
    run(engine, form_squads)
    write(engine, f"UPDATE squads.accounts SET name = 'lost' WHERE name = 'squad:{squad_of('b')}'")
    add(engine, ("c", 800_000))
    with engine.begin() as connection:
        funding.mint(connection, "treasury", 4_100 * TOKEN, key="2", reason="test")
    run(engine, form_squads)
    assert failures(engine, "squads_formed") == [(f"seed:{squad_of('b')}", 1)]
    assert rows(engine, "SELECT artifact_id FROM squads.squads_formed ORDER BY 1") == [("a",), ("b",), ("c",)]


def test_the_other_pledges_are_honoured(found: Engine) -> None:
    with found.begin() as connection:
        for agent in "abc":
            pledging.pledge(connection, agent, ["u", "v"])
    # A list of lists is no list of squads.
    write(found, "ALTER TABLE squads.pledges DISABLE TRIGGER USER")
    write(found, """UPDATE squads.pledges SET squads = '["u", ["v"]]' WHERE agent_id = 'b'""")
    outcome = run(found, honour_pledges)
    paid = """SELECT agent_id, count(*), sum(amount_micro)::bigint FROM squads.pledged_contributions
              GROUP BY 1 ORDER BY 1"""
    assert rows(found, paid) == [("a", 2, 100 * TOKEN), ("c", 2, 100 * TOKEN)]
    assert (outcome.units, outcome.facts["units_failed"]) == (2, 1)
    assert failures(found, "pledged_contributions") == [("agent:b", 1)]
    assert run(found, honour_pledges).units == 0
    write(found, """UPDATE squads.pledges SET squads = '["u", "v"]' WHERE agent_id = 'b'""")
    assert run(found, honour_pledges, minutes=2).units == 1
    assert failures(found, "pledged_contributions") == []
