"""Recomputes formations from the importance and policy of their time, and compares. It writes nothing."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy import Connection

from squads_pipeline.drivers import auditing
from squads_pipeline.drivers.auditing import Difference
from squads_pipeline.drivers.run import Outcome
from squads_pipeline.rules import formation
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import formations, policies
from squads_pipeline.store.formations import Formation
from squads_pipeline.store.invariants import Findings


def audit_day(connection: Connection, day: date) -> Outcome:
    """Audit a day as a run's outcome: nothing closed, nothing moved, and how many differences there are."""
    found = formations.between(connection, day, day)
    ours = sum(map(_is_ours, found))
    return auditing.outcome("formations", ours, len(found) - ours, len(differences(connection, found)))


def differences(connection: Connection, found: list[Formation]) -> list[Difference]:
    """Where formations are not what their importance gives under the policy that they name."""
    ours = [one for one in found if _is_ours(one)]
    adopted = policies.by_ids(connection, (one.policy_id for one in ours))
    return [difference for one in ours for difference in _compare(one, adopted[one.policy_id])]


def findings_between(connection: Connection, first: date | None, last: date | None = None) -> Findings:
    """What does not recompute of some days, or ever, as findings of I10."""
    formed = formations.between(connection, first, last)
    return auditing.findings("I10", differences(connection, formed), sum(map(_is_ours, formed)))


def _is_ours(found: Formation) -> bool:
    return found.rule_version == formation.RULE_VERSION


def _compare(found: Formation, policy: Policy) -> Iterator[Difference]:
    fact = f"squad {found.squad_id}"
    seed_micro = formation.seed_micro(found.target.importance_ppm, policy.seed_rate_micro)
    if found.seed_micro != seed_micro:
        yield Difference(fact, "seed_micro", found.seed_micro, seed_micro)
    least = formation.least_ppm(policy.min_importance)
    if found.target.importance_ppm < least:
        yield Difference(fact, "importance_ppm", found.target.importance_ppm, f"at least {least}")
    if not found.squad_id.startswith(formation.squad_id(found.target)):
        yield Difference(fact, "squad_id", found.squad_id, formation.squad_id(found.target))
