"""Putting a policy in force that is stored: one that a calibration proposed, or an earlier one."""

from dataclasses import dataclass

from sqlalchemy import Connection

from squads_pipeline.rules.policy import Change, Policy, diff, policy_id
from squads_pipeline.store import calibrations, policies
from squads_pipeline.store.errors import NotFoundError, RefusedError


@dataclass(frozen=True, slots=True)
class Adopted:
    """The policy that is in force now, and what changed; nothing if it was in force before."""

    policy_id: str
    changes: list[Change]


def adopt(connection: Connection, identity: str, *, adopted_by: str, reason: str) -> Adopted:
    """Put a stored policy in force.

    Args:
        connection: the caller commits it.
        identity: number of a calibration, or id of a policy.
        adopted_by: who decides.
        reason: why; part of the record.

    Raises:
        NotFoundError: no such calibration or policy.
        RefusedError: the calibration proposes nothing, or the policy has changed since; or there is no reason.
    """
    if not reason.strip():
        raise RefusedError("A policy is adopted for a reason", "Say why with --reason.")
    now = policies.current(connection)
    policies.hold(connection, policy_id(now))
    now = policies.current(connection)
    chosen = _chosen(connection, identity, now)
    changes = diff(now, chosen)
    if changes:
        policies.adopt(connection, chosen, adopted_by=adopted_by, reason=reason)
    return Adopted(policy_id(chosen), changes)


def _chosen(connection: Connection, identity: str, now: Policy) -> Policy:
    calibration = None
    # A policy's id is sixteen hexadecimal digits, and a calibration's number never that long.
    if identity.isascii() and identity.isdigit() and len(identity) < 16:  # noqa: PLR2004
        calibration = calibrations.by_number(connection, int(identity))
        if calibration is None:
            raise NotFoundError(
                f"There is no calibration {identity}", "See them with `squads policy proposals`."
            )
    if calibration is None:
        return policies.by_id(connection, identity)
    if calibration.proposed_policy_id is None:
        raise RefusedError(
            f"Calibration {identity} proposes nothing: {calibration.evidence['reason']}",
            "See those that do with `squads policy proposals`.",
        )
    chosen = policies.by_id(connection, calibration.proposed_policy_id)
    # A proposal is the policy of its time with one change: it would undo what was changed since.
    if policy_id(now) not in (calibration.evaluated_policy_id, policy_id(chosen)):
        raise RefusedError(
            f"The policy has changed since calibration {identity}, and adopting it would undo that",
            f"Apply {calibration.parameter} = {calibration.proposed_value} with `squads policy apply`, or adopt "
            f"the whole policy {calibration.proposed_policy_id} by its id.",
        )
    return chosen
