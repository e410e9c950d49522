"""Summaries of dividends for people: a day in numbers, its largest shares. Nothing is decided on them."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

# What was decided, not who ran it: the same decisions have the same fingerprint, whatever the order of rows.
# Indexes: dividends_effective_on_idx and credit_dividends_effective_on_idx.
_DAYS = text("""
SELECT settled.outcomes, settled.paid_micro, shares.shares, shares.agents,
       settled.fingerprint + shares.fingerprint AS fingerprint
FROM (SELECT count(*) AS outcomes, coalesce(sum(paid_micro), 0)::bigint AS paid_micro,
             coalesce(sum(('x' || left(md5(ROW(outcome_id, amount_micro, paid_micro, agents, reason, policy_id,
                                               rule_version)::text), 16))::bit(64)::bigint), 0) AS fingerprint
      FROM squads.dividends WHERE effective_on BETWEEN :first AND :last) AS settled
CROSS JOIN
     (SELECT count(*) AS shares, count(DISTINCT agent_id) AS agents,
             coalesce(sum(('x' || left(md5(ROW(outcome_id, agent_id, revision, weight, derivation,
                                               share_micro, policy_id, rule_version)::text), 16))::bit(64)::bigint), 0)
                 AS fingerprint
      FROM squads.credit_dividends_in_force WHERE effective_on BETWEEN :first AND :last) AS shares
""")

# credit_dividends_effective_on_idx, outcomes_pkey.
_LARGEST = text("""
SELECT outcome.id, outcome.artifact_type || ':' || outcome.artifact_id AS artifact, outcome.kind,
       share.agent_id, share.contributions, share.via_squad, share.share_micro
FROM squads.credit_dividends_in_force AS share
JOIN squads.outcomes AS outcome ON outcome.id = share.outcome_id
WHERE share.effective_on = :day
ORDER BY share.share_micro DESC, outcome.id, share.agent_id
LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Summary:
    """The dividends of some days: outcomes settled, shares, agents, µT, and a hash of what was decided."""

    outcomes: int
    paid_micro: int
    shares: int
    agents: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class LargeShare:
    """A share among the largest of its day; the amount in µT."""

    outcome_id: int
    artifact: str
    kind: str
    agent_id: str
    contributions: int
    via_squad: int
    share_micro: int


def summary(connection: Connection, first: date, last: date) -> Summary:
    """Sum up the dividends of the days from ``first`` to ``last``."""
    row = connection.execute(_DAYS, {"first": first, "last": last}).one()
    fingerprint = f"{row.outcomes}-{row.shares}-{int(row.fingerprint) % 2**64:016x}"
    return Summary(row.outcomes, row.paid_micro, row.shares, row.agents, fingerprint)


def largest(connection: Connection, day: date, limit: int) -> list[LargeShare]:
    """The largest shares of a day, the largest first."""
    return [LargeShare(*row) for row in connection.execute(_LARGEST, {"day": day, "limit": limit})]
