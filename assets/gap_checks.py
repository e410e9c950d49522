"""Checks that every driven asset has: does a unit of its gap fail, and does one wait for too long. They only warn."""

from datetime import timedelta
from typing import Final

import dagster as dg

from assets import reports
from assets.driven import SHOWN
from resources.database import Database
from squads_pipeline.store import gap_failures, gaps, overview, policies

NO_UNIT_FAILS: Final = "no_unit_fails"
NOTHING_IS_LATE: Final = "nothing_is_late"


def _failing(gap: str) -> dg.AssetChecksDefinition:
    """The check of a gap's asset that warns while units of it fail. It does not block: the others went on."""

    @dg.asset_check(
        asset=dg.AssetKey(gap),
        name=NO_UNIT_FAILS,
        description="No unit of the gap is put aside because its last attempt failed; the others go on without it.",
    )
    def check(database: Database) -> dg.AssetCheckResult:
        """Read what is put aside."""
        with database.engine().connect() as connection:
            failures = gap_failures.of_gap(connection, gap)
        return dg.AssetCheckResult(
            passed=not failures,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"failing": len(failures), **reports.failures_table(failures, SHOWN)},
        )

    return check


def _late(gap: str) -> dg.AssetChecksDefinition:
    """The check of a gap's asset that warns while a unit could have been closed for too long."""

    @dg.asset_check(
        asset=dg.AssetKey(gap),
        name=NOTHING_IS_LATE,
        description="No unit of the gap could have been closed for longer than operations.max_gap_age_seconds.",
    )
    def check(database: Database) -> dg.AssetCheckResult:
        """Compare the oldest unit with what the policy allows."""
        with database.engine().connect() as connection:
            allowed = timedelta(seconds=policies.current(connection).max_gap_age_seconds)
            now, size = overview.now(connection), gaps.size(connection, gap)
        waited = timedelta() if size.since is None else max(now - size.since, timedelta())
        return dg.AssetCheckResult(
            passed=waited <= allowed,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={
                "units": size.units,
                "oldest waits, seconds": int(waited.total_seconds()),
                "allowed, seconds": int(allowed.total_seconds()),
            },
        )

    return check


GAP_CHECKS: Final = tuple(make(gap) for gap in gaps.GAPS for make in (_failing, _late))
