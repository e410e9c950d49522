"""Restates members' shares of the pools that a past day shared out, by the rules of today. What moves: `restating`."""

from datetime import date

from sqlalchemy import Connection

from squads_pipeline.drivers import audit_distributions
from squads_pipeline.drivers.audit_distributions import Member
from squads_pipeline.drivers.restating import Restatement, outcome, settle
from squads_pipeline.drivers.run import DriverRun, Outcome
from squads_pipeline.rules.distribution import RULE_VERSION
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.store import distribution_facts, distributions, ledger, locks, policies
from squads_pipeline.store.restatements import Owed
from squads_pipeline.store.stamp import Stamp

NAME = "restate_distributions"
ASSET = "harvest_distributions"


def restate_day(connection: Connection, day: date, reason: str, run: DriverRun) -> Outcome:
    """Give each share that differs from its recomputation a new revision, and post the differences.

    The payer is a pool that was shared out to the last µT and closed: whoever got too little is paid from what is
    taken back of those who got too much, through the pool, which is empty again at the end. What is not recovered
    cannot be delivered either, and both are reported. The system's accounts are locked first, so that one
    restatement and no sharing-out runs at a time. Manner, sum of scores and refunds have no revisions.
    """
    locks.lock_system_accounts(connection)
    stamp = Stamp(NAME, run.run_id, policy_id(policies.current(connection)), RULE_VERSION)
    wrong = _wrong(connection, day)
    if wrong:
        locks.lock_squads(connection, sorted({squad for squad, _ in wrong}))
        distributions.revise(
            connection, [(squad, member.score_ppm, member.share) for squad, member in wrong], stamp
        )
    owed = [_owed(squad, member) for squad, member in wrong]
    moved_micro, changes = settle(
        connection,
        Restatement(ASSET, day, reason, stamp),
        owed,
        {one.fact: ledger.pool(squad) for one, (squad, _) in zip(owed, wrong, strict=True)},
        from_recovered=True,
    )
    left = audit_distributions.audit(connection, day, day).differences
    return outcome(moved_micro, changes, len(left))


def _wrong(connection: Connection, day: date) -> list[tuple[str, Member]]:
    found = distribution_facts.between(connection, day, day)
    shares = distribution_facts.shares(connection, day, day)
    return [
        (one.whole.squad_id, member)
        for one in audit_distributions.recompute(connection, found, shares)
        for member in one.members
        if member.differs
    ]


def _owed(squad: str, member: Member) -> Owed:
    agent = member.stored.work.agent_id
    return Owed(
        distributions.payout_key(squad, agent),
        f"squad {squad}, agent {agent}",
        member.stored.revision + 1,
        ledger.wallet(agent),
        member.stored.share_micro,
        member.share.share_micro,
        member.stored.accounted_micro,
    )
