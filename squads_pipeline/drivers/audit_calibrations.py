"""Recomputes calibrations from the facts of their moment and compares. It proposes and writes nothing."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy import Connection

from squads_pipeline.drivers import auditing
from squads_pipeline.drivers.auditing import Difference
from squads_pipeline.drivers.calibrate_policy import as_recorded, decimal
from squads_pipeline.drivers.run import Outcome
from squads_pipeline.rules import calibration
from squads_pipeline.store import calibrations, policies
from squads_pipeline.store.calibrations import Recorded
from squads_pipeline.store.invariants import Findings


def audit_day(connection: Connection, day: date) -> Outcome:
    """Audit a day as a run's outcome: nothing closed, and how many differences there are."""
    found = calibrations.between(connection, day, day)
    ours = [one for one in found if _is_ours(one)]
    differences = sum(1 for one in ours for _ in _compare(connection, one))
    return auditing.outcome("calibrations", len(ours), len(found) - len(ours), differences)


def findings_between(connection: Connection, first: date | None, last: date | None = None) -> Findings:
    """What does not recompute of some days, or ever, as findings of I9."""
    ours = filter(_is_ours, calibrations.between(connection, first, last))
    return auditing.findings("I9", [found for one in ours for found in _compare(connection, one)])


def _is_ours(found: Recorded) -> bool:
    return found.rule_version == calibration.RULE_VERSION


def _compare(connection: Connection, found: Recorded) -> Iterator[Difference]:
    policy = policies.by_id(connection, found.evaluated_policy_id)
    facts = calibrations.facts(connection, policy, found.proposed_at)
    made = calibration.calibrate(facts.pools, facts.credit_micro, facts.judged, policy)
    for field, expected in as_recorded(facts, made, policy).items():
        if field == "rank_correlation":
            stored: object = decimal(found.rank_correlation_ppm)
        else:
            stored = getattr(found, field)
        if stored != expected:
            yield Difference(f"calibration {found.id}", field, str(stored), str(expected))
