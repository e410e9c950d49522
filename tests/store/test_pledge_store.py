"""Pledges as facts, the one that counts, and a gap that agrees with the rule and reads no history."""

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from squads_pipeline.commands import community, pledging
from squads_pipeline.rules.pledges import Wallet, cycle_of, payments
from squads_pipeline.rules.policy import Policy, policy_id
from squads_pipeline.store import gaps, overview, pledges, policies
from squads_pipeline.store.errors import RefusedError, speaking

TOKEN = 1_000_000


@pytest.fixture(autouse=True)
def people(connection: Connection) -> None:
    for agent in ("ada", "bob"):
        community.add_agent(connection, agent, tokens_micro=1_000 * TOKEN)
    community.add_squad(connection, "x")


def test_the_newest_pledge_counts(connection: Connection) -> None:
    pledging.pledge(connection, "ada", ["x"])
    pledging.pledge(connection, "ada", [], reserve_micro=5)
    pledging.pledge(connection, "bob", ["x"])
    found = [(one.agent_id, one.squads, one.reserve_micro) for one in pledges.in_force(connection)]
    assert found == [("ada", [], 5), ("bob", ["x"], 0)]


def test_a_revocation_ends_it_until_a_new_one(connection: Connection) -> None:
    pledging.pledge(connection, "ada", [])
    pledging.revoke(connection, "ada")
    assert pledges.of_agent(connection, "ada") is None
    pledging.pledge(connection, "ada", [])
    assert [one.agent_id for one in pledges.in_force(connection)] == ["ada"]
    assert connection.scalar(text("SELECT count(*) FROM squads.pledges")) == 3


@pytest.mark.parametrize(
    "change", ["UPDATE squads.pledges SET reserve_micro = 1", "TRUNCATE squads.pledges CASCADE"]
)
def test_pledges_are_facts(connection: Connection, change: str) -> None:
    pledging.pledge(connection, "ada", [])
    with pytest.raises((RefusedError, DBAPIError)), speaking():
        connection.execute(text(change))


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ("'[]', -1, false", "pledges_reserve_is_not_negative"),
        ("'{}', 0, false", "pledges_squads_is_a_list"),
        ("'[\"x\"]', 0, true", "pledges_revocation_names_nobody"),
    ],
)
def test_what_is_no_pledge_is_refused(connection: Connection, columns: str, constraint: str) -> None:
    statement = text(
        "INSERT INTO squads.pledges (agent_id, squads, reserve_micro, revoked, pledged_at) "
        f"VALUES ('ada', {columns}, now())"
    )
    with pytest.raises(DBAPIError, match=constraint):
        connection.execute(statement)


def test_two_payments_cannot_share_a_place(connection: Connection) -> None:
    community.add_squad(connection, "y")
    pledging.pledge(connection, "ada", [])
    identity = policy_id(policies.current(connection))
    insert = text(
        "INSERT INTO squads.pledged_contributions SELECT 1, 'ada', :squad, 1, max(pledge.id), :transfer, 9, 9, "
        "now(), :policy, '1', 'd', 'r', current_date FROM squads.pledges AS pledge"
    )
    connection.execute(insert, {"squad": "x", "transfer": 1, "policy": identity})
    with pytest.raises(DBAPIError, match="pledged_contributions_cycle_agent_id_slot_key"):
        connection.execute(insert, {"squad": "y", "transfer": 2, "policy": identity})


def test_the_cycle_of_the_database_is_the_rules(connection: Connection) -> None:
    moment = overview.now(connection)
    for seconds in (60, 3_600, 86_400, 2_592_000):
        found = connection.scalar(
            text("SELECT squads.pledge_cycle(:moment, :seconds)"), {"moment": moment, "seconds": seconds}
        )
        assert found == cycle_of(moment, seconds)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    balance=st.sampled_from([0, 1, 99 * TOKEN, 100 * TOKEN, 100 * TOKEN + 7, 10**9, 10**15]),
    reserve=st.sampled_from([0, 1, 99 * TOKEN, 99 * TOKEN + 1, 100 * TOKEN, 10**15]),
    named=st.sampled_from([[], ["x"], ["z"]]),
    policy=st.builds(
        Policy,
        pledge_max_squads=st.integers(1, 2),
        pledge_min_balance_micro=st.sampled_from([0, 100 * TOKEN]),
        pledge_min_contribution_micro=st.sampled_from([TOKEN, 60 * TOKEN]),
        pledge_max_contribution_micro=st.sampled_from([TOKEN, 50 * TOKEN]),
        pledge_balance_fraction=st.sampled_from([Fraction(1), Fraction(1, 20), Fraction(1, 3)]),
    ),
)
def test_the_gap_is_open_just_when_the_rule_would_pay(
    connection: Connection, balance: int, reserve: int, named: list[str], policy: Policy
) -> None:
    with connection.begin_nested() as savepoint:
        policies.adopt(connection, policy, adopted_by="test", reason="test")
        connection.execute(
            text("UPDATE squads.accounts SET balance_micro = :b WHERE name = 'wallet:ada'"), {"b": balance}
        )
        pledges.record(connection, "ada", named, reserve, revoked=False)
        found = gaps.units(connection, "pledged_contributions", 2)
        savepoint.rollback()
    open_squads = [squad for squad in named or ["x"] if squad == "x"]
    planned = payments(Wallet(True, True, balance, reserve), open_squads, [], policy)
    assert [int(one.tokens_at_stake * TOKEN) for one in found] == [one.amount_micro for one in planned]


def test_a_closed_gap_reads_indexes_and_no_history(engine: Engine) -> None:
    """Plans with a sequential scan of transfers, payments or pledges would cost more with every cycle."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(
            connection.scalars(text("EXPLAIN SELECT EXISTS (SELECT FROM gaps.pledged_contributions)"))
        )
    for table in ("transfers", "pledged_contributions", "pledges", "accounts", "research_squads"):
        assert f"Seq Scan on {table} " not in plan, plan
    assert "transfers" not in plan


def test_a_policy_of_an_older_version_is_completed_and_adopted(connection: Connection) -> None:
    """Its id would else be none that is stored, and the first fact under it would fail."""
    connection.execute(
        text("""INSERT INTO squads.policies SELECT 'older', content - 'pledge_max_squads', now()
                FROM squads.current_policy""")
    )
    connection.execute(
        text("""INSERT INTO squads.policy_adoptions (policy_id, adopted_by, reason, adopted_at)
                VALUES ('older', 'test', 'test', now())""")
    )
    policies.ensure_one_adopted(connection)
    policies.ensure_one_adopted(connection)
    assert connection.scalar(text("SELECT id FROM squads.current_policy")) == policy_id(Policy())
    assert connection.scalar(text("SELECT count(*) FROM squads.policy_adoptions")) == 3
