"""The daily top-up of a system account to the policy's level. No other minting."""

from dataclasses import dataclass

from sqlalchemy import Connection

from squads_pipeline.store import ledger, runs
from squads_pipeline.store.ledger import ISSUANCE, Account, TransferRequest
from squads_pipeline.store.stamp import Stamp


@dataclass(frozen=True, slots=True)
class Locked:
    """The account under lock, and issuance beside it when a top-up may come."""

    account: Account
    issuance: Account | None
    key: str


def lock(connection: Connection, name: str, target_micro: int) -> Locked:
    """Lock a system account, and issuance before it if the account is below its level and not topped up today.

    Both in one go, in the order of ids: taking issuance later could deadlock with an operator's mint.
    """
    key = f"mint:{name}:{runs.today(connection)}"
    found = ledger.find_accounts(connection, [name, ISSUANCE])
    may_mint = found[name].balance_micro < target_micro and ledger.transfer_id(connection, key) is None
    wanted = [found[name].id, found[ISSUANCE].id] if may_mint else [found[name].id]
    locked = ledger.lock_accounts(connection, wanted)
    return Locked(locked[found[name].id], locked.get(found[ISSUANCE].id), key)


def mint(connection: Connection, locked: Locked, target_micro: int, stamp: Stamp) -> int:
    """Bring the account to its level if it is below; returns the µT minted, zero if nothing was to do."""
    missing_micro = target_micro - locked.account.balance_micro
    if (
        locked.issuance is None
        or missing_micro <= 0
        or ledger.transfer_id(connection, locked.key) is not None
    ):
        return 0
    request = TransferRequest(
        kind="mint",
        from_account_id=locked.issuance.id,
        to_account_id=locked.account.id,
        amount_micro=missing_micro,
        key=locked.key,
        reason="daily top-up to the policy's level",
    )
    return ledger.post(connection, [request], stamp).moved_micro
