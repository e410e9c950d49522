"""Reading what charts are drawn from, a UTC day at a time, as exact DataFrames. How they are drawn: `marts.plots`."""

from datetime import date
from typing import Final

import pandas as pd
from sqlalchemy import BigInteger, Column, Connection, Integer, Numeric, Text, func, select, text

from squads_pipeline.store.marts import frame
from squads_pipeline.store.schema import metadata
from squads_pipeline.store.schema.base import MARTS, SCHEMA

# Index: qf_matches_effective_on_idx. A restated match counts as restated; crowd and money are the last round's.
_MATCHES = text("""
WITH newest AS (
    SELECT DISTINCT ON (round_id, squad_id) round_id, squad_id, contributors, contributed_micro, match_micro
    FROM squads.qf_matches WHERE effective_on = :day
    ORDER BY round_id, squad_id, revision DESC
)
SELECT squad_id, (array_agg(contributors ORDER BY round_id DESC))[1] AS contributors,
       (array_agg(contributed_micro ORDER BY round_id DESC))[1] AS contributed_micro,
       sum(match_micro)::bigint AS match_micro
FROM newest
GROUP BY squad_id
ORDER BY squad_id
""")
_MATCH_COLUMNS: Final = (
    Column("squad_id", Text),
    Column("contributors", Integer),
    Column("contributed_micro", BigInteger),
    Column("match_micro", BigInteger),
)

# Index: harvest_distributions_effective_on_idx.
_SHARES = text("""
SELECT DISTINCT ON (squad_id, agent_id) squad_id, agent_id, share_micro
FROM squads.harvest_distributions WHERE effective_on = :day
ORDER BY squad_id, agent_id, revision DESC
""")
_SHARE_COLUMNS: Final = (
    Column("squad_id", Text),
    Column("agent_id", Text),
    Column("share_micro", BigInteger),
)

# Index: policy_calibration_effective_on_idx. The day's last calibration says the most.
_RANKS = text("""
WITH newest AS (
    SELECT evidence, rank_correlation FROM squads.policy_calibration
    WHERE effective_on = :day ORDER BY id DESC LIMIT 1
)
SELECT compared.agent AS agent_id, compared.paid_rank, compared.credit_rank,
       (newest.evidence ->> 'agents_compared')::int AS agents, newest.rank_correlation
FROM newest
CROSS JOIN LATERAL jsonb_to_recordset(newest.evidence -> 'agents')
    AS compared(agent text, paid_rank numeric, credit_rank numeric)
ORDER BY compared.paid_rank, compared.agent
""")
_RANK_COLUMNS: Final = (
    Column("agent_id", Text),
    Column("paid_rank", Numeric(12, 1)),
    Column("credit_rank", Numeric(12, 1)),
    Column("agents", Integer),
    Column("rank_correlation", Numeric(8, 6)),
)


def matches(connection: Connection, day: date) -> pd.DataFrame:
    """Crowd, money and match of each squad that a day's rounds weighed, as `marts.plots.crowds` draws them."""
    return frame(_MATCH_COLUMNS, connection.execute(_MATCHES, {"day": day}))


def shares(connection: Connection, day: date) -> pd.DataFrame:
    """Each member's share of each pool that was shared out on a day, as `marts.plots.shares` draws them."""
    return frame(_SHARE_COLUMNS, connection.execute(_SHARES, {"day": day}))


def ranks(connection: Connection, day: date) -> pd.DataFrame:
    """The ranks that a day's last calibration compared, as `marts.plots.ranks` draws them."""
    return frame(_RANK_COLUMNS, connection.execute(_RANKS, {"day": day}))


def newest_day(connection: Connection, asset: str, until: date | None = None) -> date | None:
    """The newest day of which an asset's table has rows; None if there is none.

    Args:
        connection: reads.
        asset: whose table it is.
        until: only days up to this one.
    """
    found = metadata.tables.get(f"{MARTS}.{asset}")
    table = metadata.tables[f"{SCHEMA}.{asset}"] if found is None else found
    query = select(func.max(table.c.effective_on))
    if until is not None:
        query = query.where(table.c.effective_on <= until)
    day: date | None = connection.scalar(query)
    return day
