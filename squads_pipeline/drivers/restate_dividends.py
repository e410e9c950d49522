"""Restates the shares of dividends that a past day settled, by the rules of today. What moves: `restating`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from squads_pipeline.drivers import audit_dividends
from squads_pipeline.drivers.restating import Restatement, outcome, settle
from squads_pipeline.drivers.run import DriverRun, Outcome
from squads_pipeline.rules import credit
from squads_pipeline.rules.credit import Share
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.store import dividends, ledger, policies, restatements
from squads_pipeline.store.dividends import Recorded
from squads_pipeline.store.restatements import Owed
from squads_pipeline.store.stamp import Stamp

NAME = "restate_dividends"
ASSET = "credit_dividends"


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A share that is not what it should have been: what is stored, if anything, and what should be."""

    outcome: int
    stored: Recorded | None
    share: Share

    @property
    def fact(self) -> str:
        return f"dividend:{self.outcome}:{self.share.agent_id}"

    @property
    def revision(self) -> int:
        """The next revision; also what was never recorded leaves 0 to what was first paid."""
        return 1 if self.stored is None else self.stored.revision + 1


def restate_day(connection: Connection, day: date, reason: str, run: DriverRun) -> Outcome:
    """Give each share that differs from its recomputation a new revision, and post the differences.

    The lock on the treasury lets no settlement and no other restatement run meanwhile. Settlements themselves have
    no revisions: what differs of them stays a difference.

    Raises:
        InsufficientFundsError: the treasury has less than the agents are owed.
    """
    payer = ledger.find_accounts(connection, [ledger.TREASURY])[ledger.TREASURY]
    ledger.lock_accounts(connection, [payer.id])
    stamp = Stamp(NAME, run.run_id, policy_id(policies.current(connection)), credit.RULE_VERSION)
    wrong = list(_wrong(connection, day))
    if wrong:
        dividends.revise(connection, [(one.outcome, one.revision, one.share) for one in wrong], stamp)
    moved_micro, changes = settle(
        connection,
        Restatement(ASSET, day, reason, stamp),
        _owed(connection, wrong),
        {one.fact: ledger.TREASURY for one in wrong},
    )
    left = audit_dividends.differences(connection, dividends.between(connection, day, day))
    return outcome(moved_micro, changes, len(left))


def _wrong(connection: Connection, day: date) -> Iterator[_Wrong]:
    found = dividends.between(connection, day, day)
    recomputed = audit_dividends.recompute(connection, found)
    for one in found:
        stored = {share.agent_id: share for share in one.shares}
        shares = {share.agent_id: share for share in recomputed[one.outcome_id].shares}
        for agent in sorted(stored.keys() | shares.keys()):
            if audit_dividends.share_differs(stored.get(agent), shares.get(agent)):
                share = shares.get(agent) or audit_dividends.nothing(agent)
                yield _Wrong(one.outcome_id, stored.get(agent), share)


def _owed(connection: Connection, wrong: list[_Wrong]) -> list[Owed]:
    """What the agents should have got, and what is accounted for. A transfer that no row explains counts."""
    accounted = restatements.accounted(connection, {one.fact: one.fact for one in wrong})
    return [
        Owed(
            one.fact,
            f"outcome {one.outcome}, agent {one.share.agent_id}",
            one.revision,
            ledger.wallet(one.share.agent_id),
            0 if one.stored is None else one.stored.share_micro,
            one.share.share_micro,
            accounted[one.fact],
        )
        for one in wrong
    ]
