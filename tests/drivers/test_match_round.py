"""What a matching round does, with exact numbers."""

import hashlib
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import community, funding
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.run import DriverRun, Outcome, run_driver
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import ledger, policies

TOKEN = 1_000_000


def adopt(engine: Engine, **parameters: Any) -> None:
    defaults: dict[str, Any] = {"settle_count": 1, "matching_pool_target_micro": 1000 * TOKEN}
    with engine.begin() as connection:
        policies.adopt(connection, Policy(**(defaults | parameters)), adopted_by="test", reason="test")


def community_of(engine: Engine, agents: str, squads: str) -> None:
    with engine.begin() as connection:
        for agent in agents:
            community.add_agent(connection, agent, tokens_micro=100_000 * TOKEN)
        for squad in squads:
            community.add_squad(connection, squad)


def give(engine: Engine, *gifts: tuple[str, str, int]) -> None:
    """Contribute whole tokens: (agent, squad, tokens)."""
    with engine.begin() as connection:
        for agent, squad, tokens in gifts:
            number = connection.scalar(text("SELECT count(*) FROM squads.transfers"))
            funding.contribute(connection, agent, squad, tokens * TOKEN, key=f"gift {number}")


def run(engine: Engine, *, dry_run: bool = False) -> Outcome:
    return run_driver(engine, match_round, DriverRun("test"), dry_run=dry_run)


def pool(engine: Engine, squad: str) -> int:
    with engine.connect() as connection:
        return ledger.find_accounts(connection, [ledger.pool(squad)])[ledger.pool(squad)].balance_micro


def matches(engine: Engine) -> list[tuple[int, str, int, int]]:
    """(round, squad, due, match) in µT."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT round_id, squad_id, due_micro, match_micro FROM squads.qf_matches ORDER BY 1, 2")
        )
        return [(r[0], r[1], int(r[2]), r[3]) for r in rows]


def contents(engine: Engine) -> str:
    """A digest of every row of every table of the economy."""
    digest = hashlib.sha256()
    with engine.connect() as connection:
        tables = connection.scalars(
            text(
                "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
                "WHERE schemaname IN ('squads', 'marts') ORDER BY 1"
            )
        ).all()
        for table in tables:
            rows = connection.scalars(text(f"SELECT t::text FROM {table} AS t ORDER BY 1"))
            digest.update("\n".join([table, *rows]).encode())
    return digest.hexdigest()


def test_a_crowd_outweighs_a_whale(engine: Engine) -> None:
    """Four agents giving 10 tokens weigh (4·√10)² = 160; two giving 1 and 81 weigh (1 + 9)² = 100."""
    adopt(engine, max_match_fraction=Fraction(1))
    community_of(engine, "abcdef", "xy")
    give(engine, *((agent, "x", 10) for agent in "abcd"), ("e", "y", 1), ("f", "y", 81))
    outcome = run(engine)
    # A quarter of 1,000 tokens is 250: less than 160 + 100, so both are scaled by 250/260.
    assert matches(engine) == [
        (1, "x", 160 * TOKEN, 153_846_154),
        (1, "y", 100 * TOKEN, 96_153_846),
    ]
    assert outcome.facts["matched_micro"] == 250 * TOKEN
    assert pool(engine, "x") == 40 * TOKEN + 153_846_154


def test_what_stays_due_is_paid_by_a_later_round(engine: Engine) -> None:
    adopt(engine, max_match_fraction=Fraction(1), matching_pool_target_micro=400 * TOKEN)
    community_of(engine, "abcdz", "xy")
    give(engine, *((agent, "x", 10) for agent in "abcd"))
    run(engine)  # budget 100
    give(engine, ("z", "y", 5))
    run(engine)  # budget 75: a quarter of the 300 tokens that are left
    assert matches(engine) == [
        (1, "x", 160 * TOKEN, 100 * TOKEN),
        (2, "x", 60 * TOKEN, 60 * TOKEN),
        (2, "y", 0, 0),
    ]


def test_many_rounds_pay_the_same_as_one(engine: Engine) -> None:
    adopt(engine, max_match_fraction=Fraction(1), matching_pool_target_micro=100_000 * TOKEN)
    community_of(engine, "abc", "xy")
    gifts = [("a", "x", 3), ("b", "x", 7), ("a", "x", 11), ("c", "x", 2)]
    for gift in gifts:
        give(engine, gift)
        run(engine)
    give(engine, *((agent, "y", tokens) for agent, _, tokens in gifts))
    run(engine)
    assert pool(engine, "x") == pool(engine, "y") > sum(tokens for _, _, tokens in gifts) * TOKEN


def test_nobody_doubles_their_own_money(engine: Engine) -> None:
    adopt(engine)
    community_of(engine, "a", "x")
    give(engine, ("a", "x", 50), ("a", "x", 50))
    run(engine)
    assert matches(engine) == [(1, "x", 0, 0)]


def test_dust_weighs_once_it_has_grown(engine: Engine) -> None:
    adopt(engine, dust_micro=4 * TOKEN, max_match_fraction=Fraction(1))
    community_of(engine, "ab", "x")
    give(engine, ("a", "x", 4), ("b", "x", 3))
    run(engine)
    give(engine, ("b", "x", 1))
    run(engine)
    assert matches(engine) == [(1, "x", 0, 0), (2, "x", 16 * TOKEN, 16 * TOKEN)]


def test_a_new_dust_threshold_applies_to_what_came_before(engine: Engine) -> None:
    adopt(engine, dust_micro=4 * TOKEN, max_match_fraction=Fraction(1))
    community_of(engine, "abz", "xy")
    give(engine, ("a", "x", 4), ("b", "x", 1))
    run(engine)
    adopt(engine, dust_micro=1 * TOKEN, max_match_fraction=Fraction(1))
    give(engine, ("z", "y", 1))
    run(engine)
    assert (2, "x", 9 * TOKEN, 9 * TOKEN) in matches(engine)


def test_a_squad_gets_no_more_than_its_cap(engine: Engine) -> None:
    adopt(engine)  # budget 250, cap a quarter of it
    community_of(engine, "abcd", "x")
    give(engine, *((agent, "x", 10) for agent in "abcd"))
    run(engine)
    assert matches(engine) == [(1, "x", 160 * TOKEN, 62_500_000)]


@pytest.mark.parametrize("mechanism", ["clr", "pairwise"])
def test_other_mechanisms_pay_by_their_own_weights(engine: Engine, mechanism: str) -> None:
    """Two agents who give 100 tokens: 2·√(100·100) = 200 between them, halved when the bound is their overlap."""
    adopt(engine, mechanism=mechanism, max_match_fraction=Fraction(1), pairwise_bound_micro=100 * TOKEN)
    community_of(engine, "ab", "x")
    give(engine, ("a", "x", 100), ("b", "x", 100))
    run(engine)
    expected = {"clr": 200 * TOKEN, "pairwise": 100 * TOKEN}[mechanism]
    assert matches(engine) == [(1, "x", expected, expected)]


def test_nothing_happens_before_contributions_settle(engine: Engine) -> None:
    adopt(engine, settle_count=10, settle_after_seconds=3600)
    community_of(engine, "ab", "x")
    give(engine, ("a", "x", 10), ("b", "x", 10))
    before = contents(engine)
    assert run(engine).units == 0
    assert contents(engine) == before
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('squads.clock', (now() + interval '1 hour')::text, true)"))
        assert match_round(connection, DriverRun("an hour later")).units == 1


def test_a_second_run_writes_nothing(engine: Engine) -> None:
    adopt(engine)
    community_of(engine, "ab", "x")
    give(engine, ("a", "x", 10), ("b", "x", 10))
    assert run(engine).units == 1
    before = contents(engine)
    assert run(engine).units == 0
    assert contents(engine) == before


def test_a_dry_run_writes_nothing_and_tells_what_the_real_run_does(engine: Engine) -> None:
    adopt(engine)
    community_of(engine, "abc", "xy")
    give(engine, ("a", "x", 10), ("b", "x", 10), ("c", "y", 7))
    before = contents(engine)
    plan = run(engine, dry_run=True)
    assert contents(engine) == before
    assert run(engine) == plan


def test_the_pool_is_topped_up_once_a_day(engine: Engine) -> None:
    adopt(engine, matching_pool_target_micro=400 * TOKEN, max_match_fraction=Fraction(1))
    community_of(engine, "ab", "xy")
    minted = []
    for squad in "xy":
        give(engine, ("a", squad, 100), ("b", squad, 100))
        minted.append(run(engine).facts["minted_micro"])
    assert minted == [400 * TOKEN, 0]
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('squads.clock', (now() + interval '1 day')::text, true)"))
        funding.contribute(connection, "a", "x", TOKEN, key="tomorrow")
        # 175 tokens were paid: 100 by the first round, 75 by the second.
        assert match_round(connection, DriverRun("tomorrow")).facts["minted_micro"] == 175 * TOKEN


def test_a_harvesting_squad_is_matched_at_once(engine: Engine) -> None:
    adopt(engine, settle_count=100, settle_after_seconds=3600, max_match_fraction=Fraction(1))
    community_of(engine, "ab", "xy")
    give(engine, ("a", "x", 10), ("b", "x", 10), ("a", "y", 10))
    assert run(engine).units == 0
    with engine.begin() as connection:
        connection.execute(text("UPDATE squads.research_squads SET status = 'harvesting' WHERE id = 'x'"))
    # The round takes along what else waits.
    assert run(engine).units == 2
    assert matches(engine) == [(1, "x", 40 * TOKEN, 40 * TOKEN), (1, "y", 0, 0)]
    assert run(engine).units == 0


def test_a_closed_squad_is_not_matched(engine: Engine) -> None:
    adopt(engine)
    community_of(engine, "ab", "x")
    give(engine, ("a", "x", 10), ("b", "x", 10))
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE squads.research_squads SET status = 'disbanded', disbanded_at = now()")
        )
    assert run(engine).facts["squads_matched"] == 0
    assert pool(engine, "x") == 20 * TOKEN
