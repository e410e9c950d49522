"""What does not hold of the seal, each link recomputed from its transfer and the hash before it. It repairs nothing.

A link is compared with the stored hash before it, not with a recomputed one, so that one changed transfer is
one finding, and not one for each link after it.
"""

from collections.abc import Callable
from datetime import date
from typing import Final

from sqlalchemy import Connection, text

from squads_pipeline.rules.seals import GENESIS
from squads_pipeline.store.invariants import LIMIT, NONE, Finding, Findings, invariant

NUMBER: Final = "seal"

AT_ONCE: Final = 100_000
"""Links that one statement recomputes, between two words on how far it is."""

Tell = Callable[[int, int], None]
"""Takes how many links are done and how many there are."""

# transfer_seals_pkey twice; then transfers_pkey, entries_pkey and accounts_pkey.
_LINKS = text("""
SELECT format('transfer %s with its entries, position %s', seal.transfer_id, seal.position) AS subject,
       encode(seal.hash, 'hex') AS expected,
       CASE WHEN sealed.line IS NULL THEN 'no such transfer'
            WHEN recomputed.hash IS NULL THEN format('nothing at position %s', seal.position - 1)
            ELSE encode(recomputed.hash, 'hex') END AS found,
       count(*) OVER () AS total
FROM squads.transfer_seals AS seal
LEFT JOIN squads.transfer_seals AS before ON before.position = seal.position - 1
LEFT JOIN squads.transfer_lines AS sealed ON sealed.transfer_id = seal.transfer_id
CROSS JOIN LATERAL (
    SELECT squads.link(CASE WHEN seal.position = 1 THEN :genesis ELSE before.hash END, sealed.line) AS hash
) AS recomputed
WHERE seal.position BETWEEN :first AND :last AND recomputed.hash IS DISTINCT FROM seal.hash
ORDER BY seal.position
LIMIT :limit
""")

# ledger_seals_effective_on_brin for a day; the newest seal's last position ends the chain.
_SPAN = text("""
SELECT min(first_position) AS first, max(last_position) AS last
FROM squads.ledger_seals WHERE effective_on BETWEEN :first AND :last
""")
# A pass over all seals: whoever asks has just recomputed them.
_HAS_HASH = text("SELECT EXISTS (SELECT FROM squads.transfer_seals WHERE hash = :hash)")
_END = text("SELECT max(position) FROM squads.transfer_seals")

_SEALS = """
SELECT 'seal ' || seal.seal_no AS subject,
       format('from position %s, with head %s', coalesce(before.last_position, 0) + 1, encode(seal.head, 'hex'))
           AS expected,
       CASE WHEN (before.seal_no IS NULL) <> (seal.seal_no = 1) THEN 'no seal before it'
            ELSE format('from position %s, with head %s', seal.first_position,
                        coalesce(encode(last.hash, 'hex'), 'nowhere')) END AS found
FROM squads.ledger_seals AS seal
LEFT JOIN squads.ledger_seals AS before ON before.seal_no = seal.seal_no - 1
LEFT JOIN squads.transfer_seals AS last ON last.position = seal.last_position
WHERE seal.effective_on >= :since
  AND ((before.seal_no IS NULL) <> (seal.seal_no = 1)
       OR seal.first_position <> coalesce(before.last_position, 0) + 1
       OR last.hash IS DISTINCT FROM seal.head)
"""

_END_OF_CHAIN = """
SELECT 'the chain' AS subject, 'its end at position ' || sealed.last AS expected,
       'position ' || chain.last AS found
FROM (SELECT coalesce(max(last_position), 0) AS last FROM squads.ledger_seals) AS sealed
CROSS JOIN (SELECT coalesce(max(position), 0) AS last FROM squads.transfer_seals) AS chain
WHERE chain.last <> sealed.last
"""

# transfers_effective_on_brin, then transfer_seals_transfer_id_key. The ranges that wait are one value, which is
# searched by halves.
_OVERLOOKED = """
SELECT 'transfer ' || transfer.id AS subject, 'sealed, or waiting for the seal' AS expected, 'neither' AS found
FROM squads.transfers AS transfer
WHERE transfer.effective_on >= :since
  AND NOT EXISTS (SELECT FROM squads.transfer_seals AS seal WHERE seal.transfer_id = transfer.id)
  AND NOT transfer.id <@ (SELECT coalesce(range_agg(int8range(first_transfer_id, last_transfer_id, '[]')), '{}')
                          FROM squads.unsealed_transfers)
"""

SEALS: Final = invariant(
    NUMBER,
    "seals_continue_each_other",
    "Each seal begins where the one before it ends, and its head is the chain's there.",
    _SEALS,
    _END_OF_CHAIN,
)
OVERLOOKED: Final = invariant(
    NUMBER,
    "transfers_are_sealed_or_wait",
    "Every transfer is in the hash chain or waits for the seal.",
    _OVERLOOKED,
)


def links_since(connection: Connection, since: date | None, tell: Tell | None = None) -> Findings:
    """The broken links of all that was sealed since a day, or ever; the first `LIMIT` in order."""
    end = connection.scalar(_END) or 0
    first = 1
    if since is not None:
        first = connection.execute(_SPAN, {"first": since, "last": date.max}).one().first or end + 1
    return _links(connection, first, end, tell)


def missing_head(connection: Connection, head: bytes) -> Findings:
    """A finding if the chain has no such hash; before the first transfer its head is `GENESIS`."""
    known = head == GENESIS or connection.scalar(_HAS_HASH, {"hash": head})
    if known:
        return NONE
    return Findings((Finding(NUMBER, "the chain", f"head {head.hex()} in it", "no such hash"),), 1)


def links_of_day(connection: Connection, day: date) -> tuple[int, Findings]:
    """How many links were made on a day, and which of them are broken."""
    span = connection.execute(_SPAN, {"first": day, "last": day}).one()
    if span.first is None:
        return 0, NONE
    return span.last - span.first + 1, _links(connection, span.first, span.last, None)


def _links(connection: Connection, first: int, last: int, tell: Tell | None) -> Findings:
    found: list[Finding] = []
    total = 0
    for start in range(first, last + 1, AT_ONCE):
        if tell is not None:
            tell(start - first, last - first + 1)
        end = min(start + AT_ONCE - 1, last)
        span = {"genesis": GENESIS, "first": start, "last": end, "limit": LIMIT}
        rows = connection.execute(_LINKS, span).all()
        found += [Finding(NUMBER, row.subject, row.expected, row.found) for row in rows]
        total += rows[0].total if rows else 0
    return Findings(tuple(found[:LIMIT]), total, max(last - first + 1, 0))
