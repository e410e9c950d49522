"""The chain that the driver makes: what is sealed, in which order, once; what a late commit does to it."""

import json
from hashlib import sha256

import pytest
from sqlalchemy import Connection, Engine, text

from squads_pipeline.commands import community, funding
from squads_pipeline.drivers.run import DriverRun, Outcome, run_driver
from squads_pipeline.drivers.seal_ledger import seal_ledger
from squads_pipeline.rules import seals as rule
from squads_pipeline.rules.policy import Policy, policy_id
from squads_pipeline.store import gaps, policies, seal_findings, seals
from squads_pipeline.store.schema import entries, transfers
from squads_pipeline.store.stamp import Stamp
from tests.drivers.test_match_round import contents

TOKEN = 1_000_000


@pytest.fixture(autouse=True)
def founded(engine: Engine) -> None:
    """ada, bob and cy with 1,000 tokens each (transfers 1 to 3); seals are due at once."""
    with engine.begin() as connection:
        policies.adopt(connection, Policy(seal_after_seconds=0), adopted_by="test", reason="at once")
        for agent in ("ada", "bob", "cy"):
            community.add_agent(connection, agent, tokens_micro=1_000 * TOKEN)
        community.add_squad(connection, "x")


def give(connection: Connection, agent: str, key: str) -> None:
    funding.contribute(connection, agent, "x", TOKEN, key=key)


def a_stamp(connection: Connection) -> Stamp:
    return Stamp("test", "test", policy_id(policies.current(connection)), "1")


def run(engine: Engine, name: str = "test") -> Outcome:
    return run_driver(engine, seal_ledger, DriverRun(name))


def sealed(engine: Engine) -> list[int]:
    """Ids of the sealed transfers by position, which has no hole."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT position, transfer_id FROM squads.transfer_seals ORDER BY position")
        ).all()
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
    return [row.transfer_id for row in rows]


def assert_whole(engine: Engine) -> None:
    """Nothing is broken, and the rule in Python gives the hashes that SQL stored."""
    with engine.connect() as connection:
        assert seal_findings.links_since(connection, None).total == 0
        assert seal_findings.SEALS.find(connection, None).total == 0
        assert seal_findings.OVERLOOKED.find(connection, None).total == 0
        head = rule.GENESIS
        with seals.links(connection) as links:
            for one in links:
                assert one.line is not None
                head = rule.link(head, one.line.encode())
                assert one.hash == head
        assert seals.chain(connection).head == head


def test_transfers_are_chained_in_the_order_of_their_ids(engine: Engine) -> None:
    first = run(engine)
    with engine.begin() as connection:
        give(connection, "ada", "a")
        give(connection, "bob", "b")
    second = run(engine)
    assert sealed(engine) == [1, 2, 3, 4, 5]
    assert [(one.facts["seal_no"], one.facts["transfers_sealed"]) for one in (first, second)] == [
        (1, 3),
        (2, 2),
    ]
    assert (second.units, second.moved_micro, second.facts["length_of_the_chain"]) == (1, 0, 5)
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT first_position, last_position, encode(head, 'hex') FROM squads.ledger_seals ORDER BY 1"
            )
        ).all()
    assert [tuple(row) for row in rows] == [(1, 3, first.facts["head"]), (4, 5, second.facts["head"])]
    assert_whole(engine)


def test_the_first_hash_by_hand(engine: Engine) -> None:
    run(engine)
    with engine.connect() as connection:
        stored, line = connection.execute(
            text("""SELECT hash, line FROM squads.transfer_seals JOIN squads.transfer_lines USING (transfer_id)
                    WHERE position = 1""")
        ).one()
    assert bytes(stored) == sha256(bytes(32) + line.encode()).digest()


def test_a_line_has_every_column_of_the_transfer_and_of_its_entries(engine: Engine) -> None:
    with engine.begin() as connection:
        give(connection, "ada", 'a "key",\nwith all that JSON escapes \\ and ünïcode')
        connection.execute(text("SET LOCAL timezone = 'Asia/Tokyo'; SET LOCAL datestyle = 'German'"))
        line, posted_at = connection.execute(
            text("""SELECT line, to_char(posted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                    FROM squads.transfer_lines JOIN squads.transfers ON id = transfer_id WHERE id = 4""")
        ).one()
    document = json.loads(line)
    assert list(document) == [
        *("id", "kind", "from_account_id", "from_account", "to_account_id", "to_account", "amount_micro"),
        *("idempotency_key", "args_hash", "reason", "occurred_at", "posted_at", "policy_id", "rule_version"),
        *("driver", "run_id", "effective_on", "entry_1", "entry_2"),
    ]
    assert {column.name for column in transfers.c} <= set(document)
    of_entry = {column.name for column in entries.c} - {"transfer_id", "entry_no"}
    assert set(document["entry_1"]) == set(document["entry_2"]) == of_entry
    assert (document["from_account"], document["to_account"], document["reason"]) == (
        "wallet:ada",
        "squad:x",
        None,
    )
    assert (document["posted_at"], document["effective_on"]) == (posted_at, posted_at[:10])
    assert document["entry_1"]["amount_micro"] == -document["entry_2"]["amount_micro"] == -TOKEN
    assert (document["entry_1"]["account_version"], document["entry_1"]["balance_after_micro"]) == (
        2,
        999 * TOKEN,
    )
    assert line == json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def test_a_lower_id_that_commits_later_is_sealed_later_and_once(engine: Engine) -> None:
    run(engine)
    with engine.connect() as late:
        give(late, "ada", "late")  # takes id 4
        # x's pool is locked by the late one, so the other goes to a squad of its own.
        with engine.begin() as connection:
            community.add_squad(connection, "y")
            funding.contribute(connection, "bob", "y", TOKEN, key="early")
        assert run(engine).facts["transfers_sealed"] == 1
        assert sealed(engine) == [1, 2, 3, 5]
        assert run(engine).units == 0
        late.commit()
    assert run(engine).facts["transfers_sealed"] == 1
    assert sealed(engine) == [1, 2, 3, 5, 4]
    assert run(engine).units == 0
    assert_whole(engine)


def test_ranges_that_overlap_are_sealed_once(engine: Engine) -> None:
    """Two who posted at once have ids between each other's."""
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM squads.unsealed_transfers"))
        connection.execute(
            text("""INSERT INTO squads.unsealed_transfers VALUES (1, 3, 2, now()), (2, 2, 1, now())""")
        )
        stamp = a_stamp(connection)
        # Only the first range is taken, and what lies in it is sealed, the other's transfer included.
        appended = seals.seal(connection, 1, stamp)
        assert appended is not None
        assert appended.transfers == 3
        assert seals.chain(connection).unsealed == 1
        assert seals.seal(connection, 1, stamp) is None
        assert seals.chain(connection).unsealed == 0
    assert_whole(engine)


def test_what_is_too_much_for_one_run_is_left_for_the_next(engine: Engine) -> None:
    with engine.begin() as connection:
        stamp = a_stamp(connection)
        for expected in (2, 1):
            appended = seals.seal(connection, 2, stamp)
            assert appended is not None
            assert appended.transfers == expected
    assert sealed(engine) == [1, 2, 3]
    assert_whole(engine)


def test_a_batch_waits_as_one_range(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.transfers (kind, from_account_id, to_account_id, amount_micro,
                        idempotency_key, args_hash, posted_at, policy_id, rule_version, driver, run_id, effective_on)
                    OVERRIDING SYSTEM VALUE
                    SELECT 'sponsorship', 1, 2, 1, 'k' || n, '', now(), :policy, '1', 'test', 'test', current_date
                    FROM generate_series(1, 5000) AS n"""),
            {"policy": a_stamp(connection).policy_id},
        )
        waiting = connection.execute(
            text(
                "SELECT first_transfer_id, last_transfer_id, transfers FROM squads.unsealed_transfers ORDER BY 1"
            )
        ).all()
        connection.rollback()
    assert [tuple(row) for row in waiting][3:] == [(4, 5003, 5000)]


def test_the_gap_opens_when_the_oldest_has_waited(engine: Engine) -> None:
    with engine.begin() as connection:
        policies.adopt(connection, Policy(seal_after_seconds=300), adopted_by="test", reason="later")
        assert not gaps.is_open(connection, "ledger_seals")
        assert gaps.units(connection, "ledger_seals", 10) == []
        assert seal_ledger(connection, DriverRun("early")).units == 0
        connection.execute(
            text("""SELECT set_config('squads.clock', (max(posted_at) + interval '300 s')::text, true)
                    FROM squads.transfers""")
        )
        [unit] = gaps.units(connection, "ledger_seals", 10)
        reason = "3 transfers unsealed; the oldest has waited its time"
        assert (unit.unit, unit.reason, int(unit.tokens_at_stake)) == ("transfers", reason, 0)
        assert gaps.is_open(connection, "ledger_seals")
        assert seal_ledger(connection, DriverRun("due")).facts["transfers_sealed"] == 3
        assert not gaps.is_open(connection, "ledger_seals")


def test_a_second_run_writes_nothing(engine: Engine) -> None:
    run(engine)
    before = contents(engine)
    assert run(engine).units == 0
    assert contents(engine) == before


def test_a_dry_run_writes_nothing_and_tells_what_the_real_run_does(engine: Engine) -> None:
    before = contents(engine)
    plan = run_driver(engine, seal_ledger, DriverRun("dry"), dry_run=True)
    assert contents(engine) == before
    assert run(engine, "real") == plan


def test_a_closed_gap_reads_the_inbox_alone(engine: Engine) -> None:
    run(engine)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(connection.scalars(text("EXPLAIN SELECT EXISTS (SELECT FROM gaps.ledger_seals)")))
    assert "unsealed_transfers_pkey" in plan
    for table in ("transfers", "entries", "transfer_seals"):
        assert f" on {table} " not in plan, plan


def test_taking_what_waits_reads_its_ranges_and_no_history(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(seals._CREATE_TAKEN)
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(connection.scalars(text(f"EXPLAIN {seals._TAKE.text}"), {"most": 10}))
    assert "Index Cond: ((id >= taken.first_transfer_id) AND (id <= taken.last_transfer_id))" in plan
    assert "using transfer_seals_transfer_id_key on transfer_seals" in plan
