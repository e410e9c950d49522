"""Decides edges that squads took by themselves once more from their facts, and compares. It writes nothing."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy import Connection

from squads_pipeline.drivers import auditing
from squads_pipeline.drivers.run import Outcome
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.rosters import RULE_VERSION, next_step
from squads_pipeline.store import policies, roster_facts
from squads_pipeline.store.invariants import LIMIT, Finding, Findings
from squads_pipeline.store.roster_facts import Taken


def audit_day(connection: Connection, day: date) -> Outcome:
    """Audit a day as a run's outcome: nothing closed, nothing moved, and how many differences there are."""
    taken = roster_facts.between(connection, day, day)
    ours = sum(map(_is_ours, taken))
    return auditing.outcome("edges", ours, len(taken) - ours, len(_differences(connection, taken)))


def findings_between(connection: Connection, first: date | None, last: date | None = None) -> Findings:
    """What is not decided alike again, of the edges of some days, or ever."""
    taken = roster_facts.between(connection, first or date.min, last or date.max)
    found = _differences(connection, taken)
    return Findings(tuple(found[:LIMIT]), len(found), sum(map(_is_ours, taken)))


def _differences(connection: Connection, taken: list[Taken]) -> list[Finding]:
    ours = [one for one in taken if _is_ours(one)]
    adopted = policies.by_ids(connection, (one.policy_id for one in ours))
    return [finding for one in ours for finding in _compare(one, adopted[one.policy_id])]


def _is_ours(taken: Taken) -> bool:
    return taken.rule_version == RULE_VERSION


def _compare(taken: Taken, policy: Policy) -> Iterator[Finding]:
    step = next_step(taken.standing, policy)
    expected = "no edge" if step is None else f"to {step.edge.to_status}: {step.reason}"
    found = f"to {taken.to_status}: {taken.reason}"
    if expected != found:
        yield Finding("I10", f"event {taken.event_no} of squad {taken.squad_id}", expected, found)
