"""Closes the gap of `ledger_seals`: appends the transfers that wait to the hash chain. What a link is: `rules`."""

from sqlalchemy import Connection

from squads_pipeline.drivers.run import NOTHING, DriverRun, Outcome
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.rules.seals import RULE_VERSION
from squads_pipeline.store import gaps, policies, runs, seals
from squads_pipeline.store.stamp import Stamp

NAME = "seal_ledger"
GAP = "ledger_seals"

MOST = 500_000
"""About how many transfers a run seals. The gap stays open for the rest, and the next run takes it."""


def seal_ledger(connection: Connection, run: DriverRun) -> Outcome:
    """Seal everything that is visible and unsealed, the youngest included; all or nothing.

    A transfer that commits later, with whatever id, brings its own place in the inbox along and is sealed by
    the run after. The lock lets one run seal at a time; the gap and the end of the chain are read under it.
    """
    policy = policies.current(connection)
    stamp = Stamp(NAME, run.run_id, policy_id(policy), RULE_VERSION)
    seals.lock(connection)
    if not gaps.is_open(connection, GAP):
        return NOTHING
    sealed = seals.seal(connection, MOST, stamp)
    if sealed is None:
        return NOTHING
    runs.record(connection, units=1, moved_micro=0, stamp=stamp)
    return Outcome(
        units=1,
        moved_micro=0,
        facts={
            "seal_no": sealed.seal_no,
            "transfers_sealed": sealed.transfers,
            "length_of_the_chain": sealed.last_position,
            "head": sealed.head.hex(),
        },
    )
