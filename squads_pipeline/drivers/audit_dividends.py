"""Recomputes dividends from contributions, provenance and the policy of their time, and compares. It pays nobody."""

from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import Connection

from squads_pipeline.drivers.audit_matches import Difference
from squads_pipeline.drivers.run import Outcome
from squads_pipeline.rules import credit
from squads_pipeline.rules.credit import Credit, Share
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import dividends, policies, provenance
from squads_pipeline.store.dividends import Recorded, Settled
from squads_pipeline.store.invariants import LIMIT, Findings

_COMPARED = ("contributions", "via_squad", "weight", "derivation", "share_micro")


def audit_day(connection: Connection, day: date) -> Outcome:
    """Audit a day as a run's outcome: nothing closed, nothing moved, and how many differences there are."""
    found = dividends.between(connection, day, day)
    facts: dict[str, int | str] = {
        "audited_outcomes": sum(map(_is_ours, found)),
        "outcomes_of_other_rules": sum(not _is_ours(one) for one in found),
        "differences": len(differences(connection, found)),
    }
    return Outcome(0, 0, facts)


def differences(connection: Connection, found: Sequence[Settled]) -> list[Difference]:
    """Where settlements are not what the facts of their time give under the policy that they name."""
    by_policy: dict[str, list[Settled]] = {}
    for one in filter(_is_ours, found):
        by_policy.setdefault(one.policy_id, []).append(one)
    return [
        difference
        for identity, settled in by_policy.items()
        for difference in _recompute(connection, settled, policies.by_id(connection, identity))
    ]


def findings_since(connection: Connection, since: date | None) -> Findings:
    """What does not recompute since a day, or ever, as findings of I9."""
    found = differences(connection, dividends.between(connection, since, None))
    return Findings(tuple(one.finding("I9") for one in found[:LIMIT]), len(found))


def _is_ours(settled: Settled) -> bool:
    return settled.rule_version == credit.RULE_VERSION


def _recompute(connection: Connection, found: Sequence[Settled], policy: Policy) -> Iterator[Difference]:
    credited = provenance.credited_by_outcomes(
        connection, [one.outcome_id for one in found], policy.max_depth
    )
    for one in found:
        yield from _compare(one, credited.get(one.outcome_id, ()), policy)


def _compare(found: Settled, credited: Sequence[Credit], policy: Policy) -> Iterator[Difference]:
    fact = f"outcome {found.outcome_id}"
    expected = credit.settle(found.kind, credited, policy)
    for field in ("amount_micro", "paid_micro", "agents", "reason"):
        if getattr(found, field) != getattr(expected, field):
            yield Difference(fact, field, getattr(found, field), getattr(expected, field))
    stored = {one.agent_id: one for one in found.shares}
    shares = {one.agent_id: one for one in expected.shares}
    for agent in sorted(stored.keys() | shares.keys()):
        for field in _COMPARED:
            is_, should = _value(stored.get(agent), field), _value(shares.get(agent), field)
            if is_ != should:
                yield Difference(f"{fact}, agent {agent}", field, is_, should)


def _value(share: Recorded | Share | None, field: str) -> str:
    """A field of a share as text; derivations as lists, however they are held."""
    if share is None:
        return "none"
    value = getattr(share, field)
    return str(value if isinstance(value, int) else [sorted(one.items()) for one in value])
