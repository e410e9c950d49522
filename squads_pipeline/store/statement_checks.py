"""Looking for statements that are not the ledger's: wrong balances, days that do not add up. No repair."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from squads_pipeline.store.statements import Book


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A stated balance that is not the ledger's.

    Attributes:
        effective_on: day of the statement.
        holder: whose statement.
        stated_micro: balance at the end of the day as stated, µT.
        ledger_micro: the same by the entries now, µT.
        behind: True if the account did have the stated balance during that day: the statement is older than the
            day's last entry and not wrong.
    """

    effective_on: date
    holder: str
    stated_micro: int
    ledger_micro: int
    behind: bool


# Who is not stated on a day is stated to have nothing, so who had something the day before is looked at too.
_CLOSINGS = """
    SELECT effective_on, {book.holder} AS holder, closing_micro AS stated_micro
    FROM marts.{book.mart} WHERE effective_on BETWEEN :first AND :last
    UNION ALL
    SELECT earlier.effective_on + 1, earlier.{book.holder}, 0
    FROM marts.{book.mart} AS earlier
    WHERE earlier.effective_on + 1 BETWEEN :first AND :last AND earlier.closing_micro <> 0
      AND EXISTS (SELECT FROM marts.{book.mart} WHERE effective_on = earlier.effective_on + 1)
      AND NOT EXISTS (SELECT FROM marts.{book.mart} AS statement
                      WHERE statement.effective_on = earlier.effective_on + 1
                        AND statement.{book.holder} = earlier.{book.holder})
"""

# An opening speaks of the day before. Where it differs from that day's own closing, both are looked at.
_OPENINGS = """
    SELECT effective_on - 1 AS effective_on, {book.holder} AS holder, opening_micro AS stated_micro
    FROM marts.{book.mart} WHERE effective_on BETWEEN :first AND :last
    UNION ALL
    SELECT statement.effective_on - 1, statement.{book.holder}, coalesce(earlier.closing_micro, 0)
    FROM marts.{book.mart} AS statement
    LEFT JOIN marts.{book.mart} AS earlier
        ON earlier.{book.holder} = statement.{book.holder}
       AND earlier.effective_on = statement.effective_on - 1
    WHERE statement.effective_on BETWEEN :first AND :last
      AND statement.opening_micro <> coalesce(earlier.closing_micro, 0)
      AND EXISTS (SELECT FROM marts.{book.mart} WHERE effective_on = statement.effective_on - 1)
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
    SELECT account.id AS account_id, said.effective_on, said.holder, said.stated_micro, account.balance_micro
    FROM ({stated}) AS said
    JOIN squads.accounts AS account ON {chosen} AND {held_by} = said.holder
),
ended AS (
    SELECT account_id, effective_on,
           (balance_micro - coalesce(sum(amount_micro) OVER later_days, 0))::bigint AS ledger_micro
    FROM (SELECT DISTINCT account_id, effective_on, balance_micro FROM stated) AS asked
    FULL JOIN daily USING (account_id, effective_on)
    WINDOW later_days AS (PARTITION BY account_id ORDER BY effective_on DESC
                          RANGE BETWEEN UNBOUNDED PRECEDING AND '1 day' PRECEDING)
)
SELECT effective_on, holder, stated_micro, ledger_micro,
       EXISTS (SELECT FROM passed
               WHERE passed.account_id = stated.account_id AND passed.effective_on = stated.effective_on
                 AND passed.balance_micro = stated.stated_micro) AS behind
FROM stated JOIN ended USING (account_id, effective_on)
WHERE stated_micro <> ledger_micro
ORDER BY effective_on, holder
"""


def closing_mismatches(connection: Connection, book: Book, first: date, last: date) -> list[Mismatch]:
    """Closings, stated for the days from ``first`` to ``last``, that the entries do not give."""
    return _mismatches(connection, _CLOSINGS, book, first, last)


def opening_mismatches(connection: Connection, book: Book, first: date, last: date) -> list[Mismatch]:
    """Openings, and closings of the day before, that the entries do not give; the day is the day before."""
    return _mismatches(connection, _OPENINGS, book, first, last)


def _mismatches(connection: Connection, said: str, book: Book, first: date, last: date) -> list[Mismatch]:
    stated = said.format(book=book)
    statement = text(_MISMATCHES.format(stated=stated, chosen=book.chosen, held_by=book.held_by))
    return [Mismatch(*row) for row in connection.execute(statement, {"first": first, "last": last})]


@dataclass(frozen=True, slots=True)
class Imbalance:
    """A column of a day's token supply that does not sum to zero.

    Attributes:
        effective_on: day of the statement.
        what: the sum.
        micro: what it is, µT.
    """

    effective_on: date
    what: str
    micro: int


# The primary key of the mart finds the days.
_IMBALANCES = text("""
SELECT effective_on, what, micro::bigint
FROM (SELECT effective_on, sum(opening_micro) AS opening, sum(minted_micro) AS minted,
             sum(received_micro) - sum(paid_micro) AS moved, sum(closing_micro) AS closing
      FROM marts.token_supply WHERE effective_on BETWEEN :first AND :last
      GROUP BY effective_on) AS day
CROSS JOIN LATERAL (VALUES (1, 'openings', opening), (2, 'minted', minted),
                           (3, 'received less paid', moved), (4, 'closings', closing)) AS total (no, what, micro)
WHERE micro <> 0
ORDER BY effective_on, no
""")


def imbalances(connection: Connection, first: date, last: date) -> list[Imbalance]:
    """Sums over all kinds of accounts, stated for the days from ``first`` to ``last``, that are not zero."""
    return [Imbalance(*row) for row in connection.execute(_IMBALANCES, {"first": first, "last": last})]


# What a kind held after each transfer goes backwards from its balances now, by entries; a kind that held the
# stated sum at some moment of the day was stated before the day's last transfer. transfers_effective_on_brin.
_SUPPLY_MISMATCHES = text("""
WITH moved AS MATERIALIZED (
    SELECT transfer.effective_on, transfer.id, account.kind, sum(entry.amount_micro) AS amount_micro
    FROM squads.transfers AS transfer
    JOIN squads.entries AS entry ON entry.transfer_id = transfer.id
    JOIN squads.accounts AS account ON account.id = entry.account_id
    WHERE transfer.effective_on >= :first
    GROUP BY transfer.id, account.kind
),
held AS MATERIALIZED (SELECT kind, sum(balance_micro) AS balance_micro FROM squads.accounts GROUP BY kind),
passed AS MATERIALIZED (
    SELECT moved.kind, moved.effective_on, moved.amount_micro,
           held.balance_micro - sum(moved.amount_micro) OVER (PARTITION BY moved.kind)
               + sum(moved.amount_micro) OVER (PARTITION BY moved.kind ORDER BY moved.effective_on, moved.id)
               AS after_micro
    FROM moved JOIN held USING (kind)
),
compared AS (
    SELECT supply.effective_on, supply.account_kind, supply.closing_micro,
           coalesce((SELECT balance_micro FROM held WHERE kind = supply.account_kind), 0)
           - coalesce((SELECT sum(amount_micro) FROM moved
                       WHERE kind = supply.account_kind AND effective_on > supply.effective_on), 0) AS ledger_micro
    FROM marts.token_supply AS supply
    WHERE supply.effective_on BETWEEN :first AND :last
)
SELECT effective_on, account_kind, closing_micro, ledger_micro::bigint,
       EXISTS (SELECT FROM passed
               WHERE passed.kind = account_kind AND passed.effective_on = compared.effective_on
                 AND closing_micro IN (after_micro, after_micro - amount_micro)) AS behind
FROM compared
WHERE closing_micro <> ledger_micro
ORDER BY effective_on, account_kind
""")


def supply_mismatches(connection: Connection, first: date, last: date) -> list[Mismatch]:
    """Closings of kinds of accounts, stated for some days, that the entries do not give."""
    return [Mismatch(*row) for row in connection.execute(_SUPPLY_MISMATCHES, {"first": first, "last": last})]
