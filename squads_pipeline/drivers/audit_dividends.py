"""Recomputes dividends from contributions, provenance and the policy of their time, and compares. It pays nobody."""

from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import Connection

from squads_pipeline.drivers import auditing
from squads_pipeline.drivers.auditing import Difference
from squads_pipeline.drivers.run import Outcome
from squads_pipeline.rules import credit
from squads_pipeline.rules.credit import Settlement, Share
from squads_pipeline.store import dividends, policies, provenance
from squads_pipeline.store.dividends import Recorded, Settled
from squads_pipeline.store.invariants import Findings

_COMPARED = ("contributions", "via_squad", "weight", "derivation", "share_micro")


def audit_day(connection: Connection, day: date) -> Outcome:
    """Audit a day as a run's outcome: nothing closed, nothing moved, and how many differences there are."""
    found = dividends.between(connection, day, day)
    ours = sum(map(_is_ours, found))
    return auditing.outcome("outcomes", ours, len(found) - ours, len(differences(connection, found)))


def differences(connection: Connection, found: Sequence[Settled]) -> list[Difference]:
    """Where settlements are not what the facts of their time give under the policy that they name.

    Of settlements made by other rules only restated shares are compared.
    """
    concerned = [one for one in found if _is_ours(one) or any(map(_share_is_ours, one.shares))]
    recomputed = recompute(connection, concerned)
    return [difference for one in concerned for difference in _compare(one, recomputed[one.outcome_id])]


def recompute(connection: Connection, found: Sequence[Settled]) -> dict[int, Settlement]:
    """What should have become of settled outcomes, by the rules of today and under their own policies."""
    by_policy: dict[str, list[Settled]] = {}
    for one in found:
        by_policy.setdefault(one.policy_id, []).append(one)
    settled: dict[int, Settlement] = {}
    for identity, ours in by_policy.items():
        policy = policies.by_id(connection, identity)
        outcomes = [one.outcome_id for one in ours]
        credited = provenance.credited_by_outcomes(connection, outcomes, policy.max_depth)
        for one in ours:
            settled[one.outcome_id] = credit.settle(one.kind, credited.get(one.outcome_id, ()), policy)
    return settled


def share_differs(stored: Recorded | None, share: Share | None) -> bool:
    """Whether a share, or what was paid for it, is not what should have been; a restatement of nothing is nothing."""
    return any(_share_differences("", stored, share))


def findings_between(connection: Connection, first: date | None, last: date | None = None) -> Findings:
    """What does not recompute of some days, or ever, as findings of I9."""
    settled = dividends.between(connection, first, last)
    return auditing.findings("I9", differences(connection, settled), sum(map(_is_ours, settled)))


def _is_ours(settled: Settled) -> bool:
    return settled.rule_version == credit.RULE_VERSION


def _share_is_ours(share: Recorded) -> bool:
    return share.rule_version == credit.RULE_VERSION


def _compare(found: Settled, expected: Settlement) -> Iterator[Difference]:
    fact = f"outcome {found.outcome_id}"
    ours = _is_ours(found)
    for field in ("amount_micro", "paid_micro", "agents", "reason") if ours else ():
        if getattr(found, field) != getattr(expected, field):
            yield Difference(fact, field, getattr(found, field), getattr(expected, field))
    stored = {one.agent_id: one for one in found.shares}
    shares = {one.agent_id: one for one in expected.shares}
    for agent in sorted(stored.keys() | shares.keys()):
        if _share_is_ours(stored[agent]) if agent in stored else ours:
            yield from _share_differences(f"{fact}, agent {agent}", stored.get(agent), shares.get(agent))


def _share_differences(fact: str, stored: Recorded | None, share: Share | None) -> Iterator[Difference]:
    if share is None and stored is not None and stored.revision > 0:
        share = nothing(stored.agent_id)
    for field in _COMPARED:
        is_, should = _value(stored, field), _value(share, field)
        if is_ != should:
            yield Difference(fact, field, is_, should)
    paid, due = (0 if stored is None else stored.accounted_micro), (0 if share is None else share.share_micro)
    if stored is not None and paid != due:
        yield Difference(fact, "transfer", paid, due)


def nothing(agent: str) -> Share:
    """What stands for an agent that should have no share."""
    return Share(agent, 0, 0, 0, [], 0)


def _value(share: Recorded | Share | None, field: str) -> str:
    """A field of a share as text; derivations as lists, however they are held."""
    if share is None:
        return "none"
    value = getattr(share, field)
    return str(value if isinstance(value, int) else [sorted(one.items()) for one in value])
