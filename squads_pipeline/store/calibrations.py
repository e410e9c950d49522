"""Calibrations: the facts that payouts are compared by, as of a moment, and what came of it. No decisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import BigInteger, Connection, cast, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import bindparam

from squads_pipeline.rules.calibration import WEIGHTS, Member, Pool
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.reviewers import Judged
from squads_pipeline.store.schema import (
    distributions,
    dividends,
    finding_reviews,
    outcomes,
    policy_calibration,
)
from squads_pipeline.store.stamp import Stamp
from squads_pipeline.store.writers import await_writers


@dataclass(frozen=True, slots=True)
class Facts:
    """What a calibration is made from.

    Attributes:
        outcomes: how many were settled.
        through: the newest of them; zero if there is none.
        pools: those shared out under the policy's weights.
        credit_micro: agent → dividends, µT.
        judged: reviews of findings of which it is known what became.
    """

    outcomes: int
    through: int
    pools: list[Pool]
    credit_micro: dict[str, int]
    judged: list[Judged]


_SETTLED = text("""
SELECT count(*) AS outcomes, coalesce(max(outcome_id), 0) AS through FROM squads.dividends WHERE settled_at <= :moment
""")

# Pools of all policies that weigh the same work the same: other parameters change no score.
_POOLS = text("""
SELECT shared.squad_id, shared.pool_micro, member.agent_id, member.role, member.journal_entries,
       member.findings_authored, (member.merged_confidence * 1000000)::bigint AS merged_confidence_ppm,
       member.reviews, member.share_micro
FROM squads.distributions AS shared
JOIN squads.policies AS policy ON policy.id = shared.policy_id AND policy.content @> :weights
JOIN squads.harvest_distributions AS member ON member.squad_id = shared.squad_id AND member.revision = 0
WHERE shared.distributed_at <= :moment AND shared.manner IN ('by_score', 'equal_parts')
ORDER BY shared.squad_id, member.agent_id
""").bindparams(bindparam("weights", type_=JSONB))

_CREDIT = text("""
SELECT share.agent_id, sum(share.share_micro)::bigint AS credit_micro
FROM squads.credit_dividends AS share
JOIN squads.dividends AS settled ON settled.outcome_id = share.outcome_id AND settled.settled_at <= :moment
WHERE share.revision = 0
GROUP BY share.agent_id
""")

# Index: outcomes_artifact_idx, for the findings that have outcomes and for the newest of each. Who accepts without a
# word on confidence takes the author's; who rejects so says nothing of how sure.
_JUDGED = text("""
SELECT review.reviewer_agent_id, review.verdict = 'accept' AS accepted,
       (coalesce(review.confidence, CASE WHEN review.verdict = 'accept' THEN finding.confidence END)
        * 1000000)::bigint AS confidence_ppm,
       newest.kind
FROM squads.finding_reviews AS review
JOIN squads.squad_findings AS finding ON finding.id = review.finding_id
CROSS JOIN LATERAL (
    SELECT outcome.kind FROM squads.outcomes AS outcome
    WHERE outcome.artifact_type = 'finding' AND outcome.artifact_id = review.finding_id::text
      AND outcome.recorded_at > review.created_at AND outcome.recorded_at <= :moment
    ORDER BY outcome.recorded_at DESC, outcome.id DESC
    LIMIT 1
) AS newest
WHERE review.finding_id::text IN (SELECT artifact_id FROM squads.outcomes WHERE artifact_type = 'finding')
ORDER BY review.reviewer_agent_id, review.id
""")


def now_settled(connection: Connection) -> datetime:
    """A moment before which nothing is written any more of what a calibration reads."""
    moment: datetime = connection.execute(select(func.squads.clock())).scalar_one()
    await_writers(connection, (outcomes, dividends, distributions, finding_reviews))
    return moment


def facts(connection: Connection, policy: Policy, moment: datetime) -> Facts:
    """What was known at a moment of work that was paid by a policy's weights."""
    settled = connection.execute(_SETTLED, {"moment": moment}).one()
    weights = {name: getattr(policy, name) for name in WEIGHTS}
    members = connection.execute(_POOLS, {"moment": moment, "weights": weights})
    return Facts(
        outcomes=settled.outcomes,
        through=settled.through,
        pools=[
            Pool(squad, pool_micro, [Member(*row[2:]) for row in rows])
            for (squad, pool_micro), rows in groupby(members, key=lambda row: (row[0], row[1]))
        ],
        credit_micro={
            row.agent_id: row.credit_micro for row in connection.execute(_CREDIT, {"moment": moment})
        },
        judged=[Judged(*row) for row in connection.execute(_JUDGED, {"moment": moment})],
    )


@dataclass(frozen=True, slots=True)
class Recorded:
    """A calibration as it was recorded; the correlation in millionths."""

    id: int
    evaluated_policy_id: str
    parameter: str | None
    current_value: str | None
    proposed_value: str | None
    proposed_policy_id: str | None
    outcomes: int
    outcomes_through: int
    rank_correlation_ppm: int | None
    evidence: Mapping[str, Any]
    proposed_at: datetime
    rule_version: str
    effective_on: date


# The lock on the policy, which the caller holds, makes the next number safe to read; a dry run that is rolled back
# says the number that the real run then gives, which a sequence would have passed.
_RECORD = text("""
INSERT INTO squads.policy_calibration
    (id, proposed_at, evaluated_policy_id, proposed_policy_id, parameter, current_value, proposed_value, outcomes,
     outcomes_through, rank_correlation, evidence, policy_id, rule_version, driver, run_id, effective_on)
OVERRIDING SYSTEM VALUE
SELECT (SELECT coalesce(max(id), 0) + 1 FROM squads.policy_calibration), :proposed_at, :evaluated_policy_id,
       :proposed_policy_id, :parameter, :current_value, :proposed_value, :outcomes, :outcomes_through,
       CAST(:rank_correlation AS numeric), :evidence, :policy_id, :rule_version, :driver, :run_id,
       squads.utc_day(squads.clock())
RETURNING id
""").bindparams(bindparam("evidence", type_=JSONB))


def record(connection: Connection, values: Mapping[str, Any], moment: datetime, stamp: Stamp) -> int:
    """Write a calibration made of the facts of a moment, and return its number; the caller holds the policy."""
    parameters = {"proposed_at": moment, **values, **stamp.columns()}
    number: int = connection.execute(_RECORD, parameters).scalar_one()
    return number


_COLUMNS = [
    cast(policy_calibration.c.rank_correlation * 1_000_000, BigInteger).label(name)
    if name == "rank_correlation_ppm"
    else policy_calibration.c[name]
    for name in Recorded.__slots__
]


def between(connection: Connection, first: date | None, last: date | None) -> list[Recorded]:
    """The calibrations of some days; None leaves that end open. Index: policy_calibration_effective_on_idx."""
    day = policy_calibration.c.effective_on
    query = select(*_COLUMNS).where(day.between(first or date.min, last or date.max))
    return [Recorded(*row) for row in connection.execute(query.order_by(policy_calibration.c.id))]


def by_number(connection: Connection, number: int) -> Recorded | None:
    """A calibration by its number."""
    row = connection.execute(select(*_COLUMNS).where(policy_calibration.c.id == number)).one_or_none()
    return None if row is None else Recorded(*row)
