"""SQL of an import of contributions: rows in a temporary table, what they need, transfers staged from them.

Nothing here decides whether a file is imported, or reads one: that is `commands.import_contributions`. Every
statement works on the temporary table ``import_rows`` of the caller's transaction; a row whose ``reason`` is
null is good so far, and later statements look at good rows only.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from sqlalchemy import BigInteger, Connection, Text, bindparam, func, select, text

from squads_pipeline.rules.contribution_rows import ContributionRow, Refusal

_FETCHED_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal and the words that it shares with all others of its sort, for counting them."""

    refusal: Refusal
    category: str


@dataclass(frozen=True, slots=True)
class Totals:
    """The good rows: how many, their sum, the largest and the last; sums in µT, which may exceed 64 bits."""

    rows: int
    amount_micro: int
    largest_row: int | None
    last_row: int
    most_held_micro: int


_CREATE = text("""
CREATE TEMPORARY TABLE import_rows (
    row_no bigint PRIMARY KEY,
    key text,
    squad text,
    agent text,
    amount_micro bigint,
    occurred_at timestamptz,
    label text,
    field text,
    value text,
    reason text,
    remedy text,
    category text
) ON COMMIT DROP
""")

_COPY = "COPY pg_temp.import_rows FROM STDIN"


def now(connection: Connection) -> datetime:
    """The time by the database's clock, or by a simulation's."""
    moment: datetime = connection.execute(select(func.squads.clock())).scalar_one()
    return moment


def stage_rows(connection: Connection, rows: Iterable[ContributionRow | Refused]) -> int:
    """Stream rows into a new ``import_rows`` by one COPY, whatever their number; returns it."""
    connection.execute(_CREATE)
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)  # noqa: S101  # what store.database makes
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        count = 0
        for count, row in enumerate(rows, 1):  # noqa: B007  # the count is what is wanted
            copy.write_row(_columns(row))
    connection.execute(text("ANALYZE pg_temp.import_rows"))
    return count


def _columns(row: ContributionRow | Refused) -> Sequence[object]:
    if isinstance(row, ContributionRow):
        good = (row.row, row.key, row.squad, row.agent, row.amount_micro, row.occurred_at, row.round_label)
        return (*good, None, None, None, None, None)
    refusal = row.refusal
    # PostgreSQL's text holds every character but one.
    value = refusal.value.replace("\0", "\ufffd")
    bad = (refusal.field, value, refusal.reason, refusal.remedy, row.category)
    return (refusal.row, None, None, None, None, None, None, *bad)


def one_at_a_time(connection: Connection) -> None:
    """Wait until no other import decides what is new; held until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('squads.import'))"))


_DROP_KNOWN = text("""
DELETE FROM pg_temp.import_rows AS new USING squads.transfers AS earlier
WHERE earlier.idempotency_key = new.key AND new.reason IS NULL
""")


def drop_known(connection: Connection) -> int:
    """Take out the rows that were imported before; returns how many. Index: transfers_idempotency_key_key."""
    return connection.execute(_DROP_KNOWN).rowcount


_ADD_SQUADS = text("""
WITH added AS (
    INSERT INTO squads.research_squads
        (id, name, charter, target_artifact_type, target_artifact_id, status, formed_at, created_by)
    SELECT squad, squad, 'Known from an imported record of contributions.', 'analysis', squad, 'active',
           squads.clock(), 'import'
    FROM (SELECT DISTINCT squad FROM pg_temp.import_rows WHERE reason IS NULL) AS wanted
    WHERE NOT EXISTS (SELECT FROM squads.research_squads AS known WHERE known.id = wanted.squad)
    ORDER BY squad
    ON CONFLICT DO NOTHING
    RETURNING id
)
INSERT INTO squads.accounts (name, kind, owner_id, balance_micro, opened_at)
SELECT 'squad:' || id, 'squad', id, 0, squads.clock() FROM added ORDER BY id
""")

_ADD_AGENTS = text("""
WITH added AS (
    INSERT INTO squads.agents (id, kind, created_at)
    SELECT agent, 'agent', squads.clock()
    FROM (SELECT DISTINCT agent FROM pg_temp.import_rows WHERE reason IS NULL) AS wanted
    WHERE NOT EXISTS (SELECT FROM squads.agents AS known WHERE known.id = wanted.agent)
    ORDER BY agent
    ON CONFLICT DO NOTHING
    RETURNING id
)
INSERT INTO squads.accounts (name, kind, owner_id, balance_micro, opened_at)
SELECT 'wallet:' || id, 'wallet', id, 0, squads.clock() FROM added ORDER BY id
""")


def add_squads(connection: Connection) -> int:
    """Add the squads that good rows name and nobody knows, save those whose target another squad has.

    Returns how many were added.
    """
    return connection.execute(_ADD_SQUADS).rowcount


def add_agents(connection: Connection) -> int:
    """Add the agents that good rows name and nobody knows; returns how many."""
    return connection.execute(_ADD_AGENTS).rowcount


# All in one statement and in the order of ids, as every writer locks accounts. Index: accounts_name_key.
_LOCK_ACCOUNTS = text("""
SELECT count(*) FROM (
    SELECT id FROM squads.accounts
    WHERE name IN (SELECT 'wallet:' || agent FROM pg_temp.import_rows WHERE reason IS NULL
                   UNION SELECT 'squad:' || squad FROM pg_temp.import_rows WHERE reason IS NULL
                   UNION SELECT 'issuance' WHERE :minting)
    ORDER BY id FOR NO KEY UPDATE
) AS locked
""")


def lock_accounts(connection: Connection, *, minting: bool) -> None:
    """Lock every account that a good row moves money of, and issuance when wallets may be filled."""
    connection.execute(_LOCK_ACCOUNTS, {"minting": minting})


_TOTALS = text("""
SELECT count(*) AS rows, coalesce(sum(amount_micro), 0) AS amount_micro,
       (SELECT row_no FROM pg_temp.import_rows WHERE reason IS NULL
        ORDER BY amount_micro DESC, row_no LIMIT 1) AS largest_row,
       max(row_no) AS last_row, (SELECT max(abs(balance_micro)) FROM squads.accounts) AS most_held_micro
FROM pg_temp.import_rows WHERE reason IS NULL
""")


def totals(connection: Connection) -> Totals:
    """What the good rows come to, beside the most that any account holds or owes."""
    row = connection.execute(_TOTALS).one()
    return Totals(row.rows, int(row.amount_micro), row.largest_row, row.last_row or 0, row.most_held_micro)


_STAGE_MINTS = text("""
INSERT INTO pg_temp.staged_transfers
    (kind, from_account_id, to_account_id, amount_micro, idempotency_key, reason)
SELECT 'mint', issuance.id, wallet.id, need.amount_micro - wallet.balance_micro,
       'mint:' || wallet.name || ':' || need.first_key, :reason
FROM (SELECT agent, sum(amount_micro) AS amount_micro, min(key) AS first_key
      FROM pg_temp.import_rows WHERE reason IS NULL GROUP BY agent) AS need
JOIN squads.accounts AS wallet ON wallet.name = 'wallet:' || need.agent
JOIN squads.accounts AS issuance ON issuance.name = 'issuance'
WHERE need.amount_micro > wallet.balance_micro
ORDER BY wallet.id
RETURNING amount_micro
""").bindparams(bindparam("reason", type_=Text))
# A mint's key carries the least key of the rows that it pays for. Those rows are posted in the same
# transaction and never again, so the key can neither come twice nor stand for another mint, whatever part of
# a file an earlier import took in.


def stage_mints(connection: Connection, *, reason: str) -> int:
    """Stage a mint of exactly what is short for each wallet that cannot pay its good rows; returns the µT."""
    return sum(connection.scalars(_STAGE_MINTS, {"reason": reason}))


_STAGE_CONTRIBUTIONS = text("""
INSERT INTO pg_temp.staged_transfers
    (kind, from_account_id, to_account_id, amount_micro, idempotency_key, reason, occurred_at)
SELECT 'contribution', wallet.id, pool.id, new.amount_micro, new.key, 'round ' || new.label, new.occurred_at
FROM pg_temp.import_rows AS new
JOIN squads.accounts AS wallet ON wallet.name = 'wallet:' || new.agent
JOIN squads.accounts AS pool ON pool.name = 'squad:' || new.squad
WHERE new.reason IS NULL AND new.row_no >= :first AND new.row_no < :end
ORDER BY new.row_no
""")


def stage_contributions(connection: Connection, first: int, end: int) -> None:
    """Stage a contribution for each good row from ``first`` to before ``end``. Index: import_rows_pkey."""
    connection.execute(_STAGE_CONTRIBUTIONS, {"first": first, "end": end})
    # Its size decides how the posting is planned.
    connection.execute(text("ANALYZE pg_temp.staged_transfers"))


def settle(connection: Connection) -> None:
    """Check now what was posted, instead of at the commit, and empty the stage for the next batch.

    The server keeps a note of each row that it is still to check: of ten million, in memory.
    """
    connection.execute(text("SET CONSTRAINTS squads.transfers_sum_to_zero IMMEDIATE"))
    connection.execute(text("SET CONSTRAINTS squads.transfers_sum_to_zero DEFERRED"))
    connection.execute(text("TRUNCATE pg_temp.staged_transfers"))


_SUMMARY = text("""
SELECT category, count(*) AS refused FROM pg_temp.import_rows WHERE reason IS NOT NULL
GROUP BY category ORDER BY count(*) DESC, category
""")


def refused_by_category(connection: Connection) -> dict[str, int]:
    """How many rows were refused, by sort of reason, the most frequent first."""
    return {row.category: row.refused for row in connection.execute(_SUMMARY)}


_REFUSALS = text("""
SELECT row_no, field, value, reason, remedy FROM pg_temp.import_rows
WHERE reason IS NOT NULL ORDER BY row_no LIMIT :limit
""").bindparams(bindparam("limit", type_=BigInteger))


def refusals(connection: Connection, limit: int | None = None) -> Iterator[Refusal]:
    """The refused rows in the order of the file, as a stream. Index: import_rows_pkey."""
    options = {"stream_results": True, "yield_per": _FETCHED_AT_ONCE}
    for row in connection.execute(_REFUSALS, {"limit": limit}, execution_options=options):
        yield Refusal(*row)


def clear(connection: Connection) -> None:
    """Drop the temporary tables, so that the same transaction may import another file."""
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.import_rows, pg_temp.staged_transfers"))
