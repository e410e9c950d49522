"""Set-wise refusals of staged rows, by what the database knows; `imports` has the rest of an import's SQL.

Form was checked before a row was staged. Each function refuses good rows of ``import_rows`` for one reason
and leaves those refused before as they are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Connection, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from squads_pipeline.store.schema.squads import FUNDABLE_STATUSES

_FETCHED_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Unaffordable:
    """A row that its agent's wallet cannot pay, and the words for it."""

    row: int
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Demand:
    """A row of a wallet that cannot pay all of its agent's rows; amounts in µT."""

    agent: str
    balance_micro: int
    row: int
    amount_micro: int


_REFUSE_REPEATED = text("""
UPDATE pg_temp.import_rows AS later
SET field = 'row', value = later.row_no::text, reason = format('says the same as row %s', first.row_no),
    remedy = 'leave it out, or tell two contributions apart by ts or round',
    category = 'row repeats an earlier one'
FROM (SELECT key, min(row_no) AS row_no FROM pg_temp.import_rows
      WHERE reason IS NULL GROUP BY key HAVING count(*) > 1) AS first
WHERE later.key = first.key AND later.row_no > first.row_no
""")


def refuse_repeated(connection: Connection) -> None:
    """Refuse each row that says the same as an earlier one of the file."""
    connection.execute(_REFUSE_REPEATED)


_REFUSE_UNKNOWN_SQUADS = text("""
UPDATE pg_temp.import_rows SET field = 'project_id', value = squad, reason = :reason, remedy = :remedy,
       category = 'project_id ' || :reason
WHERE reason IS NULL AND NOT EXISTS (SELECT FROM squads.research_squads AS known WHERE known.id = squad)
""").bindparams(bindparam("reason", type_=Text), bindparam("remedy", type_=Text))

_REFUSE_UNKNOWN_AGENTS = text("""
UPDATE pg_temp.import_rows SET field = 'contributor_id', value = agent, reason = :reason, remedy = :remedy,
       category = 'contributor_id ' || :reason
WHERE reason IS NULL AND NOT EXISTS (SELECT FROM squads.agents AS known WHERE known.id = agent)
""").bindparams(bindparam("reason", type_=Text), bindparam("remedy", type_=Text))


def refuse_unknown_squads(connection: Connection, *, reason: str, remedy: str) -> None:
    """Refuse the rows whose squad nobody knows."""
    connection.execute(_REFUSE_UNKNOWN_SQUADS, {"reason": reason, "remedy": remedy})


def refuse_unknown_agents(connection: Connection, *, reason: str, remedy: str) -> None:
    """Refuse the rows whose agent nobody knows."""
    connection.execute(_REFUSE_UNKNOWN_AGENTS, {"reason": reason, "remedy": remedy})


_HOLD_SQUADS = text("""
SELECT count(*) FROM (
    SELECT id FROM squads.research_squads
    WHERE id IN (SELECT squad FROM pg_temp.import_rows WHERE reason IS NULL)
    ORDER BY id FOR SHARE
) AS held
""")

_REFUSE_CLOSED = text("""
UPDATE pg_temp.import_rows AS new
SET field = 'project_id', value = squad, reason = format('is %s and takes no contributions', closed.status),
    remedy = :remedy, category = 'project_id is a squad that takes no contributions now'
FROM squads.research_squads AS closed
WHERE closed.id = new.squad AND new.reason IS NULL AND closed.status <> ALL (:fundable)
""").bindparams(bindparam("remedy", type_=Text), bindparam("fundable", type_=ARRAY(Text)))


def refuse_closed_squads(connection: Connection, *, remedy: str) -> None:
    """Hold every squad's status until the transaction ends, and refuse the rows of those not fundable."""
    connection.execute(_HOLD_SQUADS)
    connection.execute(_REFUSE_CLOSED, {"remedy": remedy, "fundable": list(FUNDABLE_STATUSES)})


_DEMANDS = text("""
WITH short AS (
    SELECT wallet.owner_id AS agent, wallet.balance_micro
    FROM pg_temp.import_rows AS new JOIN squads.accounts AS wallet ON wallet.name = 'wallet:' || new.agent
    WHERE new.reason IS NULL
    GROUP BY wallet.id
    HAVING sum(new.amount_micro) > wallet.balance_micro
)
SELECT new.agent, short.balance_micro, new.row_no, new.amount_micro
FROM pg_temp.import_rows AS new JOIN short USING (agent)
WHERE new.reason IS NULL
ORDER BY new.agent, new.row_no
""")


def demands_on_short_wallets(connection: Connection) -> Iterator[Demand]:
    """The good rows of all wallets that cannot pay for all of theirs, by agent and row, as a stream."""
    options = {"stream_results": True, "yield_per": _FETCHED_AT_ONCE}
    with connection.execute(_DEMANDS, execution_options=options) as rows:
        for row in rows:
            yield Demand(*row)


_REFUSE_UNAFFORDABLE = text("""
UPDATE pg_temp.import_rows AS new
SET field = 'amount', value = refused.value, reason = refused.reason, remedy = :remedy,
    category = 'contributor_id has too little in the wallet'
FROM unnest(CAST(:rows AS bigint[]), CAST(:values AS text[]), CAST(:reasons AS text[]))
    AS refused (row_no, value, reason)
WHERE new.row_no = refused.row_no
""").bindparams(bindparam("rows", type_=ARRAY(BigInteger)))


def refuse_unaffordable(connection: Connection, rows: Sequence[Unaffordable], *, remedy: str) -> None:
    """Refuse a batch of rows that their wallets cannot pay."""
    connection.execute(
        _REFUSE_UNAFFORDABLE,
        {
            "rows": [one.row for one in rows],
            "values": [one.value for one in rows],
            "reasons": [one.reason for one in rows],
            "remedy": remedy,
        },
    )
