"""SQL of an import of contributions: rows in a temporary table, and the names that they bring. No money.

Refusals by what the database knows are in `import_refusals`, the money in `import_transfers`. Every statement
works on the temporary table ``import_rows`` of the caller's transaction; a row whose ``reason`` is
null is good so far, and later statements look at good rows only.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from sqlalchemy import BigInteger, Connection, bindparam, text

from squads_pipeline.rules.contribution_rows import ContributionRow, Refusal
from squads_pipeline.rules.lifecycle import opening_edges
from squads_pipeline.store import squad_events
from squads_pipeline.store.stamp import Stamp

_FETCHED_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal and the words that it shares with all others of its sort, for counting them."""

    refusal: Refusal
    category: str


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


def make_stage(connection: Connection) -> None:
    """Make the empty ``import_rows``, which lives until the transaction ends."""
    connection.execute(_CREATE)


def stage_rows(connection: Connection, rows: Iterable[ContributionRow | Refused]) -> int:
    """Stream rows into a new ``import_rows`` by one COPY, whatever their number; returns it."""
    make_stage(connection)
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
        (id, name, charter, target_artifact_type, target_artifact_id, status, formed_at, target_disband_at,
         created_by)
    SELECT squad, squad, 'Known from an imported record of contributions.', 'analysis', squad, 'active',
           squads.clock(),
           coalesce(CAST(:until AS timestamptz), squads.clock() + squads.policy_seconds('active_window_seconds')),
           'import'
    FROM (SELECT DISTINCT squad FROM pg_temp.import_rows WHERE reason IS NULL) AS wanted
    WHERE NOT EXISTS (SELECT FROM squads.research_squads AS known WHERE known.id = wanted.squad)
    ORDER BY squad
    ON CONFLICT DO NOTHING
    RETURNING id
),
opened AS (
    INSERT INTO squads.accounts (name, kind, owner_id, balance_micro, opened_at)
    SELECT 'squad:' || id, 'squad', id, 0, squads.clock() FROM added ORDER BY id
)
SELECT id FROM added ORDER BY id
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


def add_squads(connection: Connection, stamp: Stamp, until: datetime | None = None) -> int:
    """Add the squads that good rows name and nobody knows, save those whose target another squad has.

    Args:
        connection: the caller's connection.
        stamp: of their events.
        until: when their work ends, aware; None for the policy's time from now.

    Returns:
        How many were added.
    """
    added = list(connection.scalars(_ADD_SQUADS, {"until": until}))
    reason = "known from an imported record of contributions"
    squad_events.record(
        connection, added, opening_edges("active"), reason=reason, actor="import", stamp=stamp
    )
    return len(added)


def add_agents(connection: Connection) -> int:
    """Add the agents that good rows name and nobody knows; returns how many."""
    return connection.execute(_ADD_AGENTS).rowcount


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
    with connection.execute(_REFUSALS, {"limit": limit}, execution_options=options) as rows:
        for row in rows:
            yield Refusal(*row)


def clear(connection: Connection) -> None:
    """Drop the temporary tables, so that the same transaction may import another file."""
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.import_rows, pg_temp.staged_transfers"))
