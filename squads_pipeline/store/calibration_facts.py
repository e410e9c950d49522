"""Summaries of calibrations for people: what each said, and whether it was adopted. Nothing is decided on them."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Summary:
    """A calibration on one line.

    Attributes:
        number: what `squads policy adopt` takes.
        proposed_at: when it was made.
        outcomes: how many were compared.
        rank_correlation: six decimals as text; None when undefined.
        proposal: the change, such as ``harvest.points_per_entry: 10 → 8``, or none.
        policy_id: the proposed policy; None if none is proposed.
        reason: why it is proposed, or why nothing is.
        status: none, open, adopted (at some time since), in force, or outdated (the policy has changed since).
    """

    number: int
    proposed_at: datetime
    outcomes: int
    rank_correlation: str | None
    proposal: str
    policy_id: str | None
    reason: str
    status: str


_COLUMNS = """
SELECT made.id, made.proposed_at, made.outcomes, made.rank_correlation::text,
       CASE WHEN made.parameter IS NULL THEN 'none'
            ELSE format('%s: %s → %s', made.parameter, made.current_value, made.proposed_value) END AS proposal,
       made.proposed_policy_id, made.evidence ->> 'reason' AS reason,
       CASE WHEN made.proposed_policy_id IS NULL THEN 'none'
            WHEN made.proposed_policy_id = policy.id THEN 'in force'
            WHEN EXISTS (SELECT FROM squads.policy_adoptions AS adoption
                         WHERE adoption.policy_id = made.proposed_policy_id
                           AND adoption.adopted_at >= made.proposed_at) THEN 'adopted'
            WHEN made.evaluated_policy_id = policy.id THEN 'open'
            ELSE 'outdated' END AS status
FROM squads.policy_calibration AS made CROSS JOIN squads.current_policy AS policy
"""
# policy_calibration_effective_on_idx.
_OF_DAY = text(_COLUMNS + "WHERE made.effective_on = :day ORDER BY made.id")

# policy_calibration_pkey.
_NEWEST = text(_COLUMNS + "ORDER BY made.id DESC LIMIT :limit")

# What was found, not who ran it: the same findings have the same fingerprint.
_FINGERPRINT = text("""
SELECT count(*) AS made,
       coalesce(sum(('x' || left(md5(ROW(evaluated_policy_id, parameter, proposed_value, outcomes, outcomes_through,
                                         rank_correlation, evidence, rule_version)::text), 16))::bit(64)::bigint), 0)
           AS fingerprint
FROM squads.policy_calibration WHERE effective_on BETWEEN :first AND :last
""")


def of_day(connection: Connection, day: date) -> list[Summary]:
    """The calibrations of a day, in their order."""
    return [Summary(*row) for row in connection.execute(_OF_DAY, {"day": day})]


def newest(connection: Connection, limit: int) -> list[Summary]:
    """The newest calibrations, at most ``limit``, the newest first."""
    return [Summary(*row) for row in connection.execute(_NEWEST, {"limit": limit})]


def fingerprint(connection: Connection, first: date, last: date) -> str:
    """A hash of what the calibrations of some days found."""
    row = connection.execute(_FINGERPRINT, {"first": first, "last": last}).one()
    return f"{row.made}-{int(row.fingerprint) % 2**64:016x}"
