"""Corrections by an operator: the reverse of a transfer, or of part of it, as a new fact. Restatements are audits'."""

from dataclasses import dataclass

from sqlalchemy import Connection

from squads_pipeline.rules.money import format_tokens
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.store import corrections, ledger, policies
from squads_pipeline.store.corrections import Corrected
from squads_pipeline.store.errors import InsufficientFundsError, NotFoundError, RefusedError
from squads_pipeline.store.ledger import TransferRequest
from squads_pipeline.store.stamp import Stamp

RULE_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Correction:
    """What a correction moves back, or would; amounts in µT.

    Attributes:
        original: the transfer that is corrected, and what was moved back of it before.
        amount_micro: what this correction moves, from the receiver to the payer.
        key: its idempotency key.
    """

    original: Corrected
    amount_micro: int
    key: str


def plan(connection: Connection, transfer: str, *, amount_micro: int | None = None) -> Correction:
    """What a correction would move back, the rest of the transfer if no amount is given; writes nothing.

    Args:
        connection: read only.
        transfer: number of the transfer, or its idempotency key.
        amount_micro: µT to move back, or None for all that is left.

    Raises:
        NotFoundError: there is no such transfer.
        RefusedError: it is a correction itself, nothing of it is left, or less than the amount.
    """
    original = corrections.find(connection, transfer)
    if original is None:
        raise NotFoundError(
            f"There is no transfer {transfer}", "Give its number or its key; see `squads table transfers`."
        )
    return _planned(original, amount_micro)


def correct(
    connection: Connection, transfer: str, *, reason: str, amount_micro: int | None = None
) -> Correction:
    """Post the reverse of a transfer; what it set off, such as a match, stays and is corrected by itself.

    Raises:
        NotFoundError, RefusedError: as `plan`, and for a missing reason.
        InsufficientFundsError: the receiver no longer has the money.
    """
    if not reason.strip():
        raise RefusedError("A correction without a reason", "Say why; the reason is part of the record.")
    first = plan(connection, transfer, amount_micro=amount_micro).original
    locked = ledger.lock_accounts(connection, [first.from_account_id, first.to_account_id])
    # Read again under the lock: somebody may have corrected it meanwhile.
    planned = plan(connection, transfer, amount_micro=amount_micro)
    receiver = locked[first.to_account_id]
    if receiver.kind != "issuance" and receiver.balance_micro < planned.amount_micro:
        raise InsufficientFundsError(
            f"{receiver.name} holds {format_tokens(receiver.balance_micro)} tokens, less than the "
            f"{format_tokens(planned.amount_micro)} to move back",
            "Give a smaller --amount; what has been spent is not taken back.",
        )
    request = TransferRequest(
        kind="correction",
        from_account_id=first.to_account_id,
        to_account_id=first.from_account_id,
        amount_micro=planned.amount_micro,
        key=planned.key,
        reason=reason.strip(),
    )
    stamp = Stamp("correct", f"call:{planned.key}", policy_id(policies.current(connection)), RULE_VERSION)
    ledger.post(connection, [request], stamp)
    return planned


def _planned(original: Corrected, amount_micro: int | None) -> Correction:
    if original.kind == "correction":
        raise RefusedError(
            f"Transfer {original.id} is a correction itself",
            "Repeat the original movement by its own command.",
        )
    left = original.amount_micro - original.corrected_micro
    wanted = left if amount_micro is None else amount_micro
    if not 0 < wanted <= left:
        raise RefusedError(
            f"Of transfer {original.id} {format_tokens(left)} tokens are left to correct, "
            f"not {format_tokens(wanted)}",
            "Give an amount above zero and at most what is left."
            if left
            else "It was corrected in full; nothing is to do.",
        )
    return Correction(original, wanted, f"correction:{original.id}:{original.corrections + 1}")
