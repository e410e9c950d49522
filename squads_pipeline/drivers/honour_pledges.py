"""Closes the gap of `pledged_contributions`: contributions for agents under their pledges. Who gets what: `rules`."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection

from squads_pipeline.drivers.run import NOTHING, DriverRun, Outcome
from squads_pipeline.rules.pledges import RULE_VERSION, Payment, Wallet, payments, preferred
from squads_pipeline.rules.policy import Policy, policy_id
from squads_pipeline.store import ledger, matching, pledging, policies, runs
from squads_pipeline.store.ledger import Account, TransferRequest
from squads_pipeline.store.pledging import OpenSquad, Pledged
from squads_pipeline.store.stamp import Stamp

NAME = "honour_pledges"


def honour_pledges(connection: Connection, run: DriverRun) -> Outcome:
    """Pay for every agent whose pledge has a free place this cycle; all or nothing.

    The lock on an agent's pledge lets one run at a time pay for it, and holds a revocation back; what was
    funded in the cycle is read again under it. Then squads are locked, then accounts, as everywhere.
    """
    policy = policies.current(connection)
    stamp = Stamp(NAME, run.run_id, policy_id(policy), RULE_VERSION)
    due = pledging.lock_due(connection)
    if not due:
        return NOTHING
    matching.lock_fundable_squads(connection)
    pledged = pledging.standings(connection, due)
    squads = pledging.open_squads(connection)
    wishes = _wishes(connection, pledged, squads, policy)
    pools = {squad.id: squad.account_id for squad in squads}
    wanted = {pools[squad] for wish in wishes for squad in wish}
    locked = ledger.lock_accounts(connection, {one.account_id for one in pledged} | wanted)
    paid = {
        pledging.key(one.cycle, one.agent_id, payment.squad_id): (one, payment)
        for one, wish in zip(pledged, wishes, strict=True)
        for payment in payments(_wallet(one, locked), wish, one.funded, policy)
    }
    if not paid:
        return NOTHING
    return _pay(connection, paid, pools, stamp)


def _pay(
    connection: Connection,
    paid: Mapping[str, tuple[Pledged, Payment]],
    pools: Mapping[str, int],
    stamp: Stamp,
) -> Outcome:
    """Post the payments as one batch and record their inputs."""
    requests = [
        TransferRequest("contribution", one.account_id, pools[payment.squad_id], payment.amount_micro, key)
        for key, (one, payment) in paid.items()
    ]
    posted = ledger.post(connection, requests, stamp)
    if posted.replayed:
        raise AssertionError("a pledge's payment was posted before, and not recorded")
    pledging.record(connection, paid, stamp)
    agents = {one.agent_id for one, _ in paid.values()}
    runs.record(connection, units=len(agents), moved_micro=posted.moved_micro, stamp=stamp)
    return Outcome(
        units=len(agents),
        moved_micro=posted.moved_micro,
        facts={
            "cycle": next(one.cycle for one, _ in paid.values()),
            "contributions": posted.posted,
            "squads_funded": len({payment.squad_id for _, payment in paid.values()}),
            "contributed_micro": posted.moved_micro,
        },
    )


def _wishes(
    connection: Connection, pledged: Sequence[Pledged], squads: Sequence[OpenSquad], policy: Policy
) -> list[list[str]]:
    """For each pledge the squads to fund next, as many as have a place in the cycle."""
    open_squads = {squad.id for squad in squads}
    unnamed = [one.agent_id for one in pledged if not one.squads]
    own = pledging.joined(connection, unnamed)
    for squad in squads:
        own.setdefault(squad.created_by or "", []).append(squad.id)
    before = pledging.funded_before(connection, unnamed)
    wishes = []
    for one in pledged:
        order = preferred(
            one.squads,
            own.get(one.agent_id, ()),
            before.get(one.agent_id, ()),
            (squad.id for squad in squads),
            open_squads,
        )
        wishes.append(list(_first(order, one.funded, policy.pledge_max_squads - len(one.funded))))
    return wishes


def _first(squads: Iterator[str], funded: Sequence[str], places: int) -> Iterator[str]:
    """The first squads that were not funded yet, at most so many."""
    for squad in squads:
        if places <= 0:
            return
        if squad not in funded:
            places -= 1
            yield squad


def _wallet(pledged: Pledged, locked: dict[int, Account]) -> Wallet:
    """What the rule wants to know of an agent, with the balance as it is under the lock."""
    account = locked.get(pledged.account_id)
    balance_micro = None if account is None else account.balance_micro
    return Wallet(True, pledged.active, balance_micro, pledged.reserve_micro)
