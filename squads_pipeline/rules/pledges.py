"""What a pledge pays: to which squads, how much, and why not. No clock, no accounts, no judgement of squads.

A pledge is an agent's standing consent to fund squads. Every guard answers with the reason against paying, or
None; what is unknown (None) is a reason of its own, so that it never pays.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from squads_pipeline.rules.policy import Policy

RULE_VERSION: Final = "pledges-1"
"""Changes whenever the same inputs may give another payment."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wallet:
    """What an agent has consented to, and what it holds; None for what is not known.

    Attributes:
        consented: whether a pledge of the agent is in force.
        active: whether the agent acts: its wallet is open.
        balance_micro: what the wallet holds, µT.
        reserve_micro: what the agent wants to keep, µT.
    """

    consented: bool | None
    active: bool | None
    balance_micro: int | None
    reserve_micro: int | None


@dataclass(frozen=True, slots=True)
class Payment:
    """One contribution that a pledge makes.

    Attributes:
        squad_id: who gets it.
        slot: its place among the agent's squads of the cycle, from 1.
        balance_before_micro: what the wallet held before it, µT.
        amount_micro: µT, positive.
    """

    squad_id: str
    slot: int
    balance_before_micro: int
    amount_micro: int


def cycle_of(moment: datetime, cycle_seconds: int) -> int:
    """The number of the cycle that a moment is in: ⌊seconds since 1970-01-01 UTC / cycle_seconds⌋."""
    return (moment - _EPOCH) // timedelta(seconds=cycle_seconds)


def without_consent(consented: bool | None) -> str | None:
    """Why the agent's word does not allow a payment."""
    if consented is None:
        return "it is not known whether the agent has a pledge"
    return None if consented else "the agent has no pledge in force"


def inactive(active: bool | None) -> str | None:
    """Why the agent does not count as acting."""
    if active is None:
        return "it is not known whether the agent is active"
    return None if active else "the agent is not active"


def below_threshold(balance_micro: int | None, policy: Policy) -> str | None:
    """Why the wallet holds too little to pay anything."""
    if balance_micro is None:
        return "the balance is not known"
    return (
        None
        if balance_micro >= policy.pledge_min_balance_micro
        else "the balance is below pledges.min_balance"
    )


def within_reserve(balance_micro: int | None, reserve_micro: int | None, policy: Policy) -> str | None:
    """Why what the agent wants to keep leaves too little."""
    if balance_micro is None or reserve_micro is None:
        return "the balance or the reserve is not known"
    enough = balance_micro - reserve_micro >= _least_micro(policy)
    return None if enough else "what is left above the reserve is less than pledges.min_contribution"


def without_slot(funded: Collection[str] | None, policy: Policy) -> str | None:
    """Why the cycle has no place for another squad; squads funded earlier in the cycle count, retries included."""
    if funded is None:
        return "it is not known which squads were funded this cycle"
    full = len(set(funded)) >= policy.pledge_max_squads
    return "the agent's pledge has funded pledges.max_squads_per_cycle squads this cycle" if full else None


def refusal(wallet: Wallet, funded: Collection[str] | None, policy: Policy) -> str | None:
    """The first reason against paying one more squad; None if nothing stands against it."""
    return (
        without_consent(wallet.consented)
        or inactive(wallet.active)
        or below_threshold(wallet.balance_micro, policy)
        or within_reserve(wallet.balance_micro, wallet.reserve_micro, policy)
        or without_slot(funded, policy)
    )


def amount_micro(balance_micro: int, reserve_micro: int, policy: Policy) -> int:
    """What one squad gets, µT: a part of the balance, not below the minimum, not above cap or what is spendable.

    Requires that neither `below_threshold` nor `within_reserve` has a reason.
    """
    part = policy.pledge_balance_fraction
    scaled = balance_micro * part.numerator // part.denominator
    wanted = min(max(scaled, policy.pledge_min_contribution_micro), policy.pledge_max_contribution_micro)
    amount = min(wanted, balance_micro - reserve_micro)
    if not 0 < amount <= balance_micro - reserve_micro:
        raise ValueError(f"{amount} µT from a balance of {balance_micro} with a reserve of {reserve_micro}")
    return amount


def preferred(
    named: Sequence[str],
    own: Iterable[str],
    funded_before: Iterable[str],
    by_pool: Iterable[str],
    open_squads: Collection[str],
) -> Iterator[str]:
    """Yield the squads that a pledge may fund, the dearest first, each once.

    Args:
        named: the squads that the pledge names, in the agent's order; consent goes no further than they do.
            Empty for a pledge to any squad.
        own: squads of which the agent is a member, then those that it formed.
        funded_before: squads that the agent's money went to before.
        by_pool: all others, in an order of the caller's.
        open_squads: those that take money now.
    """
    seen = set()
    for group in (named,) if named else (own, funded_before, by_pool):
        for squad in group:
            if squad in open_squads and squad not in seen:
                seen.add(squad)
                yield squad


def payments(
    wallet: Wallet, squads: Iterable[str], funded: Collection[str] | None, policy: Policy
) -> list[Payment]:
    """What a pledge pays now, squad after squad, until a guard has a reason.

    Each amount follows from the balance before it, so that a run cut in two pays what one run would have.

    Args:
        wallet: of the agent, under its lock.
        squads: those it may fund, the dearest first.
        funded: those that its pledge funded in this cycle already; None if that is not known.
        policy: in force.
    """
    planned: list[Payment] = []
    served = set(funded or ())
    balance, reserve = wallet.balance_micro, wallet.reserve_micro
    for squad in squads:
        now = Wallet(wallet.consented, wallet.active, balance, reserve)
        if refusal(now, None if funded is None else served, policy) or balance is None or reserve is None:
            break
        if squad in served:
            continue
        served.add(squad)
        amount = amount_micro(balance, reserve, policy)
        planned.append(Payment(squad, len(served), balance, amount))
        balance -= amount
    return planned


def _least_micro(policy: Policy) -> int:
    """The least that a squad may get, µT: the minimum, unless the cap is lower."""
    return min(policy.pledge_min_contribution_micro, policy.pledge_max_contribution_micro)
