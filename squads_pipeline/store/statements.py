"""Reading what statements are made of: what holders had when a day began, and what moved.

A fact belongs to the day that its transfer carries (`effective_on`), and to nothing else. So an opening is
the balance now less everything that belongs to the day or a later one. That is exact also when a clock was
set back between two transfers, which the newest entry before midnight would not be; and it costs what lies
between the day and now, which for the statements that are made daily is next to nothing.

Whether what was stated is the ledger's: `statement_checks`.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

import pandas as pd
from sqlalchemy import BigInteger, Column, Connection, Date, Text, text

from squads_pipeline.store.marts import frame


@dataclass(frozen=True, slots=True)
class Book:
    """Whose money a mart states. Its texts become SQL, so they are written here and nowhere else.

    Attributes:
        mart: the mart, in schema ``marts``.
        holder: its column that says whose statement it is.
        noun: what a holder is called in a sentence.
        held_by: SQL for the holder of the account ``account``.
        chosen: SQL for whether the account ``account`` belongs in the book.
    """

    mart: str
    holder: str
    noun: str
    held_by: str
    chosen: str


SQUADS: Final = Book("squad_pools", "squad_id", "squad", "account.owner_id", "account.kind = 'squad'")
AGENTS: Final = Book("agent_statements", "agent_id", "agent", "account.owner_id", "account.kind = 'wallet'")
SUPPLY: Final = Book("token_supply", "account_kind", "kind", "account.kind", "true")

# transfers_effective_on_brin finds the first page of the day; from there on it reads to the end.
_LEGS = """
    SELECT effective_on, kind, to_account_id AS account_id, amount_micro
    FROM squads.transfers WHERE effective_on >= :first
    UNION ALL
    SELECT effective_on, kind, from_account_id, -amount_micro
    FROM squads.transfers WHERE effective_on >= :first
"""

_HOLDERS = f"""
SELECT {{book.held_by}} AS holder, min(squads.utc_day(account.opened_at)) AS opened_on,
       sum(account.balance_micro - coalesce(since.amount_micro, 0))::bigint AS opening_micro
FROM squads.accounts AS account
LEFT JOIN (SELECT account_id, sum(amount_micro) AS amount_micro FROM ({_LEGS}) AS leg
           GROUP BY account_id) AS since
    ON since.account_id = account.id
WHERE {{book.chosen}}
GROUP BY 1
ORDER BY 1
"""  # noqa: S608  # the text is ours

_FLOWS = f"""
SELECT leg.effective_on, {{book.held_by}} AS holder, leg.kind, sum(leg.amount_micro)::bigint AS amount_micro
FROM ({_LEGS}) AS leg
JOIN squads.accounts AS account ON account.id = leg.account_id AND {{book.chosen}}
WHERE leg.effective_on <= :last
GROUP BY 1, 2, 3, leg.amount_micro > 0
ORDER BY 1, 2, 3, 4
"""  # noqa: S608  # the text is ours


def holders(connection: Connection, book: Book, first: date) -> pd.DataFrame:
    """What every holder had when a day began: the book's holder, ``opened_on, opening_micro``.

    Call it in one snapshot with `flows`, or a transfer between the two reads would be lost.
    """
    columns = (Column(book.holder, Text), Column("opened_on", Date), Column("opening_micro", BigInteger))
    return frame(columns, connection.execute(text(_HOLDERS.format(book=book)), {"first": first}))


def flows(connection: Connection, book: Book, first: date, last: date) -> pd.DataFrame:
    """What moved: ``effective_on``, the book's holder, ``kind, amount_micro``, negative for what went out.

    What a holder received and what it gave are two rows, also when they are of one kind.
    """
    columns = (
        Column("effective_on", Date),
        Column(book.holder, Text),
        Column("kind", Text),
        Column("amount_micro", BigInteger),
    )
    span = {"first": first, "last": last}
    return frame(columns, connection.execute(text(_FLOWS.format(book=book)), span))
