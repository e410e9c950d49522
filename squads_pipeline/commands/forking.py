"""Forking a squad: a child with a part of its pool works on the same target. Merging is in `merging`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from squads_pipeline.rules.endings import against_forking
from squads_pipeline.rules.formation import SUCCESS_CRITERIA
from squads_pipeline.rules.lifecycle import opening_edges
from squads_pipeline.rules.money import format_tokens
from squads_pipeline.rules.policy import Policy, policy_id
from squads_pipeline.store import endings, forks, ledger, locks, policies, squad_events, squads
from squads_pipeline.store.endings import Standing
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.store.ledger import TransferRequest
from squads_pipeline.store.stamp import Stamp

RULE_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Forked:
    """A fork: its id, the squad it comes from, its depth (1 for a root's fork), and what it was given, µT."""

    squad_id: str
    parent_id: str
    depth: int
    amount_micro: int


def fork(
    connection: Connection,
    agent: str,
    parent: str,
    *,
    charter: str,
    amount_micro: int,
    squad: str | None = None,
    name: str | None = None,
    criteria: Sequence[Mapping[str, object]] | None = None,
) -> Forked:
    """Open a child of an active squad, with the same target, its lead as the first member, and a part of its pool.

    Args:
        connection: the caller commits it.
        agent: the parent's lead.
        parent: id, or name if no other squad has it.
        charter: the child's goal.
        amount_micro: what the child is given, µT; at most the policy's part of the pool, and zero is allowed.
        squad: the child's id; the parent's with a number if left out.
        name: the child's name; its id if left out.
        criteria: its success criteria; the parent's if left out.

    Raises:
        NotFoundError: no such squad.
        RefusedError: the agent does not lead the parent, or something stands against it, which is listed.
        AlreadyExistsError: the id is taken.
    """
    parent_id = squads.find(connection, parent)
    locks.lock_squads(connection, [parent_id])
    found = endings.standing(connection, parent_id)
    policy = policies.current(connection)
    deep = forks.depth(connection, parent_id) + 1
    _require_sound(found, agent, charter, criteria, deep, policy)
    child = squad or forks.free_id(connection, parent_id)
    stamp = Stamp("fork", f"call:{child}", policy_id(policy), RULE_VERSION)
    forks.add(
        connection,
        parent_id,
        child,
        agent,
        name=name,
        charter=charter.strip(),
        criteria=criteria,
        default_criteria=SUCCESS_CRITERIA,
        window_seconds=policy.recruit_window_seconds,
    )
    ledger.open_accounts(connection, "squad", [child])
    edges = opening_edges("recruiting")
    reason = f"forked from {parent_id}"
    squad_events.record(connection, [child], edges, reason=reason, actor=agent, stamp=stamp)
    _grant(connection, parent_id, child, amount_micro, policy, stamp)
    return Forked(child, parent_id, deep, amount_micro)


def _require_sound(
    found: Standing,
    agent: str,
    charter: str,
    criteria: Sequence[Mapping[str, object]] | None,
    deep: int,
    policy: Policy,
) -> None:
    if agent != found.lead:
        who = f"Ask {found.lead}, who does." if found.lead else "A squad has a lead once its work begins."
        raise RefusedError(f"{agent} does not lead {found.squad_id}", who)
    against = against_forking(status=found.status, depth=deep, max_depth=policy.max_fork_depth)
    if against:
        raise RefusedError(
            f"Squad {found.squad_id} cannot be forked: {'; '.join(against)}", "Fork another, or form a squad."
        )
    if not charter.strip():
        raise RefusedError("The charter is empty", "Say in one paragraph what the fork is to find out.")
    if criteria is not None and not criteria:
        raise RefusedError("There are no success criteria", "Give some, or leave them out for the parent's.")


def _grant(
    connection: Connection, parent: str, child: str, amount_micro: int, policy: Policy, stamp: Stamp
) -> None:
    """Move the child's part of the pool."""
    accounts = ledger.pool_accounts(connection, [parent, child])
    locked = ledger.lock_accounts(connection, [one.id for one in accounts.values()])
    pool_micro = locked[accounts[parent].id].balance_micro
    most_micro = pool_micro * policy.fork_fraction.numerator // policy.fork_fraction.denominator
    if not 0 <= amount_micro <= most_micro:
        raise RefusedError(
            f"{format_tokens(amount_micro)} tokens are not a part of {parent}'s pool that a fork may have",
            f"Give from 0 to {format_tokens(most_micro)} tokens: {policy.fork_fraction} of the pool at most.",
        )
    if amount_micro:
        request = TransferRequest(
            "fork_grant", accounts[parent].id, accounts[child].id, amount_micro, f"fork:{child}"
        )
        ledger.post(connection, [request], stamp)
