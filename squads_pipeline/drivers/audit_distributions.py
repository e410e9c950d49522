"""Recomputes how pools were shared out from the frozen inputs, and compares. It pays and writes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from squads_pipeline.drivers.audit_matches import Difference
from squads_pipeline.drivers.run import Outcome
from squads_pipeline.rules import distribution
from squads_pipeline.rules.distribution import REFUND, RULE_VERSION, Scored
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.scoring import score_ppm
from squads_pipeline.store import distribution_facts, policies
from squads_pipeline.store.distribution_facts import Distributed, Returned, Stored
from squads_pipeline.store.invariants import LIMIT, Findings
from squads_pipeline.store.ledger import TREASURY


@dataclass(frozen=True, slots=True)
class Audit:
    """How many sharings-out were recomputed, how many were made by other rules, and every difference."""

    distributions: int
    skipped: int
    differences: tuple[Difference, ...]


def audit_day(connection: Connection, day: date) -> Outcome:
    """Audit a day as a run's outcome: nothing closed, nothing moved, and how many differences there are."""
    found = audit(connection, day, day)
    facts: dict[str, int | str] = {
        "audited_distributions": found.distributions,
        "distributions_of_other_rules": found.skipped,
        "differences": len(found.differences),
    }
    return Outcome(0, 0, facts)


def audit(connection: Connection, first: date | None, last: date | None) -> Audit:
    """Recompute every sharing-out of some days under the policy that made it; None leaves that end open."""
    found = distribution_facts.between(connection, first, last)
    ours = [one for one in found if one.rule_version == RULE_VERSION]
    shares = distribution_facts.shares(connection, first, last)
    returned = distribution_facts.returned(connection, first, last)
    adopted = {one: policies.by_id(connection, one) for one in {each.policy_id for each in ours}}
    differences = [
        difference
        for one in ours
        for difference in _compare(
            one, shares.get(one.squad_id, []), returned.get(one.squad_id, {}), adopted[one.policy_id]
        )
    ]
    return Audit(len(ours), len(found) - len(ours), tuple(differences))


def findings_since(connection: Connection, since: date | None) -> Findings:
    """What does not recompute since a day, or ever, as findings of I7."""
    found = audit(connection, since, None).differences
    return Findings(tuple(one.finding("I7") for one in found[:LIMIT]), len(found))


def _compare(
    found: Distributed, shares: Sequence[Stored], returned: Mapping[str, Returned], policy: Policy
) -> Iterator[Difference]:
    fact = f"squad {found.squad_id}"
    scores = [score_ppm(one.work, policy) for one in shares]
    members = [
        Scored(one.work.agent_id, one.work.role, score) for one, score in zip(shares, scores, strict=True)
    ]
    division = distribution.share_out(found.pool_micro, members, abandoned=found.abandoned)
    yield from _fields(
        fact,
        {
            "manner": (found.manner, division.manner),
            "total_score": (found.score_ppm, sum(scores)),
            "payouts and refunds": (found.posted_micro, found.pool_micro),
        },
    )
    for one, score, share in zip(shares, scores, division.shares, strict=True):
        yield from _fields(
            f"{fact}, agent {one.work.agent_id}",
            {
                "score": (one.score_ppm, score),
                "share_micro": (one.share_micro, share.share_micro),
                "rounded_up": (int(one.rounded_up), int(share.rounded_up)),
                "payout": (one.posted_micro or 0, share.share_micro),
            },
        )
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
