"""SQL of a replay: a history's rows, kept for the session and taken out step by step. Posting is an import's.

``history_rows`` is a temporary table like ``import_rows`` of `imports`, but it outlives transactions: it holds
the rows that are not posted, and those that were refused. Statements need the session that staged it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Interval, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from squads_pipeline.store.schema.squads import FUNDABLE_STATUSES


@dataclass(frozen=True, slots=True)
class Extent:
    """A history's good rows: how many, and the moments of the first and the last; None without any."""

    rows: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest fact in the database, and the newest contribution that a replay posted; None without any."""

    fact: datetime | None
    replayed: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of time with rows in it: its beginning, the last row's moment, and how many there are."""

    begins: datetime
    last: datetime
    rows: int


@dataclass(frozen=True, slots=True)
class Rounds:
    """Rounds after a certain one: how many, and what they matched in µT."""

    count: int
    matched_micro: int


def only_replay(connection: Connection) -> bool:
    """Keep other replays out for as long as the session lasts; false if one is under way."""
    return bool(connection.scalar(text("SELECT pg_try_advisory_lock(hashtext('squads.replay'))")))


# Read once for each replay: facts have no index by time alone.
_NEWEST = text("""
SELECT greatest((SELECT max(posted_at) FROM squads.transfers), (SELECT max(happened_at) FROM squads.squad_events),
                (SELECT max(recorded_at) FROM squads.driver_runs), (SELECT max(pledged_at) FROM squads.pledges))
           AS fact,
       (SELECT max(posted_at) FROM squads.transfers WHERE driver = :driver AND kind = 'contribution') AS replayed
""")


def newest(connection: Connection, driver: str) -> Newest:
    """Up to when the database has facts, and up to when a driver has posted contributions."""
    return Newest(*connection.execute(_NEWEST, {"driver": driver}).one())


_AHEAD = text("""
SELECT posted_at FROM (SELECT posted_at FROM squads.transfers ORDER BY id DESC LIMIT 1) AS newest
WHERE posted_at > squads.clock()
""")


def ahead(connection: Connection) -> datetime | None:
    """When the last transfer was posted, if that is later than now by the clock. Index: transfers_pkey."""
    moment: datetime | None = connection.scalar(_AHEAD)
    return moment


_EXTENT = text("""
SELECT count(*), min(occurred_at), max(occurred_at) FROM pg_temp.import_rows WHERE reason IS NULL
""")


def extent(connection: Connection) -> Extent:
    """How far the staged rows that are good so far reach."""
    return Extent(*connection.execute(_EXTENT).one())


_REFUSE_TAKEN = text("""
UPDATE pg_temp.import_rows AS new
SET field = 'project_id', value = new.squad, reason = :reason, remedy = :remedy,
    category = 'project_id ' || :reason
WHERE new.reason IS NULL
  AND NOT EXISTS (SELECT FROM squads.research_squads AS known WHERE known.id = new.squad)
  AND EXISTS (SELECT FROM squads.research_squads AS other
              WHERE other.target_artifact_type = 'analysis' AND other.target_artifact_id = new.squad
                AND other.status <> 'disbanded' AND other.parent_squad_id IS NULL)
""").bindparams(bindparam("reason", type_=Text), bindparam("remedy", type_=Text))


def refuse_taken_targets(connection: Connection, *, reason: str, remedy: str) -> None:
    """Refuse rows of squads that cannot be added. Index: research_squads_one_live_root_per_target."""
    connection.execute(_REFUSE_TAKEN, {"reason": reason, "remedy": remedy})


# Squads' rows are locked in the order of their ids, as everywhere.
_EXTEND = text("""
WITH named AS (
    SELECT id FROM squads.research_squads
    WHERE id IN (SELECT squad FROM pg_temp.import_rows WHERE reason IS NULL)
      AND created_by = 'import' AND status = ANY (:fundable) AND target_disband_at < :until
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE squads.research_squads AS squad SET target_disband_at = :until FROM named WHERE squad.id = named.id
""").bindparams(bindparam("fundable", type_=ARRAY(Text)))


def extend_squads(connection: Connection, until: datetime) -> int:
    """Let the squads of earlier histories that good rows name work until a moment; returns how many."""
    return connection.execute(_EXTEND, {"until": until, "fundable": list(FUNDABLE_STATUSES)}).rowcount


def keep(connection: Connection) -> None:
    """Keep all that is staged in ``history_rows``, for the transactions to come."""
    connection.execute(text("CREATE TEMPORARY TABLE history_rows AS SELECT * FROM pg_temp.import_rows"))
    connection.execute(text("CREATE INDEX ON pg_temp.history_rows (occurred_at) WHERE reason IS NULL"))
    connection.execute(text("ANALYZE pg_temp.history_rows"))


_STEPS = text("""
SELECT greatest(date_bin(:length, occurred_at, 'epoch'), :start) AS begins, max(occurred_at) AS last,
       count(*) AS rows
FROM pg_temp.import_rows WHERE reason IS NULL
GROUP BY begins ORDER BY begins
""").bindparams(bindparam("length", type_=Interval))


def steps_staged(connection: Connection, length: timedelta, start: datetime) -> Sequence[Step]:
    """The steps of UTC time in which staged rows are to be posted; rows from before `start` go with its step."""
    return [Step(*row) for row in connection.execute(_STEPS, {"length": length, "start": start})]


_TAKE = text("""
WITH taken AS (
    DELETE FROM pg_temp.history_rows WHERE reason IS NULL AND occurred_at < :until RETURNING *
)
INSERT INTO pg_temp.import_rows SELECT * FROM taken
""")


def take(connection: Connection, until: datetime) -> None:
    """Move the good rows from before a moment into ``import_rows``, which is empty. Index: by occurred_at."""
    connection.execute(_TAKE, {"until": until})
    # Its size decides how the rows are compared with all of history.
    connection.execute(text("ANALYZE pg_temp.import_rows"))


def give_back_refused(connection: Connection) -> int:
    """Return what was refused of the rows that were taken to the history; returns how many."""
    back = "INSERT INTO pg_temp.history_rows SELECT * FROM pg_temp.import_rows WHERE reason IS NOT NULL"
    return connection.execute(text(back)).rowcount


def stage_refused(connection: Connection) -> None:
    """Copy all that was refused into ``import_rows``, which is empty."""
    refused = "INSERT INTO pg_temp.import_rows SELECT * FROM pg_temp.history_rows WHERE reason IS NOT NULL"
    connection.execute(text(refused))


def last_round(connection: Connection) -> int:
    """Number of the newest round, 0 without any. Index: qf_rounds_pkey."""
    return connection.scalar(text("SELECT coalesce(max(id), 0) FROM squads.qf_rounds")) or 0


_ROUNDS = text("""
SELECT (SELECT count(*) FROM squads.qf_rounds WHERE id > :after),
       (SELECT coalesce(sum(match_micro), 0) FROM squads.qf_matches WHERE round_id > :after)
""")


def rounds_after(connection: Connection, after: int) -> Rounds:
    """What rounds there were after a certain one. Indexes: qf_rounds_pkey, qf_matches_pkey."""
    row = connection.execute(_ROUNDS, {"after": after}).one()
    return Rounds(row[0], int(row[1]))
