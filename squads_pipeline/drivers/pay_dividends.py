"""Closes the gap of `credit_dividends`: outcomes are settled, and whoever helped is paid. Who gets what: `rules`."""

from collections.abc import Mapping, Sequence
from functools import partial

from sqlalchemy import Connection

from squads_pipeline.drivers.run import NOTHING, DriverRun, Outcome
from squads_pipeline.drivers.units import close_due
from squads_pipeline.rules import credit
from squads_pipeline.rules.credit import Settlement
from squads_pipeline.rules.policy import Policy, policy_id
from squads_pipeline.store import dividends, ledger, policies, provenance, runs, top_up
from squads_pipeline.store.dividends import Unsettled
from squads_pipeline.store.ledger import TransferRequest
from squads_pipeline.store.stamp import Stamp

NAME = "pay_dividends"
GAP = "credit_dividends"


def pay_dividends(connection: Connection, run: DriverRun) -> Outcome:
    """Settle the outcomes that are due, the oldest first, each paid whole or left to wait for the treasury."""
    return close_due(connection, GAP, run, partial(_close, connection, run))


def _close(connection: Connection, run: DriverRun, units: Sequence[str]) -> Outcome:
    """Settle some outcomes set-wise.

    First those who write what is weighed are waited for, then the lock on the treasury lets one run at a time;
    what is unsettled is read again under it.
    """
    policy = policies.current(connection)
    stamp = Stamp(NAME, run.run_id, policy_id(policy), credit.RULE_VERSION)
    dividends.await_inputs(connection)
    locked = top_up.lock(connection, ledger.TREASURY, policy.treasury_target_micro)
    waiting = dividends.unsettled(connection, [int(unit.partition(":")[2]) for unit in units])
    if not waiting:
        return NOTHING
    decided = _decide(connection, waiting, policy)
    wanted_micro = sum(one.paid_micro for one in decided.values())
    minted_micro = top_up.mint(connection, locked, policy.treasury_target_micro, stamp) if wanted_micro else 0
    funds_micro = locked.account.balance_micro + minted_micro
    can_be_paid = credit.affordable(list(decided.values()), funds_micro)
    settled = {outcome: one for (outcome, one), may in zip(decided.items(), can_be_paid, strict=True) if may}
    paid_micro = _pay(connection, locked.account.id, settled, stamp)
    dividends.record(connection, settled, stamp)
    if settled or minted_micro:
        runs.record(connection, units=len(settled), moved_micro=paid_micro + minted_micro, stamp=stamp)
    return Outcome(
        units=len(settled),
        moved_micro=paid_micro + minted_micro,
        facts={
            "outcomes_settled": len(settled),
            "outcomes_paid": sum(one.reason == credit.PAID for one in settled.values()),
            "nobody_to_credit": sum(one.reason == credit.NOBODY for one in settled.values()),
            "waiting_for_the_treasury": len(waiting) - len(settled),
            "dividends_micro": paid_micro,
            "minted_micro": minted_micro,
        },
    )


def _decide(connection: Connection, waiting: Sequence[Unsettled], policy: Policy) -> dict[int, Settlement]:
    """What becomes of each outcome, in their order."""
    credited = provenance.credited_by_outcomes(
        connection, [one.outcome_id for one in waiting], policy.max_depth
    )
    return {
        one.outcome_id: credit.settle(one.kind, credited.get(one.outcome_id, ()), policy) for one in waiting
    }


def _pay(connection: Connection, treasury_id: int, settled: Mapping[int, Settlement], stamp: Stamp) -> int:
    """Post the shares as one batch; returns µT paid."""
    shares = [
        (outcome, share) for outcome, one in settled.items() for share in one.shares if share.share_micro > 0
    ]
    if not shares:
        return 0
    wallets = ledger.find_accounts(
        connection, list(dict.fromkeys(ledger.wallet(share.agent_id) for _, share in shares))
    )
    ledger.lock_accounts(connection, [account.id for account in wallets.values()])
    requests = [
        TransferRequest(
            kind="dividend",
            from_account_id=treasury_id,
            to_account_id=wallets[ledger.wallet(share.agent_id)].id,
            amount_micro=share.share_micro,
            key=f"dividend:{outcome}:{share.agent_id}",
        )
        for outcome, share in shares
    ]
    posted = ledger.post(connection, requests, stamp)
    if posted.replayed:
        raise AssertionError("a dividend was posted before, and not recorded")
    return posted.moved_micro
