"""Closes the gap of `harvest_distributions`: shares out pools and disbands squads. Who gets what: `rules`."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from squads_pipeline.commands.sharing_out import share_out
from squads_pipeline.drivers.run import DriverRun, Outcome
from squads_pipeline.drivers.units import close_due
from squads_pipeline.rules.distribution import REFUND, RULE_VERSION
from squads_pipeline.rules.lifecycle import ABANDONED, CLOSED
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.store import distributions, locks, policies, runs
from squads_pipeline.store.distributions import SharedOut
from squads_pipeline.store.stamp import Stamp

NAME: Final = "distribute_pools"
GAP: Final = "harvest_distributions"

_UNIT: Final = "squad:"
_REASONS: Final = {
    CLOSED: "nothing was left to review, merge or match; the pool was shared out",
    ABANDONED: "nobody had joined when recruiting was over; the pool went back to where it came from",
}


def distribute_pools(connection: Connection, run: DriverRun) -> Outcome:
    """Share out the pool of every squad that is at its end, close its account, and disband it.

    The treasury and the matching pool are locked before the squads, as formation and rounds do. A squad that
    another one of the run gives money back to waits for the next run.
    """
    policy = policies.current(connection)
    stamp = Stamp(NAME, run.run_id, policy_id(policy), RULE_VERSION)
    locks.lock_system_accounts(connection)

    def close(units: Sequence[str]) -> Outcome:
        statuses = locks.lock_squads(connection, [unit.removeprefix(_UNIT) for unit in units])
        ending = {
            squad: CLOSED if statuses[squad] == CLOSED.from_status else ABANDONED
            for squad in distributions.still_missing(connection, units)
        }
        if not ending:
            return _outcome([])
        return _outcome(share_out(connection, ending, policy, stamp, actor=NAME, reasons=_REASONS))

    outcome = close_due(connection, GAP, run, close)
    if outcome.units:
        runs.record(connection, units=outcome.units, moved_micro=outcome.moved_micro, stamp=stamp)
    return outcome


def _outcome(shared: Sequence[SharedOut]) -> Outcome:
    moved_micro = sum(one.pool_micro for one in shared)
    refunded = [one for one in shared if one.division.manner == REFUND]
    return Outcome(
        units=len(shared),
        moved_micro=moved_micro,
        facts={
            "squads_disbanded": len(shared),
            "pools_refunded": len(refunded),
            "shares": sum(share.share_micro > 0 for one in shared for share in one.division.shares),
            "distributed_micro": moved_micro - sum(one.pool_micro for one in refunded),
            "refunded_micro": sum(one.pool_micro for one in refunded),
        },
    )
