"""Restates a past day's matches by the rules of today, under the policy of their round. What moves: `restating`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from squads_pipeline.drivers import audit_matches
from squads_pipeline.drivers.recompute_rounds import Recomputed, recompute
from squads_pipeline.drivers.restating import Restatement, outcome, settle
from squads_pipeline.drivers.run import DriverRun, Outcome
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.rules.quadratic import RULE_VERSION
from squads_pipeline.rules.rounds import Match
from squads_pipeline.store import ledger, locks, match_revisions, policies, restatements, rounds
from squads_pipeline.store.match_revisions import Revised
from squads_pipeline.store.restatements import Owed
from squads_pipeline.store.rounds import Decided, Round
from squads_pipeline.store.stamp import Stamp

NAME = "restate_matches"
ASSET = "qf_matches"


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A match that is not what it should have been: what is stored, if anything, and what should be."""

    round: Round
    squad: str
    stored: Decided | None
    match: Match

    @property
    def fact(self) -> str:
        return f"match:{self.round.id}:{self.squad}"


def restate_day(connection: Connection, day: date, reason: str, run: DriverRun) -> Outcome:
    """Give each match of a day that differs from its recomputation a new revision, and post the differences.

    A round rests on what the rounds before it paid, so a restatement makes later rounds differ in their turn:
    days are restated in their order, up to yesterday. The lock on the matching pool lets no round and no other
    restatement run meanwhile, and what differs is read under it; a second restatement finds nothing.

    Raises:
        InsufficientFundsError: the matching pool has less than the squads are owed.
    """
    payer = ledger.find_accounts(connection, [ledger.MATCHING_POOL])[ledger.MATCHING_POOL]
    ledger.lock_accounts(connection, [payer.id])
    stamp = Stamp(NAME, run.run_id, policy_id(policies.current(connection)), RULE_VERSION)
    wrong = list(_wrong(connection, rounds.between(connection, day, day)))
    if wrong:
        locks.hold_squads(connection, {one.squad for one in wrong})
        match_revisions.revise(
            connection, [Revised(one.round.id, _revision(one), one.match) for one in wrong], stamp
        )
    moved_micro, changes = settle(
        connection,
        Restatement(ASSET, day, reason, stamp),
        _owed(connection, wrong),
        {one.fact: ledger.MATCHING_POOL for one in wrong},
    )
    left = audit_matches.audit(connection, day, day).differences
    return outcome(moved_micro, changes, len(left))


def _wrong(connection: Connection, found: Sequence[Round]) -> Iterator[_Wrong]:
    """The matches of some rounds that differ, each round resting on the restated ones before it."""
    restated: dict[int, dict[str, int]] = {}
    for one in recompute(connection, found, restated):
        for squad in sorted(one.stored.keys() | one.weighed):
            if audit_matches.differs(one, squad):
                match = _should(one, squad)
                restated.setdefault(one.round.id, {})[squad] = match.match_micro
                yield _Wrong(one.round, squad, one.stored.get(squad), match)


def _should(one: Recomputed, squad: str) -> Match:
    return one.expected(squad) or one.instead(squad)


def _revision(one: _Wrong) -> int:
    """The next revision; also what was never recorded leaves 0 to what was first paid."""
    return 1 if one.stored is None else one.stored.revision + 1


def _owed(connection: Connection, wrong: Sequence[_Wrong]) -> list[Owed]:
    """What the squads should have got, and what is accounted for. A transfer that no row explains counts."""
    accounted = restatements.accounted(connection, {one.fact: f"{one.fact}:0" for one in wrong})
    return [
        Owed(
            one.fact,
            f"round {one.round.id}, squad {one.squad}",
            _revision(one),
            ledger.pool(one.squad),
            0 if one.stored is None else one.stored.match_micro,
            one.match.match_micro,
            accounted[one.fact] if one.stored is None else one.stored.accounted_micro,
        )
        for one in wrong
    ]
