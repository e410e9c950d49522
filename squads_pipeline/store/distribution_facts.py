"""Reading how pools were shared out: for people by the day, for the audit with what was posted. It writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from squads_pipeline.rules.scoring import Work


@dataclass(frozen=True, slots=True)
class Distributed:
    """A sharing-out as it was recorded, newest revision.

    Attributes:
        score_ppm: sum of the members' scores, in millionths of a point.
        members: members with a share, or accounts that were refunded.
        abandoned: whether the squad was given up before it began to work.
        posted_micro: payouts and refunds that left the pool, µT.
    """

    squad_id: str
    manner: str
    pool_micro: int
    score_ppm: int
    members: int
    abandoned: bool
    posted_micro: int
    policy_id: str
    rule_version: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A member's share as it was recorded, newest revision; amounts in µT.

    Attributes:
        posted_micro: what its transfer moved; None if there is none.
        accounted_micro: that, and what restatements moved and reported.
    """

    work: Work
    score_ppm: int
    share_micro: int
    rounded_up: bool
    posted_micro: int | None
    accounted_micro: int
    revision: int
    rule_version: str


@dataclass(frozen=True, slots=True)
class Returned:
    """What an account stood for in a refund, µT, and what was posted to it, None if nothing was."""

    granted_micro: int
    posted_micro: int | None


# distributions_effective_on_idx, squad_events_pkey, accounts_name_key, entries_account_id_account_version_key.
_BETWEEN = text("""
SELECT shared.squad_id, shared.manner, shared.pool_micro, (shared.total_score * 1000000)::bigint AS score_ppm,
       shared.members,
       EXISTS (SELECT FROM squads.squad_events AS event
               WHERE event.squad_id = shared.squad_id AND event.from_status = 'recruiting'
                 AND event.to_status = 'disbanded') AS abandoned,
       (SELECT coalesce(sum(paid.amount_micro), 0) FROM squads.accounts AS pool
        JOIN squads.entries AS entry ON entry.account_id = pool.id AND entry.entry_no = 1
        JOIN squads.transfers AS paid ON paid.id = entry.transfer_id AND paid.kind IN ('payout', 'refund')
        WHERE pool.name = 'squad:' || shared.squad_id)::bigint AS posted_micro,
       shared.policy_id, shared.rule_version
FROM squads.distributions AS shared
WHERE shared.effective_on BETWEEN coalesce(:first, '-infinity'::date) AND coalesce(:last, 'infinity'::date)
ORDER BY shared.squad_id
""")

# distributions_effective_on_idx, harvest_distributions_pkey, transfers_idempotency_key_key.
_SHARES = text("""
SELECT share.squad_id, share.agent_id, share.role, share.journal_entries,
       share.findings_authored, (share.merged_confidence * 1000000)::bigint AS merged_ppm, share.reviews,
       (share.score * 1000000)::bigint AS score_ppm, share.share_micro, share.rounded_up, paid.amount_micro,
       coalesce(paid.amount_micro, 0) + coalesce(restated.accounted_micro, 0) AS accounted_micro, share.revision,
       share.rule_version
FROM squads.distributions AS shared
JOIN squads.harvest_distributions_in_force AS share ON share.squad_id = shared.squad_id
LEFT JOIN squads.restated_facts AS restated
    ON restated.fact = format('payout:%s:%s', replace(share.squad_id, ':', '%3A'), share.agent_id)
LEFT JOIN squads.transfers AS paid
    ON paid.idempotency_key = format('payout:%s:%s', replace(share.squad_id, ':', '%3A'), share.agent_id)
   AND paid.kind = 'payout'
WHERE shared.effective_on BETWEEN coalesce(:first, '-infinity'::date) AND coalesce(:last, 'infinity'::date)
ORDER BY share.squad_id, share.agent_id COLLATE "C"
""")

# As `pool_inputs.sources`, but of the moment of the sharing-out. An account that was closed at that very moment,
# as a simulation's clock allows, was open if it was refunded.
_RETURNED = text("""
WITH home AS MATERIALIZED (
    SELECT shared.squad_id AS home_id, squad.id AS squad_id, shared.distributed_at
    FROM squads.distributions AS shared
    JOIN squads.research_squads AS squad ON squad.id = shared.squad_id OR squad.merged_into = shared.squad_id
    WHERE shared.effective_on BETWEEN coalesce(:first, '-infinity'::date) AND coalesce(:last, 'infinity'::date)
      AND shared.manner = 'refund'
),
given AS (
    SELECT home.home_id, home.distributed_at, source.name, source.closed_at, sum(given.amount_micro) AS amount_micro
    FROM home
    JOIN squads.pool_sources AS given USING (squad_id)
    JOIN squads.accounts AS source ON source.id = given.account_id
    WHERE NOT EXISTS (SELECT FROM home AS within WHERE within.home_id = home.home_id AND source.kind = 'squad'
                      AND within.squad_id = source.owner_id)
    GROUP BY home.home_id, home.distributed_at, source.id
    HAVING sum(given.amount_micro) > 0
),
stood AS (
    SELECT given.home_id AS squad_id,
           CASE WHEN given.closed_at <= given.distributed_at
                     AND NOT (given.closed_at = given.distributed_at AND paid.id IS NOT NULL)
                THEN 'treasury' ELSE given.name END AS account,
           sum(given.amount_micro)::bigint AS granted_micro
    FROM given
    LEFT JOIN squads.transfers AS paid
        ON paid.idempotency_key = format('refund:%s:%s', replace(given.home_id, ':', '%3A'), given.name)
    GROUP BY 1, 2
)
SELECT stood.*, paid.amount_micro AS posted_micro
FROM stood
LEFT JOIN squads.transfers AS paid
    ON paid.idempotency_key = format('refund:%s:%s', replace(stood.squad_id, ':', '%3A'), stood.account)
   AND paid.kind = 'refund'
""")

# What was decided, not who ran it: the same decision has the same fingerprint, whatever the order of rows.
_DAYS = text("""
SELECT count(DISTINCT shared.squad_id) AS squads, count(*) FILTER (WHERE share.share_micro > 0) AS shares,
       coalesce(sum(share.share_micro), 0)::bigint AS shared_micro,
       coalesce(sum(('x' || left(md5(ROW(shared.squad_id, shared.manner, shared.pool_micro, shared.total_score,
                                         shared.members, share.agent_id, share.revision, share.role, share.score,
                                         share.share_micro, share.rounded_up, shared.policy_id,
                                         shared.rule_version)::text), 16))::bit(64)::bigint), 0) AS fingerprint
FROM squads.distributions AS shared
LEFT JOIN squads.harvest_distributions_in_force AS share ON share.squad_id = shared.squad_id
WHERE shared.effective_on BETWEEN :first AND :last
""")

_LARGEST = text("""
SELECT squad_id, manner, pool_micro, members FROM squads.distributions WHERE effective_on = :day
ORDER BY pool_micro DESC, squad_id LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Summary:
    """The sharings-out of some days: squads, shares, µT paid to members, and a hash of what was decided."""

    squads: int
    shares: int
    shared_micro: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool among the largest that were shared out on a day, µT."""

    squad_id: str
    manner: str
    pool_micro: int
    members: int


def between(connection: Connection, first: date | None, last: date | None) -> list[Distributed]:
    """The sharings-out of some days; None leaves that end open."""
    return [Distributed(*row) for row in connection.execute(_BETWEEN, {"first": first, "last": last})]


def shares(connection: Connection, first: date | None, last: date | None) -> Mapping[str, list[Stored]]:
    """Squad → its members' shares of some days, in the order of the members' ids."""
    found: dict[str, list[Stored]] = {}
    for row in connection.execute(_SHARES, {"first": first, "last": last}):
        stored = Stored(
            Work(*row[1:7]),
            row.score_ppm,
            row.share_micro,
            bool(row.rounded_up),
            row.amount_micro,
            int(row.accounted_micro),
            row.revision,
            row.rule_version,
        )
        found.setdefault(row.squad_id, []).append(stored)
    return found


def returned(
    connection: Connection, first: date | None, last: date | None
) -> Mapping[str, dict[str, Returned]]:
    """Squad → account → what it stood for and got back, of the refunds of some days."""
    found: dict[str, dict[str, Returned]] = {}
    for row in connection.execute(_RETURNED, {"first": first, "last": last}):
        found.setdefault(row.squad_id, {})[row.account] = Returned(row.granted_micro, row.posted_micro)
    return found


def summary(connection: Connection, first: date, last: date) -> Summary:
    """Sum up the sharings-out of the days from ``first`` to ``last``. Index: distributions_effective_on_idx."""
    row = connection.execute(_DAYS, {"first": first, "last": last}).one()
    fingerprint = f"{row.squads}-{int(row.fingerprint) % 2**64:016x}"
    return Summary(row.squads, row.shares, row.shared_micro, fingerprint)


def largest(connection: Connection, day: date, limit: int) -> list[Pool]:
    """The largest pools of a day, the largest first. Index: distributions_effective_on_idx."""
    return [Pool(*row) for row in connection.execute(_LARGEST, {"day": day, "limit": limit})]
