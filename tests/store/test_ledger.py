"""The ledger's promises, each broken on purpose."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from squads_pipeline.commands import community
from squads_pipeline.store import ledger, policies
from squads_pipeline.store.errors import IdempotencyConflictError, InsufficientFundsError, NotFoundError
from squads_pipeline.store.ledger import Account, TransferRequest
from squads_pipeline.store.stamp import Stamp


@pytest.fixture
def two_wallets(engine: Engine) -> tuple[Account, Account]:
    """ada with 100 µT and bo with nothing."""
    with engine.begin() as connection:
        community.add_agent(connection, "ada", tokens_micro=100)
        community.add_agent(connection, "bo")
        found = ledger.find_accounts(connection, ["wallet:ada", "wallet:bo"])
    return found["wallet:ada"], found["wallet:bo"]


def give(sender: Account, receiver: Account, amount_micro: int, key: str, **extra: object) -> TransferRequest:
    return TransferRequest("sponsorship", sender.id, receiver.id, amount_micro, key, **extra)  # type: ignore[arg-type]


def post(connection: Connection, *requests: TransferRequest) -> ledger.Posted:
    ledger.lock_accounts(
        connection, {r.from_account_id for r in requests} | {r.to_account_id for r in requests}
    )
    return ledger.post(connection, requests, stamp(connection))


def stamp(connection: Connection) -> Stamp:
    identity = connection.scalar(text("SELECT id FROM squads.current_policy"))
    return Stamp("test", "run", str(identity), "1")


def balance(engine: Engine, name: str) -> int:
    with engine.connect() as connection:
        return ledger.find_accounts(connection, [name])[name].balance_micro


def test_a_transfer_moves_money_and_leaves_two_entries(
    engine: Engine, two_wallets: tuple[Account, Account]
) -> None:
    ada, bo = two_wallets
    with engine.begin() as connection:
        assert post(connection, give(ada, bo, 30, "gift")) == ledger.Posted(1, 0, 30)
    assert (balance(engine, "wallet:ada"), balance(engine, "wallet:bo")) == (70, 30)
    with engine.connect() as connection:
        rows = connection.execute(
            text("""SELECT entry_no, account_id, entries.amount_micro, balance_after_micro, account_version
                    FROM squads.entries JOIN squads.transfers ON id = transfer_id
                    WHERE idempotency_key = 'gift' ORDER BY entry_no""")
        ).all()
    assert [tuple(row) for row in rows] == [(1, ada.id, -30, 70, 2), (2, bo.id, 30, 30, 1)]


def test_balances_run_on_through_a_batch_in_its_order(
    engine: Engine, two_wallets: tuple[Account, Account]
) -> None:
    ada, bo = two_wallets
    with engine.begin() as connection:
        post(connection, give(ada, bo, 60, "1"), give(bo, ada, 10, "2"), give(ada, bo, 50, "3"))
    with engine.connect() as connection:
        after = connection.scalars(
            text(
                "SELECT balance_after_micro FROM squads.entries WHERE account_id = :id ORDER BY account_version"
            ),
            {"id": ada.id},
        ).all()
    assert after == [100, 40, 50, 0]


def test_the_same_request_twice_moves_nothing(engine: Engine, two_wallets: tuple[Account, Account]) -> None:
    request = give(*two_wallets, 30, "gift")
    for expected in (ledger.Posted(1, 0, 30), ledger.Posted(0, 1, 0)):
        with engine.begin() as connection:
            assert post(connection, request) == expected
    assert balance(engine, "wallet:bo") == 30


@pytest.mark.parametrize(
    "other",
    [
        {"amount_micro": 31},
        {"reason": "another"},
        {"reason": ""},
        {"occurred_at": datetime(2020, 1, 1, tzinfo=UTC)},
    ],
    ids=lambda change: next(iter(change)) + repr(next(iter(change.values()))),
)
def test_a_key_with_other_arguments_is_refused(
    engine: Engine, two_wallets: tuple[Account, Account], other: dict[str, object]
) -> None:
    with engine.begin() as connection:
        post(connection, give(*two_wallets, 30, "gift"))
    amount = other.pop("amount_micro", 30)
    with pytest.raises(IdempotencyConflictError, match="gift"), engine.begin() as connection:
        post(connection, give(*two_wallets, amount, "gift", **other))  # type: ignore[arg-type]
    assert balance(engine, "wallet:bo") == 30


@pytest.mark.parametrize("batch", [[101], [60, 41]], ids=["at once", "in sum"])
def test_nobody_pays_more_than_they_hold(
    engine: Engine, two_wallets: tuple[Account, Account], batch: list[int]
) -> None:
    with pytest.raises(InsufficientFundsError), engine.begin() as connection:
        post(connection, *(give(*two_wallets, amount, str(amount)) for amount in batch))
    assert balance(engine, "wallet:ada") == 100


def test_nobody_dips_below_zero_within_a_batch(engine: Engine, two_wallets: tuple[Account, Account]) -> None:
    ada, bo = two_wallets
    with pytest.raises(InsufficientFundsError, match="wallet:bo"), engine.begin() as connection:
        post(connection, give(bo, ada, 10, "before it has it"), give(ada, bo, 10, "then it comes"))
    assert balance(engine, "wallet:ada") == 100


def test_balance_as_of_any_moment(engine: Engine, two_wallets: tuple[Account, Account]) -> None:
    ada, bo = two_wallets
    moments = []
    for key in ("1", "2", "3"):
        with engine.begin() as connection:
            post(connection, give(ada, bo, 10, key))
            moments.append(
                connection.scalar(
                    text("SELECT posted_at FROM squads.transfers WHERE idempotency_key = :key"), {"key": key}
                )
            )
    instant = timedelta(microseconds=1)
    with engine.connect() as connection:
        seen = [
            (
                ledger.balance_as_of(connection, bo.id, moment - instant),
                ledger.balance_as_of(connection, bo.id, moment),
            )
            for moment in moments
        ]
    assert seen == [(0, 10), (10, 20), (20, 30)]


def test_an_unknown_account_is_named(connection: Connection) -> None:
    with pytest.raises(NotFoundError, match="wallet:nobody"):
        ledger.find_accounts(connection, ["treasury", "wallet:nobody"])


FACTS = (
    "transfers",
    "entries",
    "squad_grants",
    "qf_rounds",
    "qf_claims",
    "qf_matches",
    "policies",
    "policy_adoptions",
    "driver_runs",
)


@pytest.mark.parametrize("table", FACTS)
@pytest.mark.parametrize(
    "change", ["UPDATE squads.{} SET {} = {}", "DELETE FROM squads.{}", "TRUNCATE squads.{}"]
)
def test_facts_cannot_be_changed(engine: Engine, table: str, change: str) -> None:
    with engine.connect() as connection:
        column = connection.scalar(
            text("""SELECT column_name FROM information_schema.columns
                    WHERE table_schema = 'squads' AND table_name = :t AND is_identity = 'NO' LIMIT 1"""),
            {"t": table},
        )
    statement = change.format(table, column, column)
    refusal = pytest.raises(DBAPIError, match=r"refused: its rows are facts|permission denied")
    with refusal, engine.begin() as connection:
        connection.execute(text(statement))


BARE_TRANSFER = """
INSERT INTO squads.transfers (kind, from_account_id, to_account_id, amount_micro, idempotency_key, args_hash,
                              posted_at, policy_id, rule_version, driver, run_id, effective_on)
SELECT 'sponsorship', :ada, :bo, 10, 'bare', '\\x00', now(), id, '1', 'test', 'run', current_date
FROM squads.current_policy RETURNING id
"""
ENTRY = """
INSERT INTO squads.entries VALUES (:transfer, :no, :account, :amount, 0, 1000 + :no, now())
"""


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [(1, "ada", -10)],
        [(2, "bo", 10)],
        [(1, "ada", -10), (2, "bo", 9)],
        [(1, "ada", -9), (2, "bo", 9)],
        [(1, "bo", -10), (2, "ada", 10)],
    ],
    ids=["none", "out only", "in only", "unequal", "another amount", "accounts swapped"],
)
def test_a_transfer_without_its_balanced_entries_cannot_commit(
    engine: Engine, two_wallets: tuple[Account, Account], entries: list[tuple[int, str, int]]
) -> None:
    ids = {"ada": two_wallets[0].id, "bo": two_wallets[1].id}
    with pytest.raises(DBAPIError, match="has no two entries"), engine.begin() as connection:
        transfer = connection.scalar(text(BARE_TRANSFER), ids)
        for number, account, amount in entries:
            connection.execute(
                text(ENTRY), {"transfer": transfer, "no": number, "account": ids[account], "amount": amount}
            )


def test_a_balanced_transfer_takes_no_third_entry(
    engine: Engine, two_wallets: tuple[Account, Account]
) -> None:
    ada, bo = two_wallets
    with engine.begin() as connection:
        post(connection, give(ada, bo, 10, "gift"))
        transfer = ledger.transfer_id(connection, "gift")
    for number, amount in ((1, -5), (2, 5), (3, 5)):
        with pytest.raises(DBAPIError, match=r"entries_pkey|side_fits_sign"), engine.begin() as connection:
            values = {"transfer": transfer, "no": number, "account": bo.id, "amount": amount}
            connection.execute(text(ENTRY), values)


def test_a_thousand_transfers_in_one_statement(engine: Engine, two_wallets: tuple[Account, Account]) -> None:
    ada, bo = two_wallets
    with engine.begin() as connection:
        ledger.stage(connection)
        connection.execute(
            text("""INSERT INTO staged_transfers
                        (kind, from_account_id, to_account_id, amount_micro, idempotency_key)
                    SELECT 'sponsorship', CASE WHEN n % 2 = 1 THEN :ada ELSE :bo END,
                           CASE WHEN n % 2 = 1 THEN :bo ELSE :ada END, 7, 'staged:' || n
                    FROM generate_series(1, 1000) AS n ORDER BY n"""),
            {"ada": ada.id, "bo": bo.id},
        )
        ledger.lock_accounts(connection, [ada.id, bo.id])
        assert ledger.post_staged(connection, stamp(connection)) == ledger.Posted(1000, 0, 7000)
    assert (balance(engine, "wallet:ada"), balance(engine, "wallet:bo")) == (100, 0)
    with engine.connect() as connection:
        versions = connection.scalars(
            text(
                "SELECT account_version FROM squads.entries WHERE account_id = :id ORDER BY account_version"
            ),
            {"id": bo.id},
        ).all()
    assert versions == list(range(1, 1001))


def test_every_fact_names_a_policy_that_can_be_read_back(
    engine: Engine, two_wallets: tuple[Account, Account]
) -> None:
    del two_wallets
    with engine.connect() as connection:
        identity = connection.scalar(text("SELECT DISTINCT policy_id FROM squads.transfers"))
        assert policies.by_id(connection, str(identity)) == policies.current(connection)
