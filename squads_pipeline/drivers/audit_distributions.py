"""Recomputes how pools were shared out from the frozen inputs, and compares. It pays and writes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from squads_pipeline.drivers import auditing
from squads_pipeline.drivers.auditing import Difference
from squads_pipeline.drivers.run import Outcome
from squads_pipeline.rules import distribution
from squads_pipeline.rules.distribution import REFUND, RULE_VERSION, Division, Scored, Share
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.scoring import score_ppm
from squads_pipeline.store import distribution_facts, policies
from squads_pipeline.store.distribution_facts import Distributed, Returned, Stored
from squads_pipeline.store.invariants import Findings
from squads_pipeline.store.ledger import TREASURY


@dataclass(frozen=True, slots=True)
class Audit:
    """How many sharings-out were recomputed, how many were made by other rules, and every difference."""

    distributions: int
    skipped: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A member's share as it was recorded, its score in millionths as it should be, and what it should have got."""

    stored: Stored
    score_ppm: int
    share: Share

    def fields(self) -> dict[str, tuple[int | str, int | str]]:
        """What may differ: the value stored, and the one recomputed."""
        return {
            "score": (self.stored.score_ppm, self.score_ppm),
            "share_micro": (self.stored.share_micro, self.share.share_micro),
            "rounded_up": (int(self.stored.rounded_up), int(self.share.rounded_up)),
            "payout": (self.stored.accounted_micro, self.share.share_micro),
        }

    @property
    def differs(self) -> bool:
        """Whether anything does."""
        return any(stored != recomputed for stored, recomputed in self.fields().values())


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A sharing-out as it was recorded, how the pool should have been divided, and its members."""

    whole: Distributed
    division: Division
    members: tuple[Member, ...]


def audit_day(connection: Connection, day: date) -> Outcome:
    """Audit a day as a run's outcome: nothing closed, nothing moved, and how many differences there are."""
    found = audit(connection, day, day)
    return auditing.outcome("distributions", found.distributions, found.skipped, len(found.differences))


def audit(connection: Connection, first: date | None, last: date | None) -> Audit:
    """Recompute every sharing-out of some days under the policy that made it; None leaves that end open.

    Of one that was made by other rules only restated shares are compared.
    """
    found = distribution_facts.between(connection, first, last)
    returned = distribution_facts.returned(connection, first, last)
    differences = [
        difference
        for one in recompute(connection, found, distribution_facts.shares(connection, first, last))
        for difference in _compare(one, returned.get(one.whole.squad_id, {}))
    ]
    ours = sum(map(_is_ours, found))
    return Audit(ours, len(found) - ours, tuple(differences))


def recompute(
    connection: Connection, found: Sequence[Distributed], shares: Mapping[str, Sequence[Stored]]
) -> list[Recomputed]:
    """Share out the pools of some sharings-out again, by the rules of today and under their own policies."""
    adopted = policies.by_ids(connection, (one.policy_id for one in found))
    return [_again(one, shares.get(one.squad_id, ()), adopted[one.policy_id]) for one in found]


def _again(found: Distributed, shares: Sequence[Stored], policy: Policy) -> Recomputed:
    scores = [score_ppm(one.work, policy) for one in shares]
    members = [
        Scored(one.work.agent_id, one.work.role, score) for one, score in zip(shares, scores, strict=True)
    ]
    division = distribution.share_out(found.pool_micro, members, abandoned=found.abandoned)
    return Recomputed(found, division, tuple(map(Member, shares, scores, division.shares)))


def findings_between(connection: Connection, first: date | None, last: date | None = None) -> Findings:
    """What does not recompute of some days, or ever, as findings of I7."""
    found = audit(connection, first, last)
    return auditing.findings("I7", found.differences, found.distributions)


def _is_ours(found: Distributed | Stored) -> bool:
    return found.rule_version == RULE_VERSION


def _compare(one: Recomputed, returned: Mapping[str, Returned]) -> Iterator[Difference]:
    found, division = one.whole, one.division
    fact = f"squad {found.squad_id}"
    ours = _is_ours(found)
    if ours:
        whole: dict[str, tuple[int | str, int | str]] = {
            "manner": (found.manner, division.manner),
            "total_score": (found.score_ppm, sum(member.score_ppm for member in one.members)),
            "payouts and refunds": (found.posted_micro, found.pool_micro),
        }
        yield from _fields(fact, whole)
    for member in one.members:
        if _is_ours(member.stored):
            yield from _fields(f"{fact}, agent {member.stored.work.agent_id}", member.fields())
    if not ours:
        return
    paid = sum(share.share_micro > 0 for share in division.shares)
    if division.manner == REFUND:
        refunded = _refunds(found.pool_micro, returned)
        paid = sum(expected > 0 for _, expected in refunded.values())
        for account, refund in refunded.items():
            yield from _fields(f"{fact}, account {account}", {"refund": refund})
    yield from _fields(fact, {"members": (found.members, paid)})


def _refunds(pool_micro: int, returned: Mapping[str, Returned]) -> dict[str, tuple[int, int]]:
    """Account → what it got back and what it should have, µT."""
    granted = {account: one.granted_micro for account, one in returned.items()} or {TREASURY: 1}
    expected = distribution.refunds(pool_micro, granted)
    return {
        account: (returned[account].posted_micro or 0, expected.get(account, 0))
        for account in sorted(returned)
    }


def _fields(fact: str, fields: Mapping[str, tuple[int | str, int | str]]) -> Iterator[Difference]:
    """A difference for each field, given as stored and recomputed, that has one."""
    for field, (stored, recomputed) in fields.items():
        if stored != recomputed:
            yield Difference(fact, field, stored, recomputed)
