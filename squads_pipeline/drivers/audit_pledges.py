"""Recomputes what pledges paid from the frozen inputs of each payment, and compares. It pays and writes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from squads_pipeline.drivers import auditing
from squads_pipeline.drivers.run import Outcome
from squads_pipeline.rules.pledges import RULE_VERSION, Wallet, amount_micro, cycle_of, refusal
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import pledge_facts, policies
from squads_pipeline.store.invariants import LIMIT, Finding, Findings, difference
from squads_pipeline.store.pledge_facts import Paid


@dataclass(frozen=True, slots=True)
class Audit:
    """How many payments were recomputed, how many were made by other rules, and every difference."""

    payments: int
    skipped: int
    differences: tuple[Finding, ...]


def audit_day(connection: Connection, day: date) -> Outcome:
    """Audit a day as a run's outcome: nothing closed, nothing moved, and how many differences there are."""
    found = audit(connection, day, day)
    return auditing.outcome("payments", found.payments, found.skipped, len(found.differences))


def audit(connection: Connection, first: date | None, last: date | None) -> Audit:
    """Recompute every payment of some days under the policy that made it; None leaves that end open."""
    paid = pledge_facts.between(connection, first or date.min, last or date.max)
    ours = [one for one in paid if one.rule_version == RULE_VERSION]
    adopted = policies.by_ids(connection, (one.policy_id for one in ours))
    differences = [found for one in ours for found in _compare(one, adopted[one.policy_id])]
    return Audit(len(ours), len(paid) - len(ours), tuple(differences))


def findings_between(connection: Connection, first: date | None, last: date | None = None) -> Findings:
    """What does not recompute, of the payments of some days, or ever."""
    found = audit(connection, first, last)
    return Findings(found.differences[:LIMIT], len(found.differences), found.payments)


def _compare(paid: Paid, policy: Policy) -> Iterator[Finding]:
    for field, expected, found in _expectations(paid, policy):
        if expected != found:
            subject = f"cycle {paid.cycle}, agent {paid.agent_id}, squad {paid.squad_id}: {field}"
            yield Finding("I11", subject, str(expected), str(found), difference(field, expected, found))


def _expectations(paid: Paid, policy: Policy) -> Iterator[tuple[str, object, object]]:
    """Field, what it should be by other facts and the rule, and what it is."""
    yield "pledge", (paid.agent_id, False), (paid.pledge_agent_id, paid.revoked)
    yield "squad", True, not paid.named or paid.squad_id in paid.named
    yield "cycle", cycle_of(paid.decided_at, policy.pledge_cycle_seconds), paid.cycle
    yield "balance_before_micro", paid.wallet_before_micro, paid.balance_before_micro
    before = Wallet(not paid.revoked, True, paid.balance_before_micro, paid.reserve_micro)
    against = refusal(before, [str(slot) for slot in range(1, paid.slot)], policy)
    yield "reason against it", None, against
    if against is None:
        yield (
            "amount_micro",
            amount_micro(paid.balance_before_micro, paid.reserve_micro, policy),
            paid.amount_micro,
        )
    yield "transfer", paid.amount_micro, paid.posted_micro
