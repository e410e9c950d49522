"""Reading what squads' statements are made of: pools, flows, and whether stated balances are the ledger's.

A fact belongs to the day that its transfer carries (`effective_on`), and to nothing else. So an opening is
the balance now less everything that belongs to the day or a later one. That is exact also when a clock was
set back between two transfers, which the newest entry before midnight would not be; and it costs what lies
between the day and now, which for the statements that are made daily is next to nothing.
"""

from dataclasses import dataclass
from datetime import date

import pandas as pd
from sqlalchemy import BigInteger, Column, Connection, Date, Text, TextClause, text

from squads_pipeline.store.marts import frame

# transfers_effective_on_brin finds the first page of the day; from there on it reads to the end.
_LEGS = """
    SELECT effective_on, kind, to_account_id AS account_id, amount_micro
    FROM squads.transfers WHERE effective_on >= :first
    UNION ALL
    SELECT effective_on, kind, from_account_id, -amount_micro
    FROM squads.transfers WHERE effective_on >= :first
"""

_POOLS = text(f"""
SELECT pool.owner_id AS squad_id, squads.utc_day(pool.opened_at) AS opened_on,
       (pool.balance_micro - coalesce(since.amount_micro, 0))::bigint AS opening_micro
FROM squads.accounts AS pool
LEFT JOIN (SELECT account_id, sum(amount_micro) AS amount_micro FROM ({_LEGS}) AS leg
           GROUP BY account_id) AS since
    ON since.account_id = pool.id
WHERE pool.kind = 'squad'
ORDER BY squad_id
""")  # noqa: S608  # the text is ours

_FLOWS = text(f"""
SELECT leg.effective_on, pool.owner_id AS squad_id,
       CASE WHEN leg.amount_micro < 0 THEN 'out' ELSE leg.kind END AS kind,
       sum(abs(leg.amount_micro))::bigint AS amount_micro
FROM ({_LEGS}) AS leg
JOIN squads.accounts AS pool ON pool.id = leg.account_id AND pool.kind = 'squad'
WHERE leg.effective_on <= :last
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
""")  # noqa: S608  # the text is ours

_POOL_COLUMNS = (
    Column("squad_id", Text),
    Column("opened_on", Date),
    Column("opening_micro", BigInteger),
)
_FLOW_COLUMNS = (
    Column("effective_on", Date),
    Column("squad_id", Text),
    Column("kind", Text),
    Column("amount_micro", BigInteger),
)


def pools(connection: Connection, first: date) -> pd.DataFrame:
    """Every squad's pool at the start of a day: ``squad_id, opened_on, opening_micro``.

    Call it in one snapshot with `flows`, or a transfer between the two reads would be lost.
    """
    return frame(_POOL_COLUMNS, connection.execute(_POOLS, {"first": first}))


def flows(connection: Connection, first: date, last: date) -> pd.DataFrame:
    """What moved: ``effective_on, squad_id, kind, amount_micro``, kind ``out`` for all that left a pool."""
    return frame(_FLOW_COLUMNS, connection.execute(_FLOWS, {"first": first, "last": last}))


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A stated balance that is not the ledger's.

    Attributes:
        effective_on: day of the statement.
        squad_id: squad.
        stated_micro: balance at the end of the day as stated, µT.
        ledger_micro: the same by the entries now, µT.
        behind: True if the pool did have the stated balance during that day: the statement is older than the
            day's last entry and not wrong.
    """

    effective_on: date
    squad_id: str
    stated_micro: int
    ledger_micro: int
    behind: bool


_CLOSINGS = """
    SELECT effective_on, squad_id, closing_micro AS stated_micro
    FROM marts.squad_pools WHERE effective_on BETWEEN :first AND :last
"""

# An opening speaks of the day before. Where it differs from that day's own closing, both are looked at.
_OPENINGS = """
    SELECT effective_on - 1 AS effective_on, squad_id, opening_micro AS stated_micro
    FROM marts.squad_pools WHERE effective_on BETWEEN :first AND :last
    UNION ALL
    SELECT earlier.effective_on, earlier.squad_id, earlier.closing_micro
    FROM marts.squad_pools AS earlier
    JOIN marts.squad_pools AS statement
        ON statement.squad_id = earlier.squad_id AND statement.effective_on = earlier.effective_on + 1
    WHERE statement.effective_on BETWEEN :first AND :last AND statement.opening_micro <> earlier.closing_micro
"""

# The ledger's side comes from entries, the statement's came from transfers: two tables must agree. It too
# goes backwards from the balance now: what the days after the stated one changed is taken off.
_MISMATCHES = """
WITH later AS MATERIALIZED (
    SELECT entry.account_id, transfer.effective_on, entry.amount_micro,
           entry.balance_after_micro AS after_micro,
           entry.balance_after_micro - entry.amount_micro AS before_micro
    FROM squads.transfers AS transfer
    JOIN squads.entries AS entry ON entry.transfer_id = transfer.id
    WHERE transfer.effective_on >= CAST(:first AS date) - 1
),
passed AS (
    SELECT account_id, effective_on, after_micro AS balance_micro FROM later
    UNION ALL
    SELECT account_id, effective_on, before_micro FROM later
),
daily AS (
    SELECT account_id, effective_on, sum(amount_micro) AS amount_micro
    FROM later GROUP BY account_id, effective_on
),
stated AS (
    SELECT pool.id AS account_id, said.effective_on, said.squad_id, said.stated_micro, pool.balance_micro
    FROM ({stated}) AS said
    JOIN squads.accounts AS pool ON pool.kind = 'squad' AND pool.owner_id = said.squad_id
),
ended AS (
    SELECT account_id, effective_on,
           (balance_micro - coalesce(sum(amount_micro) OVER later_days, 0))::bigint AS ledger_micro
    FROM (SELECT DISTINCT account_id, effective_on, balance_micro FROM stated) AS asked
    FULL JOIN daily USING (account_id, effective_on)
    WINDOW later_days AS (PARTITION BY account_id ORDER BY effective_on DESC
                          RANGE BETWEEN UNBOUNDED PRECEDING AND '1 day' PRECEDING)
)
SELECT effective_on, squad_id, stated_micro, ledger_micro,
       EXISTS (SELECT FROM passed
               WHERE passed.account_id = stated.account_id AND passed.effective_on = stated.effective_on
                 AND passed.balance_micro = stated.stated_micro) AS behind
FROM stated JOIN ended USING (account_id, effective_on)
WHERE stated_micro <> ledger_micro
ORDER BY effective_on, squad_id
"""

_CLOSING_MISMATCHES = text(_MISMATCHES.format(stated=_CLOSINGS))
_OPENING_MISMATCHES = text(_MISMATCHES.format(stated=_OPENINGS))


def closing_mismatches(connection: Connection, first: date, last: date) -> list[Mismatch]:
    """Closings, stated for the days from ``first`` to ``last``, that the entries do not give."""
    return _mismatches(connection, _CLOSING_MISMATCHES, first, last)


def opening_mismatches(connection: Connection, first: date, last: date) -> list[Mismatch]:
    """Openings, and closings of the day before, that the entries do not give; the day is the day before."""
    return _mismatches(connection, _OPENING_MISMATCHES, first, last)


def _mismatches(connection: Connection, statement: TextClause, first: date, last: date) -> list[Mismatch]:
    return [Mismatch(*row) for row in connection.execute(statement, {"first": first, "last": last})]
