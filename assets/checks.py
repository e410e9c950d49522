"""Asset checks: the invariants after each run, and statements against the ledger. The queries are in `store`.

After a run an invariant looks at what was written since the run's first day, and an audit at the facts of the run's
days, so that their cost follows the days and not history. Run by itself, a check looks at all of history, as `squads
ledger verify` does.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final

import dagster as dg
from sqlalchemy import Connection

from assets import reports
from assets.funding import qf_matches
from assets.marts import agent_statements, squad_pools, token_supply
from assets.partitions import span_of
from assets.pledges import pledged_contributions
from resources.database import Database
from squads_pipeline.drivers import audit_pledges
from squads_pipeline.drivers.audit_matches import findings_between
from squads_pipeline.rules.money import format_tokens
from squads_pipeline.store import runs, statement_checks
from squads_pipeline.store.invariants import INVARIANTS, Finding, Findings
from squads_pipeline.store.statement_checks import Mismatch
from squads_pipeline.store.statements import AGENTS, SQUADS, Book
from squads_pipeline.store.statements import SUPPLY as SUPPLY_BOOK

SHOWN: Final = 20
"""Findings shown in the UI."""

FINDINGS: Final = "first findings, for programs"
VERIFIED: Final = "facts verified"

UNFINISHED: Final = "Some days were stated before they were over: materialize them again."
RECOMPUTED: Final = "rounds_recompute_equal"
PAYMENTS_RECOMPUTED: Final = "payments_recompute_equal"
OF_MONEY: Final = ("I1", "I2", "I3", "I4")
"""Invariants that any movement of money may break."""
PLACES: Final = "I11"
CLOSING: Final = "closing_equals_ledger"
OPENING: Final = "opening_equals_previous_closing"
SUPPLY: Final = "supply_sums_to_zero"
SUPPLY_CLOSING: Final = "supply_equals_ledger"

Find = Callable[[Connection, date | None], Findings]
"""Finds what does not hold of all that was written since a day; None: ever."""

Audit = Callable[[Connection, date | None, date | None], Findings]
"""Finds what does not recompute of the facts of some days, the first and the last given; None leaves that end open."""

Compare = Callable[[Connection, Book, date, date], list[Mismatch]]

_INVARIANTS: Final[Mapping[str, Find]] = {one.name: one.find for one in INVARIANTS.values()}
_AUDITS: Final[Mapping[str, Audit]] = {
    RECOMPUTED: findings_between,
    PAYMENTS_RECOMPUTED: audit_pledges.findings_between,
}
_STATEMENT_CHECKS: Final[Mapping[str, Compare]] = {
    CLOSING: statement_checks.closing_mismatches,
    OPENING: statement_checks.opening_mismatches,
}


@dg.multi_asset_check(
    specs=[
        *(
            dg.AssetCheckSpec(
                one.name, asset=qf_matches, blocking=True, description=f"{one.number}: {one.description}"
            )
            for one in INVARIANTS.values()
            if one.number != PLACES
        ),
        dg.AssetCheckSpec(
            RECOMPUTED,
            asset=qf_matches,
            blocking=True,
            description=(
                "I6: Recomputed from its inputs, a round is equal to the µT. Today: its last round, from the "
                "inputs stored with it. A past day: all its rounds, from contributions and claims."
            ),
        ),
    ],
    can_subset=True,
)
def invariants(context: dg.AssetCheckExecutionContext, database: Database) -> Iterator[dg.AssetCheckResult]:
    """Look for what does not hold, in one snapshot."""
    yield from verdicts(context, database, _INVARIANTS, _AUDITS)


@dg.multi_asset_check(
    specs=[
        *(
            dg.AssetCheckSpec(
                INVARIANTS[number].name,
                asset=pledged_contributions,
                blocking=True,
                description=f"{number}: {INVARIANTS[number].description}",
            )
            for number in (*OF_MONEY, PLACES)
        ),
        dg.AssetCheckSpec(
            PAYMENTS_RECOMPUTED,
            asset=pledged_contributions,
            blocking=True,
            description=(
                "I11: Recomputed from its frozen inputs under its own policy, each payment is equal to the µT."
            ),
        ),
    ],
    can_subset=True,
)
def pledge_checks(
    context: dg.AssetCheckExecutionContext, database: Database
) -> Iterator[dg.AssetCheckResult]:
    """Look for what does not hold of payments under pledges, in one snapshot."""
    yield from verdicts(context, database, _INVARIANTS, _AUDITS)


def _statement_checks(asset: dg.AssetsDefinition, book: Book, balance: str) -> dg.AssetChecksDefinition:
    """The checks of statements: each balance is the ledger's, and days add up. ``balance`` is its name."""
    closing = f"Each closing is the {balance}'s balance at the end of the day, by the ledger's entries."
    opening = "Each opening is the closing of the day before, and both are the ledger's."

    @dg.multi_asset_check(
        name=f"{book.mart}_checks",
        specs=[
            dg.AssetCheckSpec(CLOSING, asset=asset, blocking=True, description=closing),
            dg.AssetCheckSpec(OPENING, asset=asset, blocking=True, description=opening),
        ],
        can_subset=True,
    )
    def checks(context: dg.AssetCheckExecutionContext, database: Database) -> Iterator[dg.AssetCheckResult]:
        """Compare statements with the ledger, in one snapshot."""
        first, last = span_of(context) or (date.min, date.max)
        with database.snapshot() as connection:
            today = runs.today(connection)
            for key in sorted(context.selected_asset_check_keys):
                found = _STATEMENT_CHECKS[key.name](connection, book, first, last)
                yield _comparison(key, book, found, today)

    return checks


@dg.asset_check(
    asset=token_supply,
    name=SUPPLY,
    blocking=True,
    description="Over all kinds of accounts openings, mints and closings sum to zero, and what was received was paid.",
)
def supply_sums_to_zero(context: dg.AssetCheckExecutionContext, database: Database) -> dg.AssetCheckResult:
    """Sum each day's supply."""
    first, last = span_of(context) or (date.min, date.max)
    with database.snapshot() as connection:
        found = statement_checks.imbalances(connection, first, last)
    rows = [
        Finding("supply", f"{one.what}, {one.effective_on}", "0", format_tokens(one.micro)) for one in found
    ]
    return dg.AssetCheckResult(passed=not rows, metadata={"findings": len(rows), **_findings_table(rows)})


@dg.asset_check(
    asset=token_supply,
    name=SUPPLY_CLOSING,
    blocking=True,
    description="What each kind of account held at the end of the day is what the ledger's entries say.",
)
def supply_equals_ledger(context: dg.AssetCheckExecutionContext, database: Database) -> dg.AssetCheckResult:
    """Compare each day's supply with the ledger, in one snapshot."""
    first, last = span_of(context) or (date.min, date.max)
    with database.snapshot() as connection:
        found = statement_checks.supply_mismatches(connection, first, last)
        today = runs.today(connection)
    return _comparison(dg.AssetCheckKey(token_supply.key, SUPPLY_CLOSING), SUPPLY_BOOK, found, today)


CHECKS: Final = (
    invariants,
    pledge_checks,
    _statement_checks(squad_pools, SQUADS, "pool"),
    _statement_checks(agent_statements, AGENTS, "wallet"),
    supply_sums_to_zero,
    supply_equals_ledger,
)


def verdicts(
    context: dg.AssetCheckExecutionContext,
    database: Database,
    invariants: Mapping[str, Find],
    audits: Mapping[str, Audit] = MappingProxyType({}),
) -> Iterator[dg.AssetCheckResult]:
    """The results of the selected checks, in one snapshot.

    Args:
        context: says which checks, and the days of their run.
        database: where the facts are.
        invariants: check → what finds whatever breaks it.
        audits: check → what recomputes the facts.
    """
    first, last = span_of(context) or (None, None)
    with database.snapshot() as connection:
        for key in sorted(context.selected_asset_check_keys):
            audit = audits.get(key.name)
            found = audit(connection, first, last) if audit else invariants[key.name](connection, first)
            yield verdict(key, found)


def verdict(key: dg.AssetCheckKey, found: Findings) -> dg.AssetCheckResult:
    """The result of a check that passes if nothing was found."""
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=found.total == 0,
        metadata={
            "findings": found.total,
            **({} if found.verified is None else {VERIFIED: found.verified}),
            **_findings_table(found.first),
        },
    )


def _comparison(
    key: dg.AssetCheckKey, book: Book, found: Sequence[Mismatch], today: date
) -> dg.AssetCheckResult:
    """Judge mismatches: wrong ones fail; days that are over but were stated too early warn."""
    wrong = [one for one in found if not one.behind]
    unfinished = [one for one in found if one.behind and one.effective_on < today]
    rows = [_mismatch(book, one) for one in (*wrong, *unfinished)]
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=not rows,
        severity=dg.AssetCheckSeverity.ERROR if wrong else dg.AssetCheckSeverity.WARN,
        description=UNFINISHED if unfinished else None,
        metadata={"findings": len(rows), **_findings_table(rows)},
    )


def _mismatch(book: Book, one: Mismatch) -> Finding:
    ledger, stated = format_tokens(one.ledger_micro), format_tokens(one.stated_micro)
    return Finding("statement", f"{book.noun} {one.holder}, {one.effective_on}", ledger, stated)


def _findings_table(found: Sequence[Finding]) -> dict[str, dg.MetadataValue]:
    if not found:
        return {}
    heads = ["what", "expected", "found"]
    rows = [[one.subject, one.expected, one.found] for one in found[:SHOWN]]
    if any(one.difference for one in found[:SHOWN]):
        heads.append("difference")
        rows = [[*row, one.difference] for row, one in zip(rows, found, strict=False)]
    return {
        "first findings": dg.MetadataValue.md(reports.markdown_table(heads, rows)),
        FINDINGS: dg.MetadataValue.json([dict(zip(heads, row, strict=True)) for row in rows]),
    }
