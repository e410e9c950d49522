"""Sharing out pools and disbanding their squads: the one story for the driver and the command. No guards.

Who may ask, and whether something stands against it, is the callers' business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from squads_pipeline.rules import distribution, lifecycle
from squads_pipeline.rules.distribution import REFUND, Division, Scored
from squads_pipeline.rules.lifecycle import Edge
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.scoring import Work, score_ppm
from squads_pipeline.store import distributions, endings, ledger, pool_inputs, squad_events
from squads_pipeline.store.distributions import SharedOut
from squads_pipeline.store.ledger import Account, TransferRequest
from squads_pipeline.store.pool_inputs import Source
from squads_pipeline.store.stamp import Stamp


@dataclass(frozen=True, slots=True)
class _Ending:
    """A squad to disband, with what decides about its pool."""

    squad_id: str
    edge: Edge
    work: Sequence[Work]
    members: Sequence[Scored]

    def division(self, pool_micro: int) -> Division:
        """How the pool is shared out if it holds this much, µT."""
        abandoned = self.edge is lifecycle.ABANDONED
        return distribution.share_out(pool_micro, self.members, abandoned=abandoned)

    @property
    def goes_back(self) -> bool:
        """Whether a pool would be refunded."""
        return self.division(1).manner == REFUND


def share_out(
    connection: Connection,
    ends: Mapping[str, Edge],
    policy: Policy,
    stamp: Stamp,
    *,
    actor: str,
    reasons: Mapping[Edge, str],
) -> list[SharedOut]:
    """Pay out the pools of squads, close their accounts and disband them; all or nothing.

    A squad that another of them gives money back to is left for the next time: it is to share that out too.

    Args:
        connection: the caller holds the system accounts, then the squads' rows, and commits.
        ends: squad → the edge by which it ends, `CLOSED` or `ABANDONED`.
        policy: gives the scores.
        stamp: of all facts.
        actor: who disbands them, for the edges.
        reasons: edge → why, for a person.

    Returns:
        what became of each pool, in the order of the squads' ids.
    """
    ending = _endings(connection, ends, policy)
    sources = pool_inputs.sources(connection, [one.squad_id for one in ending if one.goes_back])
    accounts = _lock(connection, ending, sources)
    # Read again under the locks: an account may have been closed meanwhile.
    sources = pool_inputs.sources(connection, list(sources))
    ending = _without_receivers(ending, sources)
    shared = [_decide(one, accounts[ledger.pool(one.squad_id)].balance_micro, sources) for one in ending]
    _pay(connection, shared, accounts, stamp)
    distributions.record(connection, shared, stamp)
    endings.close_accounts(connection, [one.squad_id for one in shared])
    for edge, reason in reasons.items():
        taking = [one.squad_id for one in ending if one.edge is edge]
        squad_events.take(connection, taking, edge, reason=reason, actor=actor, stamp=stamp)
    endings.let_lapse(connection, [one.squad_id for one in shared], stamp.driver)
    return shared


def _endings(connection: Connection, ends: Mapping[str, Edge], policy: Policy) -> list[_Ending]:
    work = pool_inputs.work(connection, list(ends))
    return [
        _Ending(
            squad,
            ends[squad],
            work[squad],
            [Scored(one.agent_id, one.role, score_ppm(one, policy)) for one in work[squad]],
        )
        for squad in sorted(ends)
    ]


def _lock(
    connection: Connection, ending: Sequence[_Ending], sources: Mapping[str, Sequence[Source]]
) -> dict[str, Account]:
    """Lock every account that may take part, in the order of ids: name → account."""
    names = {ledger.TREASURY}
    for one in ending:
        names.add(ledger.pool(one.squad_id))
        if one.goes_back:
            names.update(source.account for source in sources[one.squad_id])
        else:
            names.update(ledger.wallet(member.agent_id) for member in one.members)
    found = ledger.find_accounts(connection, sorted(names))
    locked = ledger.lock_accounts(connection, [account.id for account in found.values()])
    return {account.name: account for account in locked.values()}


def _without_receivers(ending: list[_Ending], sources: Mapping[str, Sequence[Source]]) -> list[_Ending]:
    """Those that none of the others gives money back to; the first alone if each is given something."""
    receiving = {account for found in sources.values() for account in pool_inputs.granted(found)}
    kept = [one for one in ending if ledger.pool(one.squad_id) not in receiving]
    return kept or ending[:1]


def _decide(one: _Ending, pool_micro: int, sources: Mapping[str, Sequence[Source]]) -> SharedOut:
    division = one.division(pool_micro)
    given_back = {}
    if division.manner == REFUND:
        given_back = distribution.refunds(pool_micro, pool_inputs.granted(sources[one.squad_id]))
    scores = {member.agent_id: member.score_ppm for member in one.members}
    return SharedOut(one.squad_id, pool_micro, one.work, scores, division, given_back)


def _pay(
    connection: Connection, shared: Sequence[SharedOut], accounts: Mapping[str, Account], stamp: Stamp
) -> None:
    """Post payouts and refunds as one batch."""
    requests = []
    for one in shared:
        pool = accounts[ledger.pool(one.squad_id)].id
        for share in one.division.shares:
            if share.share_micro > 0:
                to = accounts[ledger.wallet(share.agent_id)].id
                key = distributions.payout_key(one.squad_id, share.agent_id)
                requests.append(TransferRequest("payout", pool, to, share.share_micro, key))
        for account, micro in one.refunds_micro.items():
            key = distributions.refund_key(one.squad_id, account)
            requests.append(TransferRequest("refund", pool, accounts[account].id, micro, key))
    posted = ledger.post(connection, requests, stamp)
    if posted.replayed or posted.moved_micro != sum(one.pool_micro for one in shared):
        raise AssertionError("a pool was shared out before, or in part")
