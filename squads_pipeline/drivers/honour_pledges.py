"""Closes the gap of `pledged_contributions`: contributions for agents under their pledges. Who gets what: `rules`."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection

from squads_pipeline.drivers.run import NOTHING, DriverRun, Outcome
from squads_pipeline.drivers.units import close_units
from squads_pipeline.rules.pledges import RULE_VERSION, Payment, Wallet, payments, preferred
from squads_pipeline.rules.policy import Policy, policy_id
from squads_pipeline.store import ledger, locks, pledging, policies, runs
from squads_pipeline.store.ledger import Account, TransferRequest
from squads_pipeline.store.pledging import OpenSquad, Pledged
from squads_pipeline.store.stamp import Stamp

NAME = "honour_pledges"
GAP = "pledged_contributions"
_UNIT = "agent:"


def honour_pledges(connection: Connection, run: DriverRun) -> Outcome:
    """Pay for every agent whose pledge has a free place this cycle; an agent that cannot be paid for is put aside.

    One run at a time takes the wake-ups and looks. The lock on an agent's pledge holds a revocation back; what
    was funded in the cycle is read again under it. Then squads are locked, then accounts, as everywhere. Pledges
    that cannot pay now are put to rest in the end, until something wakes them or the cycle is over.
    """
    pledging.wake(connection)
    awake = pledging.lock_awake(connection)
    if not awake:
        return NOTHING
    policy = policies.current(connection)
    stamp = Stamp(NAME, run.run_id, policy_id(policy), RULE_VERSION)
    locks.lock_fundable_squads(connection)
    due = [f"{_UNIT}{agent}" for agent in pledging.due(connection, awake)]
    squads = pledging.open_squads(connection)

    def close(units: Sequence[str]) -> Outcome:
        agents = [unit.removeprefix(_UNIT) for unit in units]
        return _close(connection, agents, squads, policy, stamp)

    outcome = close_units(connection, GAP, due, run, close)
    pledging.rest(connection, awake)
    if outcome.units:
        runs.record(connection, units=outcome.units, moved_micro=outcome.moved_micro, stamp=stamp)
    return outcome


def _close(
    connection: Connection, agents: Sequence[str], squads: Sequence[OpenSquad], policy: Policy, stamp: Stamp
) -> Outcome:
    """Pay for some agents whose pledges are locked."""
    pledged = pledging.standings(connection, agents)
    wishes = _wishes(connection, pledged, squads, policy)
    pools = {squad.id: squad.account_id for squad in squads}
    wanted = {pools[squad] for wish in wishes for squad in wish}
    locked = ledger.lock_accounts(connection, {one.account_id for one in pledged} | wanted)
    paid = {
        pledging.key(one.cycle, one.agent_id, payment.squad_id): (one, payment)
        for one, wish in zip(pledged, wishes, strict=True)
        for payment in payments(_wallet(one, locked), wish, one.funded, policy)
    }
    return _pay(connection, paid, pools, stamp) if paid else NOTHING


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
    return Outcome(
        units=len(agents),
        moved_micro=posted.moved_micro,
        facts={
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
