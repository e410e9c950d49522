"""Closes the gap of `squads_formed`: squads around targets, and their seeds. What is decided is in `rules`."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from squads_pipeline.drivers.run import NOTHING, DriverRun, Outcome
from squads_pipeline.rules import formation, lifecycle
from squads_pipeline.rules.policy import Policy, policy_id
from squads_pipeline.store import formations, gaps, ledger, policies, runs, squad_events, top_up
from squads_pipeline.store.formations import NewFormation, UnpaidSeed
from squads_pipeline.store.ledger import TransferRequest
from squads_pipeline.store.stamp import Stamp

NAME = "form_squads"
GAP = "squads_formed"


@dataclass(frozen=True, slots=True)
class Payment:
    """What a run pays of a squad's seed, µT, and what stood before it."""

    before: UnpaidSeed
    amount_micro: int

    @property
    def after(self) -> UnpaidSeed:
        """The seed when the payment is made."""
        return UnpaidSeed(
            self.before.squad_id, self.before.missing_micro - self.amount_micro, self.before.payments + 1
        )


def form_squads(connection: Connection, run: DriverRun) -> Outcome:
    """Pay seeds in arrears, then form squads around the most important targets that have none.

    The lock on the treasury lets one run at a time; the gap is read again under it. Squads are formed while
    the treasury can pay something of their seeds; the rest of the gap stays open.
    """
    policy = policies.current(connection)
    stamp = Stamp(NAME, run.run_id, policy_id(policy), formation.RULE_VERSION)
    locked = top_up.lock(connection, ledger.TREASURY, policy.treasury_target_micro)
    if not gaps.is_open(connection, GAP):
        return NOTHING
    minted_micro = top_up.mint(connection, locked, policy.treasury_target_micro, stamp)
    funds_micro = locked.account.balance_micro + minted_micro
    arrears = _arrears(formations.lock_unpaid_seeds(connection), funds_micro)
    funds_micro -= sum(payment.amount_micro for payment in arrears)
    chosen = _choose(connection, policy, funds_micro)
    formed = _write(connection, list(chosen), stamp)
    payments = [*arrears, *(chosen[new] for new in formed if new.seed_micro > 0)]
    paid_micro = _pay(connection, locked.account.id, payments, stamp)
    formations.keep_arrears(connection, [payment.after for payment in payments])
    _open(connection, {new: chosen[new].amount_micro for new in formed}, policy, stamp)
    units = len(formed) + len(arrears)
    if units or minted_micro:
        runs.record(connection, units=units, moved_micro=paid_micro + minted_micro, stamp=stamp)
    return Outcome(
        units=units,
        moved_micro=paid_micro + minted_micro,
        facts={
            "squads_formed": len(formed),
            "seeds_in_arrears_paid": len(arrears),
            "seeds_micro": paid_micro,
            "seeds_missing_micro": sum(payment.after.missing_micro for payment in payments),
            "minted_micro": minted_micro,
        },
    )


def _arrears(unpaid: Sequence[UnpaidSeed], funds_micro: int) -> list[Payment]:
    """What to pay of seeds in arrears, which come before new ones."""
    paid = formation.pay_in_order([seed.missing_micro for seed in unpaid], funds_micro)
    return [Payment(*one) for one in zip(unpaid, paid, strict=True) if one[1] > 0]


def _choose(connection: Connection, policy: Policy, funds_micro: int) -> dict[NewFormation, Payment]:
    """The squads to form, with the payment of each seed, the most important first."""
    least = formation.least_ppm(policy.min_importance)
    wanted = _named(connection, formations.candidates(connection, least, policy.max_per_run), policy)
    paid = formation.pay_in_order([new.seed_micro for new in wanted], funds_micro)
    return {
        new: Payment(UnpaidSeed(new.squad_id, new.seed_micro, 0), amount)
        for new, amount in zip(wanted, paid, strict=True)
        if formation.can_be_seeded(new.seed_micro, amount)
    }


def _named(
    connection: Connection, candidates: Sequence[formations.Candidate], policy: Policy
) -> list[NewFormation]:
    """The squads of some targets; an id that somebody has taken gives way to the next of the target."""
    numbers = {one.target: one.squads_before + 1 for one in candidates}
    while numbers:
        ids = {target: formation.squad_id(target, nth) for target, nth in numbers.items()}
        taken = formations.taken(connection, list(ids.values()))
        if not taken:
            break
        numbers = {target: nth + (ids[target] in taken) for target, nth in numbers.items()}
    return [
        NewFormation(
            squad_id=formation.squad_id(target, nth),
            target=target,
            name=formation.squad_name(target),
            charter=formation.charter(target),
            seed_micro=formation.seed_micro(target.importance_ppm, policy.seed_rate_micro),
        )
        for target, nth in numbers.items()
    ]


def _write(connection: Connection, chosen: Sequence[NewFormation], stamp: Stamp) -> list[NewFormation]:
    """Write the squads with their pools; returns those whose target nobody else took meanwhile."""
    added = formations.add_forming(connection, chosen, formation.SUCCESS_CRITERIA, stamp)
    formed = [new for new in chosen if new.squad_id in added]
    ids = [new.squad_id for new in formed]
    ledger.open_accounts(connection, "squad", ids)
    formations.record(connection, formed, stamp)
    reason = "an open target that matters had no live squad"
    squad_events.record(connection, ids, [lifecycle.FORMED], reason=reason, actor=NAME, stamp=stamp)
    return formed


def _pay(connection: Connection, treasury_id: int, payments: Sequence[Payment], stamp: Stamp) -> int:
    """Post the payments as one batch; returns µT paid."""
    if not payments:
        return 0
    pools = ledger.find_accounts(connection, [ledger.pool(one.before.squad_id) for one in payments])
    ledger.lock_accounts(connection, [account.id for account in pools.values()])
    requests = [
        TransferRequest(
            kind="seed",
            from_account_id=treasury_id,
            to_account_id=pools[ledger.pool(one.before.squad_id)].id,
            amount_micro=one.amount_micro,
            key=formation.seed_key(one.before.squad_id, one.after.payments),
        )
        for one in payments
    ]
    posted = ledger.post(connection, requests, stamp)
    if posted.moved_micro != sum(one.amount_micro for one in payments):
        raise AssertionError("a seed's payment was posted before")
    return posted.moved_micro


def _open(connection: Connection, posted: dict[NewFormation, int], policy: Policy, stamp: Stamp) -> None:
    """Let the squads recruit that may."""
    ids = [
        new.squad_id
        for new, posted_micro in posted.items()
        if lifecycle.why_not_opened(
            status="forming",
            charter=new.charter,
            success_criteria=formation.SUCCESS_CRITERIA,
            seed_micro=new.seed_micro,
            posted_micro=posted_micro,
        )
        is None
    ]
    formations.open_recruitment(connection, ids, policy.recruit_window_seconds)
    reason = "chartered, its success criteria locked, its seed posted"
    squad_events.record(connection, ids, [lifecycle.OPENED], reason=reason, actor=NAME, stamp=stamp)
