"""Importing a file of contributions: all of it, or its good rows, or nothing; in one transaction.

Each row is checked for form by `rules.contribution_rows` while it streams into a temporary table; what the
database knows is then checked set-wise, and what is left is posted as one batch. Memory stays flat.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from squads_pipeline.commands import import_rejects, tabular_files
from squads_pipeline.commands.contribution_files import ContributionFile, open_contributions
from squads_pipeline.commands.import_checks import compare
from squads_pipeline.rules.contribution_rows import ContributionRow, Refusal, read_row
from squads_pipeline.rules.money import MAX_MICRO, Rounding, format_tokens
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.store import import_transfers, imports, ledger, overview, policies
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.store.import_transfers import Totals
from squads_pipeline.store.imports import Refused
from squads_pipeline.store.stamp import Stamp

RULE_VERSION: Final = "1"
DRIVER: Final = "import_contributions"
FIRST_REFUSALS: Final = 20
MINT_REASON: Final = "short for imported contributions"
_DIGEST_DIGITS: Final = 16
_POSTED_AT_ONCE: Final = 100_000
_QUOTED: Final = re.compile(r"'.*' ", re.DOTALL)

Progress = Callable[[str, int, int], None]
"""Called with the step in words, how much of it is done, and how much there is; 0 of 0 when unknown."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to read a file and what to allow.

    Attributes:
        columns: field → name of its column in the file, where they differ.
        rounding: what to do with decimals beyond the sixth.
        at: time for rows that state none; aware.
        create_missing: add unknown squads and agents, and mint what wallets are short of.
        rejects: file for the bad rows; without it a bad row refuses the whole file.
        delimiter: between the fields of a CSV row.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    rounding: Rounding = "refuse"
    at: datetime | None = None
    create_missing: bool = False
    rejects: Path | None = None
    delimiter: str = ","


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        rows: rows in the file.
        imported: contributions recorded now.
        imported_micro: their sum, µT.
        already_imported: rows that an earlier import had recorded.
        refused: rows refused, by sort of reason.
        agents_added, squads_added: how many were unknown.
        minted_micro: µT minted into wallets that were short.
        run_id: stamp of what was written.
        rejects: file of the refused rows, if one was asked for.
    """

    rows: int
    imported: int
    imported_micro: int
    already_imported: int
    refused: Mapping[str, int]
    agents_added: int
    squads_added: int
    minted_micro: int
    run_id: str
    rejects: Path | None


class ImportRefusedError(RefusedError):
    """Rows are bad and nothing was imported.

    Attributes:
        refused: rows refused, by sort of reason.
        first: the first of them, as many as a person reads.
    """

    def __init__(self, refused: Mapping[str, int], first: list[Refusal]) -> None:
        count = sum(refused.values())
        super().__init__(
            f"{count:,} row{'s' * (count > 1)} cannot be imported, so nothing was",
            "Correct the file, or import the good rows alone and have the others in a file: --rejects FILE.",
        )
        self.refused = refused
        self.first = first


def import_contributions(
    connection: Connection,
    path: Path,
    options: ImportOptions,
    progress: Progress = lambda *_: None,
) -> ImportReport:
    """Record every row of a file that no earlier import has recorded.

    Args:
        connection: the caller commits it, and rolls back when this raises.
        path: a CSV or Parquet file.
        options: how to read it and what to allow.
        progress: is told how far the work is.

    Raises:
        FileError: the file cannot be read.
        ImportRefusedError: rows are bad, and no file for them was given.
        RefusedError: the file for bad rows cannot be written, or the ledger cannot hold such amounts.
    """
    file = open_file(path, options)
    run_id = f"import:{tabular_files.digest(path)[:_DIGEST_DIGITS]}"
    rows = imports.stage_rows(connection, checked_rows(file, options, overview.now(connection), progress))
    progress("comparing with what is known", 0, 0)
    stamp = Stamp(DRIVER, run_id, policy_id(policies.current(connection)), RULE_VERSION)
    known = compare(connection, stamp, create_missing=options.create_missing)
    refused = imports.refused_by_category(connection)
    if refused and options.rejects is None:
        raise ImportRefusedError(refused, list(imports.refusals(connection, FIRST_REFUSALS)))
    if options.rejects is not None:
        import_rejects.write(options.rejects, file.table, imports.refusals(connection))
    minted_micro, posted = post_rows(connection, stamp, progress, minting=options.create_missing)
    imports.clear(connection)
    return ImportReport(
        rows=rows,
        imported=posted.rows,
        imported_micro=posted.amount_micro,
        already_imported=known.already_imported,
        refused=refused,
        agents_added=known.agents_added,
        squads_added=known.squads_added,
        minted_micro=minted_micro,
        run_id=run_id,
        rejects=options.rejects,
    )


def open_file(path: Path, options: ImportOptions) -> ContributionFile:
    """Open the file, having made sure that the one for its bad rows can be written.

    Raises:
        FileError: it cannot be read.
        RefusedError: the file for bad rows cannot be written.
    """
    if options.rejects is not None:
        import_rejects.check_place(options.rejects, path)
    return open_contributions(
        path, options.columns, delimiter=options.delimiter, has_time=options.at is not None
    )


def checked_rows(
    file: ContributionFile, options: ImportOptions, now: datetime, progress: Progress
) -> Iterator[ContributionRow | Refused]:
    """Check each row's form while the file is read; rows after `now` are refused."""
    for read in file.rows(lambda done, total: progress("reading", done, total)):
        if isinstance(read, Refusal):
            yield Refused(read, f"{read.field} {read.reason}")
            continue
        number, values = read
        row = read_row(number, values, rounding=options.rounding, at=options.at, now=now)
        yield row if isinstance(row, ContributionRow) else _categorised(row)


def _categorised(refusal: Refusal) -> Refused:
    # Some reasons quote the value, which stands beside them anyhow and would make each a sort of its own.
    reason = _QUOTED.sub("", refusal.reason, count=1)
    return Refused(replace(refusal, reason=reason), f"{refusal.field} {reason}")


def post_rows(
    connection: Connection, stamp: Stamp, progress: Progress, *, minting: bool
) -> tuple[int, Totals]:
    """Post the good rows, some at a time; returns the µT minted for them and what they come to.

    Raises:
        RefusedError: the ledger cannot hold such amounts.
    """
    totals = import_transfers.totals(connection)
    require_storable(totals)
    ledger.stage(connection)
    minted_micro = import_transfers.stage_mints(connection, reason=MINT_REASON) if minting else 0
    moved_micro = 0
    for first in range(0, totals.last_row + 1, _POSTED_AT_ONCE):
        progress("posting", first, totals.last_row)
        import_transfers.stage_contributions(connection, first, first + _POSTED_AT_ONCE)
        moved_micro += ledger.post_staged(connection, stamp).moved_micro
        import_transfers.settle(connection)
    if moved_micro != minted_micro + totals.amount_micro:
        raise AssertionError("rows that were new are in the ledger")
    return minted_micro, totals


def require_storable(totals: Totals) -> None:
    """Refuse more than the ledger can hold.

    Raises:
        RefusedError: an account could leave 64 bits.
    """
    # No account can change by more than all rows together, so none can leave 64 bits.
    if totals.amount_micro + totals.most_held_micro > MAX_MICRO:
        raise RefusedError(
            f"The rows sum to {format_tokens(totals.amount_micro)} tokens, more than the ledger can hold",
            f"Look for amounts that cannot be meant; the largest is in row {totals.largest_row}.",
        )
