"""The gap of squads_formed: what it says, when it waits, and that an idle look touches indexes alone."""

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from sqlalchemy import Connection, Engine, text

from squads_pipeline.commands import community, targets
from squads_pipeline.rules.formation import Target, least_ppm
from squads_pipeline.rules.lifecycle import ACTIVATED, CLOSED
from squads_pipeline.rules.policy import Policy, policy_id
from squads_pipeline.store import gaps, policies, squad_events
from squads_pipeline.store.errors import AlreadyExistsError, RefusedError
from squads_pipeline.store.stamp import Stamp
from tests.drivers.formation_world import TOKEN, add, adopt, run

NOON = "2026-03-10 12:00+00"


def units(connection: Connection) -> list[tuple[str, datetime, str, str]]:
    found = gaps.units(connection, "squads_formed", 10)
    return [(one.unit, one.since, one.reason, str(one.tokens_at_stake)) for one in found]


def test_a_target_is_due_since_it_is_known_and_says_why(connection: Connection) -> None:
    connection.execute(text(f"SET LOCAL squads.clock = '{NOON}'"))
    targets.add_target(connection, Target("hypothesis", "h:1", "Is it so?", 950_000))
    reason = "open target of importance 0.95 without a live squad"
    since = datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert units(connection) == [("target:hypothesis:h:1", since, reason, "4750")]
    assert gaps.is_open(connection, "squads_formed")


def test_what_waits_for_the_treasury_is_due_at_midnight(connection: Connection) -> None:
    policy = Policy(treasury_target_micro=0)
    policies.adopt(connection, policy, adopted_by="test", reason="no top-up")
    connection.execute(text(f"SET LOCAL squads.clock = '{NOON}'"))
    targets.add_target(connection, Target("gap", "a", "What?", 950_000))
    [(_, since, reason, _)] = units(connection)
    assert since == datetime(2026, 3, 11, tzinfo=UTC)
    assert reason.endswith("; the treasury is empty until its next top-up")
    assert not gaps.is_open(connection, "squads_formed")
    assert gaps.size(connection, "squads_formed").units == 1


def test_forks_do_not_stand_in_for_a_root(connection: Connection) -> None:
    targets.add_target(connection, Target("gap", "a", "What?", 950_000))
    community.add_squad(connection, "root", target_id="a")
    assert units(connection) == []
    connection.execute(text("UPDATE squads.research_squads SET parent_squad_id = id"))
    assert len(units(connection)) == 1


def test_a_policy_that_lacks_a_parameter_opens_nothing(connection: Connection) -> None:
    targets.add_target(connection, Target("gap", "a", "What?", 950_000))
    connection.execute(
        text("""INSERT INTO squads.policies (id, content, created_at)
                SELECT 'old', content - 'min_importance', now() FROM squads.current_policy""")
    )
    connection.execute(
        text("""INSERT INTO squads.policy_adoptions (policy_id, adopted_by, reason, adopted_at)
                VALUES ('old', 'test', 'test', now())""")
    )
    assert units(connection) == []
    policies.ensure_one_adopted(connection)
    assert len(units(connection)) == 1


@pytest.mark.parametrize(
    "share", [Fraction(1), Fraction(1, 3), Fraction(1, 10**18), Fraction(333_333, 10**6)]
)
def test_sql_and_the_rule_round_the_least_importance_alike(connection: Connection, share: Fraction) -> None:
    ppm = connection.scalar(text("SELECT squads.share_ppm(:share)"), {"share": str(share)})
    assert ppm == least_ppm(share)


def test_an_idle_look_reads_no_table_through(engine: Engine) -> None:
    adopt(engine, treasury_target_micro=100_000 * TOKEN)
    add(engine, *((f"t{number}", 900_000) for number in range(5)))
    run(engine)
    with engine.connect() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"))
        plan = "\n".join(connection.scalars(text("EXPLAIN SELECT FROM gaps.squads_formed")))
    for index in (
        "knowledge_gaps_open_by_importance",
        "research_squads_one_live_root_per_target",
        "transfers_idempotency_key_key",
    ):
        assert index in plan, plan
    assert "Seq Scan" not in plan.replace("Seq Scan on unpaid_seeds", ""), plan


@pytest.mark.parametrize(
    ("target", "error"),
    [
        (Target("gap", "a", "again", 1), AlreadyExistsError),
        (Target("gap", "", "no id", 1), RefusedError),
        (Target("gap", "b", "two\nlines", 1), RefusedError),
        (Target("dream", "b", "no type", 1), RefusedError),
    ],
)
def test_a_wrong_target_is_refused_in_words(
    connection: Connection, target: Target, error: type[Exception]
) -> None:
    targets.add_target(connection, Target("gap", "a", "What?", 1))
    with pytest.raises(error):
        targets.add_target(connection, target)


@pytest.mark.parametrize(("status", "path"), [("recruiting", 2), ("active", 3)])
def test_a_squad_that_is_added_has_the_edges_to_its_status(
    connection: Connection, status: str, path: int
) -> None:
    community.add_squad(connection, "s", status=status)
    events = connection.execute(
        text("SELECT event_no, to_status, reason, driver FROM squads.squad_events ORDER BY 1")
    ).all()
    assert [one[:2] for one in events] == list(enumerate(["forming", "recruiting", "active"][:path], 1))
    assert {one[2:] for one in events} == {("added by operator", "add_squad")}


def test_edges_go_on_where_the_last_ended(connection: Connection) -> None:
    community.add_squad(connection, "s")
    stamp = Stamp("test", "run", policy_id(policies.current(connection)), "1")
    squad_events.record(connection, ["s"], [ACTIVATED], reason="ready", actor="test", stamp=stamp)
    last = "SELECT event_no, from_status, to_status, effective_on FROM squads.squad_events ORDER BY 1 DESC"
    day: date = connection.execute(text("SELECT squads.utc_day(now())")).scalar_one()
    assert tuple(connection.execute(text(last)).first() or ()) == (3, "recruiting", "active", day)
    squad_events.record(connection, [], [CLOSED], reason="nobody", actor="test", stamp=stamp)
