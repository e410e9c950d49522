"""Closes the gap of `squads_formed`: squads around targets, and their seeds. What is decided is in `rules`."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from squads_pipeline.drivers.run import NOTHING, DriverRun, Outcome
from squads_pipeline.drivers.units import close_units, merged
from squads_pipeline.rules import formation, lifecycle
from squads_pipeline.rules.policy import Policy, policy_id
from squads_pipeline.store import (
    formations,
    gap_failures,
    gaps,
    ledger,
    policies,
    runs,
    squad_events,
    top_up,
)
from squads_pipeline.store.formations import Candidate, NewFormation, UnpaidSeed
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


@dataclass(frozen=True, slots=True)
class Terms:
    """What a run goes by: the policy, and the stamp of its facts."""

    policy: Policy
    stamp: Stamp


def form_squads(connection: Connection, run: DriverRun) -> Outcome:
    """Pay seeds in arrears, then form squads around the most important targets that have none.

    The lock on the treasury lets one run at a time; the gap is read again under it. Squads are formed while
    the treasury can pay something of their seeds; the rest of the gap stays open. A target or seed that cannot
    be closed is put aside, and what it would have got is there for those after it.
    """
    policy = policies.current(connection)
    terms = Terms(policy, Stamp(NAME, run.run_id, policy_id(policy), formation.RULE_VERSION))
    locked = top_up.lock(connection, ledger.TREASURY, policy.treasury_target_micro)
    if not gaps.is_open(connection, GAP):
        return NOTHING
    minted_micro = top_up.mint(connection, locked, policy.treasury_target_micro, terms.stamp)
    aside = gap_failures.put_aside(connection, GAP)
    seeds = {f"seed:{one.squad_id}": one for one in formations.lock_unpaid_seeds(connection, aside)}
    least = formation.least_ppm(policy.min_importance)
    targets = {
        f"target:{one.target.artifact_type}:{one.target.artifact_id}": one
        for one in formations.candidates(connection, least, policy.max_per_run, aside)
    }

    def close(units: Sequence[str]) -> Outcome:
        unpaid = [seeds[unit] for unit in units if unit in seeds]
        return _close(connection, unpaid, [targets[unit] for unit in units if unit in targets], terms)

    # The order decides who is paid when the treasury is short, also among the halves that a failure makes.
    outcome = close_units(connection, GAP, [*seeds, *targets], run, close)
    outcome = merged(outcome, Outcome(0, minted_micro, {"minted_micro": minted_micro}))
    if outcome.units or minted_micro:
        runs.record(connection, units=outcome.units, moved_micro=outcome.moved_micro, stamp=terms.stamp)
    return outcome


def _close(
    connection: Connection, unpaid: Sequence[UnpaidSeed], candidates: Sequence[Candidate], terms: Terms
) -> Outcome:
    """Pay some seeds in arrears, and form squads around some targets, from what the treasury holds now."""
    treasury = ledger.find_accounts(connection, [ledger.TREASURY])[ledger.TREASURY]
    arrears = _arrears(unpaid, treasury.balance_micro)
    funds_micro = treasury.balance_micro - sum(payment.amount_micro for payment in arrears)
    chosen = _choose(connection, candidates, terms.policy, funds_micro)
    formed = _write(connection, list(chosen), terms.stamp)
    payments = [*arrears, *(chosen[new] for new in formed if new.seed_micro > 0)]
    paid_micro = _pay(connection, treasury.id, payments, terms.stamp)
    formations.keep_arrears(connection, [payment.after for payment in payments])
    _open(connection, {new: chosen[new].amount_micro for new in formed}, terms)
    return Outcome(
        units=len(formed) + len(arrears),
        moved_micro=paid_micro,
        facts={
            "squads_formed": len(formed),
            "seeds_in_arrears_paid": len(arrears),
            "seeds_micro": paid_micro,
            "seeds_missing_micro": sum(payment.after.missing_micro for payment in payments),
        },
    )


def _arrears(unpaid: Sequence[UnpaidSeed], funds_micro: int) -> list[Payment]:
    """What to pay of seeds in arrears, which come before new ones."""
    paid = formation.pay_in_order([seed.missing_micro for seed in unpaid], funds_micro)
    return [Payment(*one) for one in zip(unpaid, paid, strict=True) if one[1] > 0]


def _choose(
    connection: Connection, candidates: Sequence[Candidate], policy: Policy, funds_micro: int
) -> dict[NewFormation, Payment]:
    """The squads to form, with the payment of each seed, the most important first."""
    wanted = _named(connection, candidates, policy)
    paid = formation.pay_in_order([new.seed_micro for new in wanted], funds_micro)
    return {
        new: Payment(UnpaidSeed(new.squad_id, new.seed_micro, 0), amount)
        for new, amount in zip(wanted, paid, strict=True)
        if formation.can_be_seeded(new.seed_micro, amount)
    }


def _named(connection: Connection, candidates: Sequence[Candidate], policy: Policy) -> list[NewFormation]:
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


def _open(connection: Connection, posted: dict[NewFormation, int], terms: Terms) -> None:
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
    formations.open_recruitment(connection, ids, terms.policy.recruit_window_seconds)
    reason = "chartered, its success criteria locked, its seed posted"
    squad_events.record(connection, ids, [lifecycle.OPENED], reason=reason, actor=NAME, stamp=terms.stamp)
