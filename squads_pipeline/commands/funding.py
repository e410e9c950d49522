"""Bringing money in: contributions and sponsorships by agents, mints and bonuses by operators. Matching is a driver."""

from dataclasses import dataclass

from sqlalchemy import Connection

from squads_pipeline.rules.criteria import measure_of, why_not_met
from squads_pipeline.rules.money import MAX_MICRO, format_tokens
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.store import criteria, ledger, policies, squads
from squads_pipeline.store.errors import InsufficientFundsError, NotFoundError, RefusedError
from squads_pipeline.store.ledger import ISSUANCE, Posted, TransferRequest
from squads_pipeline.store.schema.squads import FUNDABLE_STATUSES
from squads_pipeline.store.stamp import Stamp

RULE_VERSION = "1"
DRIVERS_KEYS = (
    "match:",
    "pledge:",
    "mint:",
    "seed:",
    "payout:",
    "refund:",
    "fork:",
    "merge:",
    "bonus:",
    "dividend:",
)
"""Beginnings of keys that drivers and other commands derive."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """A contribution as it was recorded.

    Attributes:
        squad_id: the squad's id, also when it was addressed by name.
        amount_micro: µT.
        repeated: True when the key was known and nothing moved.
    """

    squad_id: str
    amount_micro: int
    repeated: bool


def contribute(
    connection: Connection, agent: str, squad: str, amount_micro: int, *, key: str
) -> Contribution:
    """Move tokens from an agent's wallet into a squad's pool; the next round matches them.

    Args:
        connection: the caller commits it.
        agent: who pays.
        squad: id, or name if no other squad has it.
        amount_micro: µT, positive.
        key: idempotency key; the same request with the same key moves nothing a second time.

    Raises:
        NotFoundError: no such agent or squad.
        RefusedError: the amount is not positive, the key is a driver's, or the squad takes no contributions now.
        InsufficientFundsError: the wallet holds less.
        IdempotencyConflictError: the key belongs to another request.
    """
    stamp = _stamp(connection, "contribute", key)
    return _give(connection, "contribution", agent, squad, amount_micro, key, stamp)


def sponsor(connection: Connection, agent: str, squad: str, amount_micro: int, *, key: str) -> Contribution:
    """Move tokens from an agent's wallet into a squad's pool without asking for a match.

    Args and errors are those of `contribute`.
    """
    stamp = _stamp(connection, "sponsor", key)
    return _give(connection, "sponsorship", agent, squad, amount_micro, key, stamp)


def bonus(
    connection: Connection, squad: str, criterion: str, amount_micro: int, *, confirmed: bool = False
) -> Contribution:
    """Reward a squad from the treasury for a success criterion that it has met, once for each criterion.

    What can be measured must be met, or confirmed by the operator, who alone can say so of anything else.

    Args:
        connection: the caller commits it.
        squad: id, or name if no other squad has it.
        criterion: one of the squad's success criteria, by its measure.
        amount_micro: µT, positive.
        confirmed: the operator says that the criterion is met.

    Raises:
        NotFoundError: no such squad, or no such criterion of it.
        RefusedError: the amount is not positive, the criterion is not met, or the squad takes no money now.
        InsufficientFundsError: the treasury holds less.
        IdempotencyConflictError: the criterion was rewarded with another amount.
    """
    _require_positive(amount_micro)
    found = ledger.find_accounts(connection, [ledger.TREASURY])
    # Before the squad, as formation does, which pays seeds from it.
    locked = ledger.lock_accounts(connection, [found[ledger.TREASURY].id])
    squad_id, status = squads.hold_status(connection, squad)
    pool = ledger.pool_accounts(connection, [squad_id])[squad_id]
    ledger.lock_accounts(connection, [pool.id])
    key = f"bonus:{ledger.key_part(squad_id)}:{criterion}"
    if ledger.transfer_id(connection, key) is None:
        _require_fundable(squad_id, status)
        _require_met(connection, squad_id, criterion, confirmed=confirmed)
        _require_funds(locked[found[ledger.TREASURY].id].balance_micro, amount_micro, ledger.TREASURY)
    reason = f"success criterion {criterion}"
    request = TransferRequest(
        "milestone_bonus", found[ledger.TREASURY].id, pool.id, amount_micro, key, reason
    )
    posted = ledger.post(connection, [request], _stamp(connection, "bonus", key))
    return Contribution(squad_id, amount_micro, repeated=posted.replayed == 1)


def _give(
    connection: Connection, kind: str, agent: str, squad: str, amount_micro: int, key: str, stamp: Stamp
) -> Contribution:
    """Move tokens from a wallet into a pool, once for each key."""
    _require_positive(amount_micro)
    _require_free_key(key)
    squad_id, status = squads.hold_status(connection, squad)
    wallet, pool = ledger.wallet(agent), ledger.pool(squad_id)
    found = ledger.find_accounts(connection, [wallet, pool])
    locked = ledger.lock_accounts(connection, [found[wallet].id, found[pool].id])
    request = TransferRequest(kind, found[wallet].id, found[pool].id, amount_micro, key)
    # A repeated request is answered as the first one was, whatever has become of the squad or the wallet since.
    if ledger.transfer_id(connection, key) is None:
        _require_fundable(squad_id, status)
        _require_funds(locked[found[wallet].id].balance_micro, amount_micro, wallet)
    posted = ledger.post(connection, [request], stamp)
    return Contribution(squad_id, amount_micro, repeated=posted.replayed == 1)


def mint(connection: Connection, account: str, amount_micro: int, *, key: str, reason: str) -> Posted:
    """Issue tokens into the treasury, the matching pool or a wallet.

    Args:
        connection: the caller commits it.
        account: ``treasury``, ``matching_pool`` or ``wallet:<agent>``.
        amount_micro: µT, positive.
        key: idempotency key.
        reason: why; part of the record.

    Raises:
        NotFoundError: no such account.
        RefusedError: the amount is not positive, the account is none that may be minted into, or the key is a driver's.
        IdempotencyConflictError: the key belongs to another request.
    """
    _require_positive(amount_micro)
    if not key.startswith("mint:"):
        _require_free_key(key)
    found = ledger.find_accounts(connection, [account, ISSUANCE])
    if found[account].kind not in ("treasury", "matching_pool", "wallet"):
        raise RefusedError(
            f"Tokens cannot be minted into {account}", "Mint into treasury, matching_pool or wallet:<agent>."
        )
    ledger.lock_accounts(connection, [found[account].id, found[ISSUANCE].id])
    request = TransferRequest("mint", found[ISSUANCE].id, found[account].id, amount_micro, key, reason)
    return ledger.post(connection, [request], _stamp(connection, "mint", key))


def _stamp(connection: Connection, command: str, key: str) -> Stamp:
    return Stamp(command, f"call:{key}", policy_id(policies.current(connection)), RULE_VERSION)


def _require_positive(amount_micro: int) -> None:
    if not 0 < amount_micro <= MAX_MICRO:
        raise RefusedError(
            f"{format_tokens(amount_micro)} tokens cannot be moved",
            f"Give an amount above zero and at most {format_tokens(MAX_MICRO)}.",
        )


def _require_free_key(key: str) -> None:
    """Keep the keys that drivers derive free for them: a taken one would stand in a payment's way for ever."""
    if key.startswith(DRIVERS_KEYS):
        raise RefusedError(
            f"Keys that begin with {key.partition(':')[0]}: belong to a driver",
            "Give the request another key.",
        )


def _require_fundable(squad_id: str, status: str) -> None:
    if status not in FUNDABLE_STATUSES:
        raise RefusedError(
            f"Squad {squad_id} is {status} and takes no contributions",
            f"Contribute to a squad that is {' or '.join(FUNDABLE_STATUSES)}.",
        )


def _require_met(connection: Connection, squad_id: str, criterion: str, *, confirmed: bool) -> None:
    stored, measured = criteria.of_squad(connection, squad_id)
    listed = stored if isinstance(stored, list) else []
    if not any(measure_of(one) == criterion for one in listed):
        known = ", ".join(str(measure_of(one)) for one in listed) or "it has none"
        raise NotFoundError(
            f"{criterion!r} is no success criterion of squad {squad_id}", f"Its criteria: {known}."
        )
    against = None if confirmed else why_not_met(listed, criterion, measured)
    if against is not None:
        raise RefusedError(
            f"The success criterion {criterion} of squad {squad_id} is not met: {against}",
            "Wait until it is, or confirm as the operator that it is.",
        )


def _require_funds(balance_micro: int, amount_micro: int, account: str) -> None:
    if balance_micro < amount_micro:
        raise InsufficientFundsError(
            f"{account} holds {format_tokens(balance_micro)} tokens, less than {format_tokens(amount_micro)}",
            "Pay less, or bring tokens into the wallet first.",
        )
