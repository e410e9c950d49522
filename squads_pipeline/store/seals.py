"""Sealing transfers: which ones wait, and appending them to the chain. What a link is: `rules.seals`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, text

from squads_pipeline.rules.seals import GENESIS
from squads_pipeline.store.stamp import Stamp

_ROWS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Sealed:
    """A stretch of the chain that was appended: its number, transfers in it, its last position, and its head."""

    seal_no: int
    transfers: int
    last_position: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """A sealed transfer: position, transfer, its hash, and its line; None for a transfer that is gone."""

    position: int
    transfer_id: int
    hash: bytes
    line: str | None


@dataclass(frozen=True, slots=True)
class Chain:
    """The chain as it stands: transfers in it, its head, and how many transfers wait for the seal."""

    transfers: int
    head: bytes
    unsealed: int


# Conflicts with itself and with whoever else would write seals, never with readers or with posting.
_LOCK = text("LOCK TABLE squads.transfer_seals IN SHARE ROW EXCLUSIVE MODE")

# A temporary table, because its statistics tell the planner whether a handful of transfers is sealed or a million.
_CREATE_TAKEN = text(
    "CREATE TEMPORARY TABLE transfers_to_seal (transfer_id bigint PRIMARY KEY) ON COMMIT DROP"
)

# transfers_pkey for each range, transfer_seals_transfer_id_key for each transfer. The ranges of two who posted at
# once overlap, so an id may come twice, or be another's that is sealed already. The planner cannot know how short
# a range is: OFFSET 0 keeps it from walking all of history beside the ranges, and a subquery that is compared
# with null, where NOT EXISTS could be asked for, keeps it from hashing every seal ever made.
_TAKE = text("""
WITH queue AS (
    SELECT first_transfer_id, sum(transfers) OVER (ORDER BY first_transfer_id) - transfers AS ahead
    FROM squads.unsealed_transfers
),
taken AS (
    DELETE FROM squads.unsealed_transfers AS waiting
    USING queue WHERE queue.first_transfer_id = waiting.first_transfer_id AND queue.ahead < :most
    RETURNING waiting.first_transfer_id, waiting.last_transfer_id
)
INSERT INTO pg_temp.transfers_to_seal (transfer_id)
SELECT DISTINCT transfer.id
FROM taken
CROSS JOIN LATERAL (
    SELECT id FROM squads.transfers WHERE id BETWEEN taken.first_transfer_id AND taken.last_transfer_id OFFSET 0
) AS transfer
WHERE (SELECT seal.position FROM squads.transfer_seals AS seal WHERE seal.transfer_id = transfer.id) IS NULL
""")
_ANALYZE_TAKEN = text("ANALYZE pg_temp.transfers_to_seal")
_DROP_TAKEN = text("DROP TABLE pg_temp.transfers_to_seal")

# The newest seals are the last entries of transfer_seals_pkey and ledger_seals_pkey.
_APPEND = text("""
WITH newest AS MATERIALIZED (
    SELECT coalesce((SELECT max(seal_no) FROM squads.ledger_seals), 0) AS seal_no,
           coalesce(seal.position, 0) AS position, coalesce(seal.hash, :genesis) AS hash
    FROM (SELECT) AS always
    LEFT JOIN (SELECT position, hash FROM squads.transfer_seals ORDER BY position DESC LIMIT 1) AS seal ON true
),
chained AS MATERIALIZED (
    SELECT newest.position + row_number() OVER in_order AS position, taken.transfer_id,
           squads.chain(newest.hash, sealed.line) OVER in_order AS hash
    FROM pg_temp.transfers_to_seal AS taken
    JOIN squads.transfer_lines AS sealed ON sealed.transfer_id = taken.transfer_id
    CROSS JOIN newest
    WINDOW in_order AS (ORDER BY taken.transfer_id ROWS UNBOUNDED PRECEDING)
),
appended AS (
    INSERT INTO squads.transfer_seals (position, transfer_id, hash)
    SELECT position, transfer_id, hash FROM chained ORDER BY position
)
INSERT INTO squads.ledger_seals
    (seal_no, first_position, last_position, head, sealed_at, policy_id, rule_version, driver, run_id, effective_on)
SELECT newest.seal_no + 1, newest.position + 1, last.position, last.hash, moment.now,
       :policy_id, :rule_version, :driver, :run_id, squads.utc_day(moment.now)
FROM newest
CROSS JOIN (SELECT position, hash FROM chained ORDER BY position DESC LIMIT 1) AS last
CROSS JOIN (SELECT squads.clock() AS now) AS moment
RETURNING seal_no, last_position - first_position + 1 AS transfers, last_position, head
""")

_LINKS = text("""
SELECT seal.position, seal.transfer_id, seal.hash, sealed.line
FROM squads.transfer_seals AS seal
LEFT JOIN squads.transfer_lines AS sealed ON sealed.transfer_id = seal.transfer_id
ORDER BY seal.position
""")

_CHAIN = text("""
SELECT coalesce(seal.position, 0), coalesce(seal.hash, :genesis),
       (SELECT coalesce(sum(transfers), 0) FROM squads.unsealed_transfers)
FROM (SELECT) AS always
LEFT JOIN (SELECT position, hash FROM squads.transfer_seals ORDER BY position DESC LIMIT 1) AS seal ON true
""")


def lock(connection: Connection) -> None:
    """Let one run seal at a time, until the transaction ends."""
    connection.execute(_LOCK)


def seal(connection: Connection, most: int, stamp: Stamp) -> Sealed | None:
    """Append transfers that wait to the chain, in the order of their ids; the caller holds the lock.

    Args:
        connection: the caller's.
        most: about how many to take: ranges are taken whole, in order, until there are that many.
        stamp: who seals.

    Returns:
        What was appended; None if nothing waited, or only what had been sealed along with others.
    """
    connection.execute(_CREATE_TAKEN)
    connection.execute(_TAKE, {"most": most})
    connection.execute(_ANALYZE_TAKEN)
    row = connection.execute(_APPEND, {"genesis": GENESIS, **stamp.columns()}).one_or_none()
    connection.execute(_DROP_TAKEN)
    return None if row is None else Sealed(row.seal_no, row.transfers, row.last_position, bytes(row.head))


def chain(connection: Connection) -> Chain:
    """How long the chain is, its head, and what waits."""
    transfers, head, unsealed = connection.execute(_CHAIN, {"genesis": GENESIS}).one()
    return Chain(transfers, bytes(head), int(unsealed))


@contextmanager
def links(connection: Connection) -> Iterator[Iterator[Link]]:
    """All links in order, as a stream for as long as the block lasts."""
    options = {"stream_results": True, "yield_per": _ROWS_AT_ONCE}
    with connection.execute(_LINKS, execution_options=options) as rows:
        yield (Link(row[0], row[1], bytes(row[2]), row[3]) for row in rows)
