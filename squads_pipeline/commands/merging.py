"""Merging a squad into another, once both leads want it. Forking is in `forking`."""

from dataclasses import dataclass

from sqlalchemy import Connection

from squads_pipeline.rules.endings import against_merging
from squads_pipeline.rules.lifecycle import MERGED
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.store import endings, ledger, locks, mergers, policies, squad_events, squads
from squads_pipeline.store.endings import Standing
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.store.ledger import TransferRequest
from squads_pipeline.store.stamp import Stamp

RULE_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Merger:
    """How far a merger came.

    Attributes:
        squad_id: the squad that is absorbed.
        into_id: the squad that goes on.
        merged: whether it is done; else it is proposed.
        swept_micro: what moved from pool to pool, µT.
        waits_for: what a proposal waits for, for a person; None if it is done.
        repeated: True when the agent had proposed it before, and nothing changed.
    """

    squad_id: str
    into_id: str
    merged: bool
    swept_micro: int
    waits_for: str | None
    repeated: bool = False


def merge(connection: Connection, agent: str, squad: str, into: str) -> Merger:
    """Say, as the lead of one of two squads, that one is to be merged into the other; done when both leads say so.

    Members and the whole pool move to the squad that goes on; an agent who is in both stays once, and what was done
    in both counts. The absorbed squad is disbanded and its account closed. A proposal makes the contributions to
    the squad that is absorbed due to be matched at once, because a squad that is no more is matched no more.

    Args:
        connection: the caller commits it.
        agent: the lead of one of the two, or of both.
        squad: id or unambiguous name of the squad to absorb.
        into: id or unambiguous name of the squad that goes on.

    Raises:
        NotFoundError: no such squad.
        RefusedError: the agent leads neither, or something stands against it, which is listed.
    """
    squad_id, into_id = squads.find(connection, squad), squads.find(connection, into)
    locks.lock_squads(connection, [squad_id, into_id])
    absorbed, survivor = endings.standing(connection, squad_id), endings.standing(connection, into_id)
    _require_sound(agent, absorbed, survivor)
    proposer = mergers.proposed_by(connection, squad_id, into_id)
    if {absorbed.lead, survivor.lead} - {agent, proposer}:
        repeated = not mergers.propose(connection, squad_id, into_id, agent)
        other = survivor.lead if agent == absorbed.lead else absorbed.lead
        waits = f"{other} to agree" if other else "the other squad to have a lead"
        return Merger(squad_id, into_id, merged=False, swept_micro=0, waits_for=waits, repeated=repeated)
    if absorbed.unclaimed:
        return _wait_for_match(connection, agent, absorbed, survivor, proposer)
    return _merge(connection, agent, squad_id, into_id)


def _require_sound(agent: str, absorbed: Standing, survivor: Standing) -> None:
    against = against_merging(
        statuses=(absorbed.status, survivor.status),
        target_types=(absorbed.target_type, survivor.target_type),
        same=absorbed.squad_id == survivor.squad_id,
    )
    if against:
        raise RefusedError(
            f"{absorbed.squad_id} cannot be merged into {survivor.squad_id}: {'; '.join(against)}",
            "Merge two active squads whose targets are of one type.",
        )
    if agent not in (absorbed.lead, survivor.lead):
        leads = " and ".join(sorted({one for one in (absorbed.lead, survivor.lead) if one})) or "their leads"
        raise RefusedError(
            f"{agent} leads neither {absorbed.squad_id} nor {survivor.squad_id}", f"Ask {leads}."
        )


def _wait_for_match(
    connection: Connection, agent: str, absorbed: Standing, survivor: Standing, proposer: str | None
) -> Merger:
    """Put off a merger on which all agree until the last contributions are matched."""
    matters = f"{absorbed.unclaimed} contribution{'s' if absorbed.unclaimed > 1 else ''}"
    if proposer is not None:
        raise RefusedError(
            f"{absorbed.squad_id} has {matters} that no round has matched yet",
            "A round is due for them at once: ask again when `squads gaps` shows none for it.",
        )
    mergers.propose(connection, absorbed.squad_id, survivor.squad_id, agent)
    waits = f"{matters} to be matched, which is due at once; ask again then"
    return Merger(absorbed.squad_id, survivor.squad_id, merged=False, swept_micro=0, waits_for=waits)


def _merge(connection: Connection, agent: str, squad: str, into: str) -> Merger:
    stamp = Stamp("merge", f"call:{squad}", policy_id(policies.current(connection)), RULE_VERSION)
    accounts = ledger.pool_accounts(connection, [squad, into])
    locked = ledger.lock_accounts(connection, [one.id for one in accounts.values()])
    swept_micro = locked[accounts[squad].id].balance_micro
    if swept_micro:
        request = TransferRequest(
            "merge_sweep", accounts[squad].id, accounts[into].id, swept_micro, f"merge:{squad}"
        )
        ledger.post(connection, [request], stamp)
    endings.close_accounts(connection, [squad])
    reason = f"merged into {into}"
    squad_events.take(connection, [squad], MERGED, reason=reason, actor=agent, stamp=stamp)
    mergers.absorb(connection, squad, into)
    endings.let_lapse(connection, [squad], stamp.driver)
    return Merger(squad, into, merged=True, swept_micro=swept_micro, waits_for=None)
