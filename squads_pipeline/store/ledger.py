"""Posting and reading money: locks first, then one set-wise statement per batch. No decisions on who gets what.

Every function works on the caller's connection and never commits. The caller locks all accounts of a
batch with `lock_accounts` before it writes anything that refers to them; inserting first would take the
weaker lock of the foreign key and make writers on hot accounts deadlock when they upgrade it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Connection, Text, TextClause, cast, func, insert, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from squads_pipeline.store import posting
from squads_pipeline.store.errors import (
    IdempotencyConflictError,
    InsufficientFundsError,
    NotFoundError,
    speaking,
)
from squads_pipeline.store.schema import accounts, entries, transfers
from squads_pipeline.store.stamp import Stamp

ISSUANCE = "issuance"
TREASURY = "treasury"
MATCHING_POOL = "matching_pool"


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it stood when it was read; under a lock it stays so until the transaction ends."""

    id: int
    name: str
    kind: str
    balance_micro: int


@dataclass(frozen=True, slots=True)
class TransferRequest:
    """A movement of money to post.

    Attributes:
        kind: one of `schema.ledger.TRANSFER_KINDS`.
        from_account_id: account that pays.
        to_account_id: account that receives.
        amount_micro: amount in µT, positive.
        key: idempotency key.
        reason: free text, or None.
        occurred_at: when it happened according to a source, or None.
    """

    kind: str
    from_account_id: int
    to_account_id: int
    amount_micro: int
    key: str
    reason: str | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """What a batch did: how many transfers were new, how many were there before, and the µT moved."""

    posted: int
    replayed: int
    moved_micro: int


def wallet(agent_id: str) -> str:
    """Name of an agent's account."""
    return f"wallet:{agent_id}"


def pool(squad_id: str) -> str:
    """Name of a squad's account."""
    return f"squad:{squad_id}"


def key_part(name: str) -> str:
    """A name within an idempotency key: escaped, its colons cannot make two transfers share a key."""
    return name.replace(":", "%3A")


def open_accounts(connection: Connection, kind: str, owners: Iterable[str]) -> None:
    """Open an account for each owner, without money.

    Args:
        connection: the caller's connection.
        kind: ``wallet`` or ``squad``.
        owners: agent or squad ids.
    """
    owner_list = list(owners)
    if not owner_list:
        return
    owner = func.unnest(cast(owner_list, ARRAY(Text))).column_valued("owner")
    connection.execute(
        insert(accounts).from_select(
            ["name", "kind", "owner_id", "balance_micro", "opened_at"],
            select(literal(f"{kind}:") + owner, literal(kind), owner, literal(0), func.squads.clock()),
        )
    )


def find_accounts(connection: Connection, names: Sequence[str]) -> dict[str, Account]:
    """Read accounts by name, unlocked.

    Raises:
        NotFoundError: names an account that does not exist.
    """
    rows = connection.execute(
        select(accounts.c.id, accounts.c.name, accounts.c.kind, accounts.c.balance_micro).where(
            accounts.c.name == func.any(cast(list(names), ARRAY(Text)))
        )
    )
    found = {row.name: Account(*row) for row in rows}
    for name in names:
        if name not in found:
            raise NotFoundError(f"There is no account {name}", "Look the names up with `squads status`.")
    return found


def pool_accounts(connection: Connection, squads: Sequence[str]) -> dict[str, Account]:
    """The accounts of squads' pools, unlocked: squad → account."""
    found = find_accounts(connection, [pool(squad) for squad in squads])
    return {squad: found[pool(squad)] for squad in squads}


def lock_accounts(connection: Connection, account_ids: Iterable[int]) -> dict[int, Account]:
    """Lock accounts in the order of their ids until the transaction ends, and read them.

    Index: accounts_pkey. One order for everybody is what keeps writers from deadlocking.
    """
    rows = connection.execute(
        select(accounts.c.id, accounts.c.name, accounts.c.kind, accounts.c.balance_micro)
        .where(accounts.c.id == func.any(cast(sorted(set(account_ids)), ARRAY(BigInteger))))
        .order_by(accounts.c.id)
        .with_for_update(key_share=True)
    )
    return {row.id: Account(*row) for row in rows}


def post(connection: Connection, requests: Sequence[TransferRequest], stamp: Stamp) -> Posted:
    """Post a batch of transfers, in their order, whose accounts the caller has locked.

    Raises:
        InsufficientFundsError: an account would fall below zero, at the end or on the way.
        IdempotencyConflictError: a key is known with other arguments.
    """
    if not requests:
        return Posted(0, 0, 0)
    arrays = {
        "kind": [r.kind for r in requests],
        "from_account_id": [r.from_account_id for r in requests],
        "to_account_id": [r.to_account_id for r in requests],
        "amount_micro": [r.amount_micro for r in requests],
        "idempotency_key": [r.key for r in requests],
        "reason": [r.reason for r in requests],
        "occurred_at": [r.occurred_at for r in requests],
    }
    return _post(connection, posting.POST_ARRAYS, {**arrays, **stamp.columns()})


def post_staged(connection: Connection, stamp: Stamp) -> Posted:
    """Post what the temporary table ``staged_transfers`` holds, in the order of its ``seq``; see `stage`.

    Raises:
        InsufficientFundsError: an account would fall below zero, at the end or on the way.
        IdempotencyConflictError: a key is known with other arguments.
    """
    return _post(connection, posting.POST_STAGED, dict(stamp.columns()))


def stage(connection: Connection) -> None:
    """Make the empty temporary table ``staged_transfers``, which lives until the transaction ends."""
    connection.execute(posting.CREATE_STAGE)


def _post(connection: Connection, statement: TextClause, parameters: dict[str, object]) -> Posted:
    with speaking():
        row = connection.execute(statement, parameters).one()
    if row.conflicting_key is not None:
        raise IdempotencyConflictError(
            f"Idempotency key {row.conflicting_key!r} belongs to a transfer with other arguments",
            "Use a new key for a new request; send the same arguments to repeat one.",
        )
    if row.overdrawn is not None:
        raise InsufficientFundsError(
            f"{row.overdrawn} has less than it would have to pay",
            "Pay less, or bring tokens into the account first.",
        )
    return Posted(row.posted, row.replayed, int(row.moved_micro))


def balance_as_of(connection: Connection, account_id: int, moment: datetime) -> int:
    """Balance of an account in µT after all that was posted up to a moment.

    Index: entries_as_of_idx, one descent whatever the length of the history.
    """
    balance = connection.scalar(
        select(entries.c.balance_after_micro)
        .where(entries.c.account_id == account_id, entries.c.posted_at <= moment)
        .order_by(entries.c.posted_at.desc(), entries.c.account_version.desc())
        .limit(1)
    )
    return balance or 0


def transfer_id(connection: Connection, key: str) -> int | None:
    """Id of the transfer that has an idempotency key, or None."""
    return connection.scalar(select(transfers.c.id).where(transfers.c.idempotency_key == key))
