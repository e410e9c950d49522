"""Closes the gap of `bubbled_findings`: accepted findings become knowledge, with credit. Who is credited: `rules`."""

from collections.abc import Sequence

from sqlalchemy import Connection

from squads_pipeline.drivers.run import NOTHING, DriverRun, Outcome
from squads_pipeline.drivers.units import close_due
from squads_pipeline.rules.findings import RULE_VERSION, credited
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.store import bubbling, overview, policies, runs, verdicts
from squads_pipeline.store.stamp import Stamp

NAME = "bubble_findings"
GAP = "bubbled_findings"


def bubble_findings(connection: Connection, run: DriverRun) -> Outcome:
    """Merge every accepted finding once: credit, provenance, and its message to the knowledge graph."""
    stamp = Stamp(NAME, run.run_id, policy_id(policies.current(connection)), RULE_VERSION)

    def close(units: Sequence[str]) -> Outcome:
        findings = [verdicts.number_of(unit) for unit in units]
        squads = verdicts.lock_homes(connection, findings)
        accepted = bubbling.accepted(connection, findings, squads)
        if not accepted:
            return NOTHING
        members = bubbling.members(connection, squads)
        merged = [(one, credited(members[one.squad_id], one.reviewed_at)) for one in accepted]
        bubbling.merge(connection, merged, overview.now(connection), stamp)
        runs.record(connection, units=len(merged), moved_micro=0, stamp=stamp)
        facts: dict[str, int | str] = {
            "findings_merged": len(merged),
            "credits": sum(len(agents) for _, agents in merged),
            "squads_credited": len({one.squad_id for one, _ in merged}),
        }
        return Outcome(len(merged), 0, facts)

    return close_due(connection, GAP, run, close)
