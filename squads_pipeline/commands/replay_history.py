"""A history of contributions, read whole and posted step by step in its own time. Who sets the clock: surfaces.

Rows are read, checked, refused and posted as an import does, with the same keys: a row that was imported or
replayed before is not posted again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from squads_pipeline.commands import import_rejects, tabular_files
from squads_pipeline.commands.import_checks import compare
from squads_pipeline.commands.import_contributions import (
    FIRST_REFUSALS,
    ImportOptions,
    ImportRefusedError,
    Progress,
    checked_rows,
    open_file,
    post_rows,
    require_storable,
)
from squads_pipeline.rules.policy import Policy, policy_id
from squads_pipeline.store import (
    histories,
    import_refusals,
    import_transfers,
    imports,
    pauses,
    policies,
)
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.store.histories import Newest, Step
from squads_pipeline.store.stamp import Stamp

RULE_VERSION: Final = "1"
DRIVER: Final = "replay_history"
STEP: Final = timedelta(hours=6)
"""Rows of a quarter of a day of UTC are posted together, at the last one's moment; then drivers look."""

_MARGIN: Final = timedelta(minutes=10)
"""More than drivers take at one moment: what is posted after them settles that much later."""

_DIGEST_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class History:
    """A history that was read, and where in time its replay stands.

    Attributes:
        run_id: stamp of what is written for it.
        rows: rows in the file.
        already: rows that an import or a replay posted before.
        start: the quarter of a day at which to begin; None if there is nothing to do.
        newest: the newest fact in the database, and the newest contribution of a replay.
        end: the quarter of a day at which the last contributions have settled, or the last one that has come.
        lives_until: when the squads' work ends, after the history; None without good rows.
        steps: the quarters of days with rows to post, in their order.
    """

    run_id: str
    rows: int
    already: int
    start: datetime | None
    newest: Newest
    end: datetime | None
    lives_until: datetime | None
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Posted:
    """What was posted; amounts in µT."""

    rows: int = 0
    amount_micro: int = 0
    minted_micro: int = 0
    agents_added: int = 0
    squads_added: int = 0

    def plus(self, other: "Posted") -> "Posted":
        """Both together."""
        return Posted(
            self.rows + other.rows,
            self.amount_micro + other.amount_micro,
            self.minted_micro + other.minted_micro,
            self.agents_added + other.agents_added,
            self.squads_added + other.squads_added,
        )


def read_history(
    connection: Connection, path: Path, options: ImportOptions, now: datetime, progress: Progress
) -> History:
    """Read and check a whole file, and find where its replay has to begin or to go on; posts nothing.

    Args:
        connection: whose session keeps the rows that are to be posted; the caller commits.
        path: a CSV or Parquet file.
        options: how to read it; what is missing is added in any case.
        now: the real time; aware. What lies after it is refused.
        progress: is told how far the reading is.

    Raises:
        FileError: the file cannot be read.
        ImportRefusedError: rows are bad, and no file for them was given.
        RefusedError: the history begins before what the database has, another replay runs, gaps are paused, or the
            ledger cannot hold the amounts.
    """
    _require_free(connection)
    file = open_file(path, options)
    run_id = f"replay:{tabular_files.digest(path)[:_DIGEST_DIGITS]}"
    rows = imports.stage_rows(connection, checked_rows(file, options, now, progress))
    progress("comparing with what is known", 0, 0)
    import_refusals.refuse_repeated(connection)
    last = histories.extent(connection).last
    already = imports.drop_known(connection)
    _refuse_unpostable(connection)
    refused = imports.refused_by_category(connection)
    if refused and options.rejects is None:
        raise ImportRefusedError(refused, list(imports.refusals(connection, FIRST_REFUSALS)))
    require_storable(import_transfers.totals(connection))
    history = _placed(connection, run_id, rows, already, last, now)
    histories.keep(connection)
    imports.clear(connection)
    return history


def _require_free(connection: Connection) -> None:
    if not histories.only_replay(connection):
        raise RefusedError("Another replay is under way in this database", "Wait until it is done.")
    if paused := pauses.every(connection):
        raise RefusedError(
            f"{', '.join(paused)} {'is' if len(paused) == 1 else 'are'} paused, which time would pass by",
            "End that with `squads resume` first.",
        )


def _refuse_unpostable(connection: Connection) -> None:
    """Refuse what the squads of today would refuse, before anything is posted."""
    histories.refuse_taken_targets(
        connection,
        reason="is no squad, and another live squad has the analysis of this id as its target",
        remedy="disband that squad, or use its id",
    )
    import_refusals.refuse_closed_squads(connection, remedy="leave the row out; its time for funding is over")


def _placed(
    connection: Connection, run_id: str, rows: int, already: int, last: datetime | None, now: datetime
) -> History:
    """Where in time the replay stands, as the database shows it."""
    left = histories.extent(connection)
    newest = histories.newest(connection, DRIVER)
    if last is None or (newest.fact is None and left.first is None):
        return History(run_id, rows, already, None, newest, None, None, ())
    if left.first is not None and newest.fact is not None and left.first.date() < newest.fact.date():
        raise _out_of_order(left.rows, left.first, newest.fact)
    policy = policies.current(connection)
    end, lives_until = _ends(last, now, policy)
    if left.rows:
        histories.extend_squads(connection, lives_until)
    begins = floor(newest.fact or left.first or last)
    start = begins if begins <= end or left.rows else None
    steps = histories.steps_staged(connection, STEP, begins)
    return History(run_id, rows, already, start, newest, end, lives_until, steps)


def _ends(last: datetime, now: datetime, policy: Policy) -> tuple[datetime, datetime]:
    """When a history's last contributions have settled, and until when its squads live."""
    settled = floor(last + timedelta(seconds=policy.settle_after_seconds) + _MARGIN) + STEP
    return min(settled, floor(now)), settled + timedelta(seconds=policy.active_window_seconds)


def floor(moment: datetime) -> datetime:
    """The beginning of the quarter of a UTC day in which a moment lies."""
    return datetime.fromtimestamp(moment.timestamp() // STEP.total_seconds() * STEP.total_seconds(), UTC)


def _out_of_order(rows: int, first: datetime, newest: datetime) -> RefusedError:
    return RefusedError(
        f"{rows:,} row{'s' * (rows > 1)} would be posted from {first:%Y-%m-%d} on, but the database has facts up to "
        f"{newest:%Y-%m-%d %H:%M} UTC, and facts are posted in the order of time",
        "Replay into an empty database (set SQUADS_HOME to another folder, or `make reset`), histories in their order; "
        "or `squads import contributions`, which posts the rows now.",
    )


def post_step(connection: Connection, history: History, until: datetime, *, lenient: bool) -> Posted:
    """Post the rows from before a moment that are not posted yet, at the time that the clock shows.

    Args:
        connection: whose session read the history; the caller commits.
        history: which it is.
        until: end of the step.
        lenient: whether rows whose squads take no contributions any more are put with the refused ones.

    Raises:
        RefusedError: a row is refused by now, and not lenient.
    """
    stamp = Stamp(DRIVER, history.run_id, policy_id(policies.current(connection)), RULE_VERSION)
    imports.make_stage(connection)
    histories.take(connection, until)
    known = compare(connection, stamp, create_missing=True, until=history.lives_until)
    if histories.give_back_refused(connection) and not lenient:
        first = next(imports.refusals(connection, 1))
        raise RefusedError(
            f"Row {first.row} cannot be posted any more: {first.field} {first.value!r} {first.reason}; the history "
            "before it was posted",
            "Go on without such rows, which are then in a file: the same command with --rejects FILE.",
        )
    minted_micro, posted = post_rows(connection, stamp, lambda *_: None, minting=True)
    imports.clear(connection)
    return Posted(posted.rows, posted.amount_micro, minted_micro, known.agents_added, known.squads_added)


def write_rejects(connection: Connection, path: Path, options: ImportOptions) -> dict[str, int]:
    """Write the file of refused rows, if one was asked for; returns their numbers by sort of reason.

    Raises:
        FileError: the history has changed meanwhile.
        RefusedError: the file cannot be written.
    """
    imports.make_stage(connection)
    histories.stage_refused(connection)
    if options.rejects is not None:
        import_rejects.write(options.rejects, open_file(path, options).table, imports.refusals(connection))
    refused = imports.refused_by_category(connection)
    imports.clear(connection)
    return refused


def require_present(connection: Connection) -> None:
    """Stop when somebody works on the database in another time.

    Raises:
        RefusedError: a transfer was posted after what the clock shows.
    """
    if (ahead := histories.ahead(connection)) is not None:
        raise RefusedError(
            f"A transfer was posted at {ahead:%Y-%m-%d %H:%M} UTC by somebody else, while history was replayed",
            "Stop what runs on this database (`squads up`), and replay into an empty one.",
        )
