"""Recomputes verdicts and credits from reviews and members as they were then, and compares. It writes nothing."""

from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import Connection

from squads_pipeline.drivers import auditing
from squads_pipeline.drivers.auditing import Difference
from squads_pipeline.drivers.run import Outcome
from squads_pipeline.rules.findings import RULE_VERSION, Membership, Verdict, credited, decide
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import bubbling, finding_facts, outbox, policies
from squads_pipeline.store.finding_facts import Decided, Merged
from squads_pipeline.store.finding_invariants import MESSAGES
from squads_pipeline.store.invariants import Findings

_FIELDS = Verdict.__slots__


def audit_verdicts(connection: Connection, day: date) -> Outcome:
    """Audit a day's verdicts as a run's outcome: nothing closed, and how many differences there are."""
    found = finding_facts.decided_between(connection, day, day)
    return _outcome(
        "verdicts", [one.rule_version for one in found], verdict_differences(connection, day, day)
    )


def audit_merges(connection: Connection, day: date) -> Outcome:
    """Audit a day's merges as a run's outcome: nothing closed, and how many differences there are."""
    found = finding_facts.merged_between(connection, day, day)
    return _outcome("merges", [one.rule_version for one in found], merge_differences(connection, day, day))


def audit_messages(connection: Connection, day: date) -> Outcome:
    """Audit the outbox of a day: how many messages, how many delivered, and what has none that must have one."""
    summary = outbox.summary(connection, day, day)
    facts: dict[str, int | str] = {
        "audited_messages": summary.messages,
        "messages_waiting": summary.messages - summary.delivered,
        "differences": MESSAGES.find(connection, day).total,
    }
    return Outcome(0, 0, facts)


def verdict_findings_between(
    connection: Connection, first: date | None, last: date | None = None
) -> Findings:
    """Verdicts that do not recompute of some days, or ever, as findings of I8."""
    return auditing.findings("I8", verdict_differences(connection, first or date.min, last or date.max))


def merge_findings_between(connection: Connection, first: date | None, last: date | None = None) -> Findings:
    """Credits that do not recompute of some days, or ever, as findings of I8."""
    return auditing.findings("I8", merge_differences(connection, first or date.min, last or date.max))


def verdict_differences(connection: Connection, first: date, last: date) -> list[Difference]:
    """Where verdicts of some days are not what the reviews of their time give under their own policy."""
    decided = finding_facts.decided_between(connection, first, last)
    ours = [one for one in decided if one.rule_version == RULE_VERSION]
    adopted = policies.by_ids(connection, (one.policy_id for one in ours))
    return [difference for one in ours for difference in _verdict(one, adopted[one.policy_id])]


def merge_differences(connection: Connection, first: date, last: date) -> list[Difference]:
    """Where credits of some days are not those of the members at the time of the review."""
    merged = finding_facts.merged_between(connection, first, last)
    ours = [one for one in merged if one.rule_version == RULE_VERSION]
    members = bubbling.members(connection, sorted({one.squad_id for one in ours}))
    return [difference for one in ours for difference in _merge(one, members[one.squad_id])]


def _verdict(one: Decided, policy: Policy) -> Iterator[Difference]:
    fact = f"finding {one.finding_id}"
    expected = decide(one.case, one.decided_at, policy)
    if expected is None:
        yield Difference(fact, "verdict", one.stored.verdict, None)
        return
    for field in _FIELDS:
        stored, recomputed = getattr(one.stored, field), getattr(expected, field)
        if stored != recomputed:
            yield Difference(fact, field, stored, recomputed)


def _merge(one: Merged, members: Sequence[Membership]) -> Iterator[Difference]:
    fact = f"finding {one.finding_id}"
    if one.bears_on != one.target:
        yield Difference(fact, "artifact", ":".join(one.bears_on), ":".join(one.target))
    # Members are state: a merger of squads moves them, and who left and came back has a new beginning.
    if one.moved:
        return
    expected = credited(members, one.reviewed_at)
    credits_ = [agent for agent in one.agents if agent in expected or agent not in one.rejoined]
    if credits_ != expected:
        yield Difference(fact, "credited", ", ".join(one.agents), ", ".join(expected))


def _outcome(what: str, versions: Sequence[str], differences: Sequence[Difference]) -> Outcome:
    ours = sum(version == RULE_VERSION for version in versions)
    return auditing.outcome(what, ours, len(versions) - ours, len(differences))
