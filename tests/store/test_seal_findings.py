"""Every way to falsify the sealed ledger is found and named: by whoever switches all protection off."""

import pytest
from sqlalchemy import Connection, Engine, text

from squads_pipeline.commands import community, funding
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.drivers.seal_ledger import seal_ledger
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import policies, seal_findings
from squads_pipeline.store.invariants import Finding

TOKEN = 1_000_000


@pytest.fixture
def sealed(engine: Engine) -> Engine:
    """Three mints, sealed; then three contributions (transfers 4 to 6), sealed."""
    with engine.begin() as connection:
        policies.adopt(connection, Policy(seal_after_seconds=0), adopted_by="test", reason="at once")
        for agent in ("ada", "bob", "cy"):
            community.add_agent(connection, agent, tokens_micro=1_000 * TOKEN)
        community.add_squad(connection, "x")
    run_driver(engine, seal_ledger, DriverRun("first"))
    with engine.begin() as connection:
        for agent in ("ada", "bob", "cy"):
            funding.contribute(connection, agent, "x", TOKEN, key=agent)
    run_driver(engine, seal_ledger, DriverRun("second"))
    return engine


def tamper(connection: Connection, *statements: str) -> None:
    """Change facts as the owner of the tables who drops what stands in the way."""
    for table in ("transfers", "entries", "transfer_seals", "ledger_seals"):
        connection.execute(text(f"ALTER TABLE squads.{table} DISABLE TRIGGER USER"))
        connection.execute(text(f"GRANT DELETE ON squads.{table} TO CURRENT_USER"))
    for table, key in (
        ("transfer_seals", "transfer_seals_transfer_id_fkey"),
        ("entries", "entries_transfer_id_fkey"),
        ("transfer_seals", "transfer_seals_transfer_id_key"),
    ):
        connection.execute(text(f"ALTER TABLE squads.{table} DROP CONSTRAINT {key}"))
    for statement in statements:
        connection.execute(text(statement))


def found(connection: Connection) -> list[Finding]:
    """Everything that is broken, all of history and since today alike."""
    today = connection.scalar(text("SELECT squads.utc_day(squads.clock())"))
    ever = [
        one
        for find in (
            seal_findings.links_since,
            seal_findings.SEALS.find,
            seal_findings.OVERLOOKED.find,
        )
        for one in find(connection, None).first
    ]
    assert list(seal_findings.links_since(connection, today).first) == [
        one for one in ever if "with its entries" in one.subject
    ]
    return ever


def subjects(connection: Connection) -> list[str]:
    return [one.subject for one in found(connection)]


def test_nothing_is_found_where_nothing_is_wrong(sealed: Engine) -> None:
    with sealed.connect() as connection:
        assert found(connection) == []
        assert seal_findings.links_of_day(connection, connection.scalar(text("SELECT current_date")))[0] == 6


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE squads.transfers SET amount_micro = amount_micro + 1 WHERE id = 5",
        "UPDATE squads.transfers SET reason = '' WHERE id = 5",
        "UPDATE squads.transfers SET posted_at = posted_at + interval '1 microsecond' WHERE id = 5",
        "UPDATE squads.transfers SET args_hash = '' WHERE id = 5",
        "UPDATE squads.transfers SET run_id = 'nobody' WHERE id = 5",
        "UPDATE squads.transfers SET effective_on = effective_on - 1 WHERE id = 5",
        "UPDATE squads.entries SET amount_micro = amount_micro - 1 WHERE transfer_id = 5 AND entry_no = 1",
        "UPDATE squads.entries SET balance_after_micro = 7 WHERE transfer_id = 5 AND entry_no = 2",
        "UPDATE squads.entries SET account_version = 99 WHERE transfer_id = 5 AND entry_no = 2",
        "UPDATE squads.entries SET posted_at = now() WHERE transfer_id = 5 AND entry_no = 1",
        "DELETE FROM squads.entries WHERE transfer_id = 5 AND entry_no = 2",
    ],
)
def test_a_changed_transfer_or_entry_is_named_and_no_other(sealed: Engine, change: str) -> None:
    with sealed.connect() as connection:
        stored = connection.scalar(
            text("SELECT encode(hash, 'hex') FROM squads.transfer_seals WHERE position = 5")
        )
        tamper(connection, change)
        [one] = found(connection)
    assert one.subject == "transfer 5 with its entries, position 5"
    assert (one.expected, len(one.found), one.found != stored) == (stored, 64, True)


def test_an_account_that_was_renamed(sealed: Engine) -> None:
    with sealed.connect() as connection:
        tamper(connection, "UPDATE squads.accounts SET name = 'wallet:eve' WHERE name = 'wallet:bob'")
        assert [one.split(" with")[0] for one in subjects(connection)] == ["transfer 2", "transfer 5"]


def test_a_deleted_transfer(sealed: Engine) -> None:
    with sealed.connect() as connection:
        tamper(
            connection,
            "ALTER TABLE squads.squad_grants DROP CONSTRAINT squad_grants_id_fkey",
            "DELETE FROM squads.entries WHERE transfer_id = 5",
            "DELETE FROM squads.transfers WHERE id = 5",
        )
        [one] = found(connection)
    assert (one.subject, one.found) == ("transfer 5 with its entries, position 5", "no such transfer")


def test_a_transfer_deleted_with_its_seal(sealed: Engine) -> None:
    with sealed.connect() as connection:
        tamper(connection, "DELETE FROM squads.transfer_seals WHERE position = 5")
        assert [(one.subject, one.found) for one in found(connection)] == [
            ("transfer 6 with its entries, position 6", "nothing at position 5"),
            ("transfer 5", "neither"),
        ]


def test_the_end_of_the_chain_cut_off(sealed: Engine) -> None:
    with sealed.connect() as connection:
        tamper(connection, "DELETE FROM squads.transfer_seals WHERE position = 6")
        head = connection.scalar(
            text("SELECT encode(head, 'hex') FROM squads.ledger_seals WHERE seal_no = 2")
        )
        assert [(one.subject, one.expected, one.found) for one in found(connection)] == [
            ("seal 2", f"from position 4, with head {head}", "from position 4, with head nowhere"),
            ("the chain", "its end at position 6", "position 5"),
            ("transfer 6", "sealed, or waiting for the seal", "neither"),
        ]


def test_the_end_cut_off_with_its_seal_and_its_transfers_is_known_by_an_earlier_head(sealed: Engine) -> None:
    with sealed.connect() as connection:
        head = connection.scalar(text("SELECT head FROM squads.ledger_seals WHERE seal_no = 2"))
        assert head is not None
        assert seal_findings.missing_head(connection, bytes(head)).total == 0
        tamper(
            connection,
            "ALTER TABLE squads.squad_grants DROP CONSTRAINT squad_grants_id_fkey",
            "DELETE FROM squads.transfer_seals WHERE position > 3",
            "DELETE FROM squads.ledger_seals WHERE seal_no = 2",
            "DELETE FROM squads.entries WHERE transfer_id > 3",
            "DELETE FROM squads.transfers WHERE id > 3",
        )
        assert found(connection) == []
        [one] = seal_findings.missing_head(connection, bytes(head)).first
        assert (one.expected, one.found) == (f"head {bytes(head).hex()} in it", "no such hash")


def test_an_inserted_transfer(sealed: Engine) -> None:
    """Slipped in behind the triggers, it is neither sealed nor waiting; with a seal of its own it breaks the chain."""
    insert = """INSERT INTO squads.transfers (kind, from_account_id, to_account_id, amount_micro, idempotency_key,
                    args_hash, posted_at, policy_id, rule_version, driver, run_id, effective_on)
                SELECT kind, from_account_id, to_account_id, amount_micro, 'forged', args_hash, posted_at, policy_id,
                       rule_version, driver, run_id, effective_on FROM squads.transfers WHERE id = 6"""
    with sealed.connect() as connection:
        tamper(connection, insert)
        forged = connection.scalar(text("SELECT id FROM squads.transfers WHERE idempotency_key = 'forged'"))
        assert subjects(connection) == [f"transfer {forged}"]
        connection.execute(
            text(f"INSERT INTO squads.transfer_seals VALUES (7, {forged}, sha256('whatever'))")
        )
        assert subjects(connection) == [f"transfer {forged} with its entries, position 7", "the chain"]


def test_swapped_order(sealed: Engine) -> None:
    with sealed.connect() as connection:
        tamper(
            connection,
            "UPDATE squads.transfer_seals SET transfer_id = CASE transfer_id WHEN 4 THEN 5 ELSE 4 END "
            "WHERE position IN (4, 5)",
        )
        assert subjects(connection) == [
            "transfer 5 with its entries, position 4",
            "transfer 4 with its entries, position 5",
        ]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("head = sha256('x') WHERE seal_no = 1", ["seal 1"]),
        ("first_position = 5 WHERE seal_no = 2", ["seal 2"]),
        ("seal_no = 3 WHERE seal_no = 2", ["seal 3"]),
        ("seal_no = 0 WHERE seal_no = 1", ["seal 0", "seal 2"]),
    ],
)
def test_a_changed_seal(sealed: Engine, change: str, named: list[str]) -> None:
    with sealed.connect() as connection:
        tamper(connection, f"UPDATE squads.ledger_seals SET {change}")
        assert sorted(subjects(connection)) == named


def test_more_links_than_one_statement_recomputes(sealed: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("squads_pipeline.store.seal_findings.AT_ONCE", 2)
    told: list[tuple[int, int]] = []
    with sealed.connect() as connection:
        tamper(connection, "UPDATE squads.transfers SET reason = 'x' WHERE id IN (1, 4, 6)")
        findings = seal_findings.links_since(connection, None, lambda done, all_: told.append((done, all_)))
    assert [one.subject.split()[1] for one in findings.first] == ["1", "4", "6"]
    assert (findings.total, told) == (3, [(0, 6), (2, 6), (4, 6)])


@pytest.mark.parametrize("table", ["transfer_seals", "ledger_seals"])
@pytest.mark.parametrize(
    "statement", ["UPDATE squads.{} SET {}", "DELETE FROM squads.{}", "TRUNCATE squads.{}"]
)
def test_seals_are_facts(sealed: Engine, table: str, statement: str) -> None:
    change = {"transfer_seals": "position = position", "ledger_seals": "seal_no = seal_no"}[table]
    with sealed.connect() as connection, pytest.raises(Exception, match=r"facts|permission denied"):
        connection.execute(text(statement.format(table, change)))
