"""SQL of delivering the outbox: taking messages that are due, marking what became of them. Sending is elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Message:
    """A message to deliver; its key is the same at every attempt."""

    id: int
    key: str
    topic: str
    payload: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Summary:
    """The messages put into the outbox on some days: how many, how many delivered, and a hash of them."""

    messages: int
    delivered: int
    fingerprint: str


# outbox_waiting, in the order of delivery. What another worker has in hand is passed over.
_TAKE = text("""
SELECT id, message_key, topic, payload, created_at FROM squads.outbox
WHERE delivered_at IS NULL AND (retry_at IS NULL OR retry_at <= squads.clock())
ORDER BY id LIMIT :limit
FOR UPDATE SKIP LOCKED
""")

_DELIVERED = text("""
UPDATE squads.outbox SET delivered_at = squads.clock(), attempts = attempts + 1, last_error = NULL, retry_at = NULL
WHERE id = ANY (:ids)
""")

# A quarter of a minute after the first failure, twice as long after each further one, an hour at most.
_FAILED = text("""
UPDATE squads.outbox AS message
SET attempts = message.attempts + 1, last_error = failed.error,
    retry_at = squads.clock() + least(interval '15 seconds' * power(2, least(message.attempts, 8)),
                                      interval '1 hour')
FROM unnest(CAST(:ids AS bigint[]), CAST(:errors AS text[])) AS failed (id, error)
WHERE message.id = failed.id
""")

# The sink is away for all of them. Those that another worker holds are its own to put off.
_PUT_OFF = text("""
UPDATE squads.outbox
SET retry_at = (SELECT retry_at FROM squads.outbox WHERE id = :failed)
WHERE id IN (SELECT id FROM squads.outbox
             WHERE delivered_at IS NULL AND (retry_at IS NULL OR retry_at <= squads.clock()) AND id <> :failed
             FOR UPDATE SKIP LOCKED)
""")


def take(connection: Connection, limit: int) -> list[Message]:
    """The oldest messages that are due, at most ``limit``; no other worker gets them until the transaction ends."""
    return [Message(*row) for row in connection.execute(_TAKE, {"limit": limit})]


def mark_delivered(connection: Connection, ids: Sequence[int]) -> None:
    """Write that the sink took some messages."""
    connection.execute(_DELIVERED, {"ids": list(ids)})


def mark_failed(connection: Connection, errors: Mapping[int, str]) -> None:
    """Write that some deliveries failed, each with its error; the delay until the next attempt doubles."""
    connection.execute(_FAILED, {"ids": list(errors), "errors": list(errors.values())})


def put_off(connection: Connection, failed: int) -> None:
    """Let all that is due wait as long as a message that has failed because the sink is away."""
    connection.execute(_PUT_OFF, {"failed": failed})


_SUMMARY = text("""
SELECT count(*) AS messages, count(delivered_at) AS delivered,
       coalesce(sum(('x' || left(md5(ROW(message_key, topic, payload, delivered_at IS NOT NULL)::text), 16))
                    ::bit(64)::bigint), 0) AS fingerprint
FROM squads.outbox
WHERE created_at >= CAST(:first AS date)::timestamp AT TIME ZONE 'UTC'
  AND created_at < (CAST(:last AS date) + 1)::timestamp AT TIME ZONE 'UTC'
""")


def summary(connection: Connection, first: date, last: date) -> Summary:
    """Sum up the messages of the days from ``first`` to ``last``."""
    row = connection.execute(_SUMMARY, {"first": first, "last": last}).one()
    fingerprint = f"{row.messages}-{int(row.fingerprint) % 2**64:016x}"
    return Summary(row.messages, row.delivered, fingerprint)
