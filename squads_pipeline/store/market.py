"""Reading what the marts of squads, targets and payments are made of, as things stood at the end of a day.

The end of today is now. What has no history of its own, a squad's name and dates and a target's importance, is
read as it is now.
"""

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
from sqlalchemy import BigInteger, Column, Connection, Date, DateTime, Integer, Numeric, Text, text

from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import policies
from squads_pipeline.store.marts import frame


@dataclass(frozen=True, slots=True)
class Terms:
    """What a day's market goes by.

    Attributes:
        as_of: the end of the day, or now.
        policy: in force then; the first that ever was, for a day before it.
        matching_pool_micro: what the matching pool held then, µT.
    """

    as_of: datetime
    policy: Policy
    matching_pool_micro: int


_AS_OF = """
SELECT least(squads.clock(), (CAST(:day AS date) + 1)::timestamp AT TIME ZONE 'UTC') AS moment
"""

# What later days moved is taken off the balance now; transfers_effective_on_brin finds them.
_BALANCES = """
SELECT account.id, account.kind, account.owner_id,
       account.balance_micro - coalesce(later.amount_micro, 0)::bigint AS balance_micro
FROM squads.accounts AS account
LEFT JOIN (SELECT account_id, sum(amount_micro) AS amount_micro
           FROM (SELECT to_account_id AS account_id, amount_micro FROM squads.transfers WHERE effective_on > :day
                 UNION ALL
                 SELECT from_account_id, -amount_micro FROM squads.transfers WHERE effective_on > :day) AS leg
           GROUP BY account_id) AS later ON later.account_id = account.id
WHERE account.kind IN ('squad', 'matching_pool')
"""

# Added up once: joined as it stands, it is added up again for each squad under some plans.
_POOLS = f"""
SELECT owner_id, balance_micro FROM ({_BALANCES}) AS held WHERE kind = 'squad'
"""  # noqa: S608  # the text is ours

# The last edge of the day or before; squad_events_pkey. It is the status now unless later days have edges.
_STATUSES = """
SELECT squad.*, past.to_status AS status_then
FROM squads.research_squads AS squad
CROSS JOIN LATERAL (SELECT to_status FROM squads.squad_events
                    WHERE squad_id = squad.id AND effective_on <= :day
                    ORDER BY event_no DESC LIMIT 1) AS past
"""

_TERMS = text(f"""
SELECT as_of.moment,
       (SELECT policy_id FROM squads.policy_adoptions
        ORDER BY adopted_at <= as_of.moment DESC, CASE WHEN adopted_at <= as_of.moment THEN -id ELSE id END
        LIMIT 1) AS policy_id,
       (SELECT balance_micro FROM ({_BALANCES}) AS held WHERE kind = 'matching_pool') AS matching_pool_micro
FROM ({_AS_OF}) AS as_of
""")  # noqa: S608  # the text is ours


def terms(connection: Connection, day: date) -> Terms:
    """The terms of a day's market."""
    row = connection.execute(_TERMS, {"day": day}).one()
    return Terms(row.moment, policies.by_id(connection, row.policy_id), row.matching_pool_micro)


_SQUAD_COLUMNS = (
    Column("squad_id", Text),
    Column("name", Text),
    Column("status", Text),
    Column("target_artifact_type", Text),
    Column("target_artifact_id", Text),
    Column("importance_ppm", Integer),
    Column("pool_micro", BigInteger),
    Column("contributors", Integer),
    Column("root_sum", Numeric(60, 0)),
    Column("contributed_micro", BigInteger),
    Column("matched_micro", BigInteger),
    Column("members", Integer),
    Column("ends_at", DateTime(timezone=True)),
)

# A round writes a row for every squad that it claims from or pays, so a squad's newest row up to a day is its
# standing then: qf_matches_squad_id_round_id_idx, from its end. Today's are at hand in qf_standings.
_SQUADS = text(f"""
WITH open AS MATERIALIZED (
    SELECT * FROM ({_STATUSES}) AS squad WHERE status_then IN ('forming', 'recruiting', 'active')
),
pool AS MATERIALIZED ({_POOLS}),
standing AS (
    SELECT squad_id, contributors, root_sum, contributed_micro, matched_micro
    FROM squads.qf_standings WHERE :day >= squads.utc_day(squads.clock())
    UNION ALL
    SELECT newest.* FROM open
    CROSS JOIN LATERAL (
        SELECT squad_id, contributors, root_sum, contributed_micro, matched_before_micro + match_micro
        FROM squads.qf_matches
        WHERE squad_id = open.id AND effective_on <= :day
        ORDER BY round_id DESC, revision DESC LIMIT 1
    ) AS newest
    WHERE :day < squads.utc_day(squads.clock())
)
SELECT open.id, open.name, open.status_then, open.target_artifact_type, open.target_artifact_id,
       target.importance_ppm, coalesce(pool.balance_micro, 0), coalesce(standing.contributors, 0),
       coalesce(standing.root_sum, 0), coalesce(standing.contributed_micro, 0),
       coalesce(standing.matched_micro, 0),
       (SELECT count(*) FROM squads.members_at(open.id, as_of.moment)),
       CASE open.status_then WHEN 'recruiting' THEN open.recruitment_closes_at
                             WHEN 'active' THEN open.target_disband_at END
FROM open
CROSS JOIN ({_AS_OF}) AS as_of
LEFT JOIN pool ON pool.owner_id = open.id
LEFT JOIN standing ON standing.squad_id = open.id
LEFT JOIN squads.knowledge_gaps AS target
    ON target.artifact_type = open.target_artifact_type AND target.artifact_id = open.target_artifact_id
ORDER BY open.id
""")  # noqa: S608  # the text is ours


def open_squads(connection: Connection, day: date) -> pd.DataFrame:
    """Squads that were forming, recruiting or active at the end of a day, as `marts.squad_market` wants them.

    Members are those who were in the squad then, whatever it was merged with since. Two things are not kept: when
    somebody left who came back later, who counts from the return on; and when somebody left one of two squads who was
    in the other when they merged, who counts as if still there. `squads.members_at` says why.
    """
    return frame(_SQUAD_COLUMNS, connection.execute(_SQUADS, {"day": day}))


_TARGET_COLUMNS = (
    Column("artifact_type", Text),
    Column("importance_ppm", Integer),
    Column("pool_micro", BigInteger),
    Column("waits_seconds", BigInteger),
)

# A target has waited since its last root squad was disbanded, or since it became known.
_TARGETS = text(f"""
WITH root AS MATERIALIZED (
    SELECT squad.* FROM ({_STATUSES}) AS squad WHERE parent_squad_id IS NULL
),
pool AS MATERIALIZED ({_POOLS})
SELECT target.artifact_type, target.importance_ppm, live.balance_micro,
       greatest(floor(extract(epoch FROM as_of.moment - greatest(target.created_at, former.ended_at))), 0)::bigint
FROM squads.knowledge_gaps AS target
CROSS JOIN ({_AS_OF}) AS as_of
LEFT JOIN (SELECT root.target_artifact_type, root.target_artifact_id,
                  sum(pool.balance_micro)::bigint AS balance_micro
           FROM root LEFT JOIN pool ON pool.owner_id = root.id
           WHERE root.status_then <> 'disbanded' GROUP BY 1, 2) AS live
    ON live.target_artifact_type = target.artifact_type AND live.target_artifact_id = target.artifact_id
LEFT JOIN (SELECT target_artifact_type, target_artifact_id, max(disbanded_at) AS ended_at
           FROM root WHERE status_then = 'disbanded' GROUP BY 1, 2) AS former
    ON former.target_artifact_type = target.artifact_type AND former.target_artifact_id = target.artifact_id
WHERE squads.utc_day(target.created_at) <= :day
  AND (target.closed_at IS NULL OR squads.utc_day(target.closed_at) > :day)
ORDER BY target.artifact_type, target.artifact_id
""")  # noqa: S608  # the text is ours


def open_targets(connection: Connection, day: date) -> pd.DataFrame:
    """Targets that were open at the end of a day, as `marts.gap_coverage` wants them."""
    return frame(_TARGET_COLUMNS, connection.execute(_TARGETS, {"day": day}))


_PAYMENT_COLUMNS = (
    Column("effective_on", Date),
    Column("kind", Text),
    Column("receiver", Text),
    Column("amount_micro", BigInteger),
)

# transfers_effective_on_brin.
_PAYMENTS = text("""
SELECT transfer.effective_on, transfer.kind, receiver.owner_id, sum(transfer.amount_micro)::bigint
FROM squads.transfers AS transfer
JOIN squads.accounts AS receiver ON receiver.id = transfer.to_account_id
WHERE transfer.effective_on BETWEEN :first AND :last AND transfer.kind IN ('match', 'payout', 'dividend')
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
""")


def payments(connection: Connection, first: date, last: date) -> pd.DataFrame:
    """What each receiver got on each of some days by matches, payouts and dividends."""
    return frame(_PAYMENT_COLUMNS, connection.execute(_PAYMENTS, {"first": first, "last": last}))
