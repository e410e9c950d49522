"""Closes the gap of `policy_calibration`: payouts against outcomes, and what follows. What follows is in `rules`."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from squads_pipeline.drivers.run import NOTHING, DriverRun, Outcome
from squads_pipeline.drivers.units import close_due
from squads_pipeline.rules import calibration
from squads_pipeline.rules.calibration import Calibration, Candidate, Compared
from squads_pipeline.rules.millionths import format_ppm
from squads_pipeline.rules.policy import Policy, diff, policy_id
from squads_pipeline.rules.reviewers import Reviewer
from squads_pipeline.store import calibrations, gaps, policies, runs
from squads_pipeline.store.calibrations import Facts
from squads_pipeline.store.stamp import Stamp

NAME = "calibrate_policy"
GAP = "policy_calibration"
LISTED: Final = 1_000
"""Agents and reviewers listed in the evidence; all are compared."""


def calibrate_policy(connection: Connection, run: DriverRun) -> Outcome:
    """Compare payouts with outcomes once enough are new, and propose at most one change of the policy."""
    return close_due(connection, GAP, run, partial(_close, connection, run))


def _close(connection: Connection, run: DriverRun, units: Sequence[str]) -> Outcome:
    """Calibrate once: the lock on the policy lets one run at a time, and the gap is read again under it."""
    policy = policies.current(connection)
    identity = policy_id(policy)
    policies.hold(connection, identity)
    if gaps.due(connection, GAP, 1) != list(units):
        return NOTHING
    stamp = Stamp(NAME, run.run_id, identity, calibration.RULE_VERSION)
    moment = calibrations.now_settled(connection)
    facts = calibrations.facts(connection, policy, moment)
    found = calibration.calibrate(facts.pools, facts.credit_micro, facts.judged, policy)
    proposal = None if found.proposal is None else calibration.proposed(policy, found.proposal)
    values = {
        **as_recorded(facts, found, policy),
        "evaluated_policy_id": identity,
        "proposed_policy_id": proposal and policies.keep(connection, proposal),
    }
    number = calibrations.record(connection, values, moment, stamp)
    adopts = proposal is not None and policy.adoption == "auto"
    if proposal is not None and adopts:
        why = f"calibration {number}: {found.reason}"
        policies.adopt(connection, proposal, adopted_by=NAME, reason=why)
    runs.record(connection, units=1, moved_micro=0, stamp=stamp)
    return Outcome(1, 0, _told(number, facts, found, adopted=adopts))


def as_recorded(facts: Facts, found: Calibration, policy: Policy) -> dict[str, Any]:
    """A calibration as columns of its table, but for the names of policies."""
    change = None
    if found.proposal is not None:
        (change,) = diff(policy, calibration.proposed(policy, found.proposal))
    return {
        "parameter": change and change.name,
        "current_value": change and change.before,
        "proposed_value": change and change.after,
        "outcomes": facts.outcomes,
        "outcomes_through": facts.through,
        "rank_correlation": decimal(found.correlation_ppm),
        "evidence": _evidence(found),
    }


def decimal(ppm: int | None) -> str | None:
    """Millionths as they are recorded; None where there is nothing to say."""
    return None if ppm is None else format_ppm(ppm)


def _told(number: int, facts: Facts, found: Calibration, *, adopted: bool) -> dict[str, int | str]:
    proposal = found.proposal
    return {
        "calibration": number,
        "outcomes_compared": facts.outcomes,
        "agents_compared": len(found.agents),
        "reviewers_compared": len(found.reviewers),
        "rank_correlation": decimal(found.correlation_ppm) or "undefined",
        "proposal": f"{proposal.parameter} = {proposal.value}" if proposal else "none",
        "because": found.reason,
        "adopted": "yes" if adopted else "no",
    }


def _evidence(found: Calibration) -> dict[str, Any]:
    return {
        "reason": found.reason,
        "agents_compared": len(found.agents),
        "agents": [_agent(one) for one in sorted(found.agents, key=_by_rank)[:LISTED]],
        "reviewers_compared": len(found.reviewers),
        "reviewers": [_reviewer(one) for one in found.reviewers[:LISTED]],
        "candidates": [_candidate(one) for one in found.candidates],
    }


def _by_rank(one: Compared) -> tuple[int, str]:
    return one.paid_rank_doubled, one.agent_id


def _agent(one: Compared) -> Mapping[str, Any]:
    return {
        "agent": one.agent_id,
        "paid_micro": one.paid_micro,
        "credit_micro": one.credit_micro,
        "paid_rank": _rank(one.paid_rank_doubled),
        "credit_rank": _rank(one.credit_rank_doubled),
    }


def _rank(doubled: int) -> str:
    return f"{doubled // 2}{'.5' if doubled % 2 else ''}"


def _reviewer(one: Reviewer) -> Mapping[str, Any]:
    return {
        "reviewer": one.reviewer_id,
        "accepted_held": one.accepted_held,
        "accepted_fell": one.accepted_fell,
        "rejected_held": one.rejected_held,
        "rejected_fell": one.rejected_fell,
        "hit_rate": decimal(one.hit_rate_ppm),
        "brier_score": decimal(one.brier_ppm),
    }


def _candidate(one: Candidate) -> Mapping[str, Any]:
    return {
        "parameter": one.parameter,
        "value": one.value,
        "rank_correlation": decimal(one.correlation_ppm),
    }
