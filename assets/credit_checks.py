"""Asset checks of credit: the invariants after each run, dividends and calibrations recomputed. Queries: `store`."""

from collections.abc import Iterator, Mapping
from typing import Final

import dagster as dg

from assets.checks import Audit, Find, verdict, verdicts
from assets.credit import credit_dividends, policy_calibration
from assets.partitions import span_of
from resources.database import Database
from squads_pipeline.drivers import audit_calibrations, audit_dividends
from squads_pipeline.store.credit_invariants import CREDIT_INVARIANTS

RECOMPUTED: Final = "dividends_recompute_equal"
CALIBRATIONS_RECOMPUTED: Final = "calibrations_recompute_equal"

_INVARIANTS: Final[Mapping[str, Find]] = {one.name: one.find for one in CREDIT_INVARIANTS}
_AUDITS: Final[Mapping[str, Audit]] = {RECOMPUTED: audit_dividends.findings_between}


@dg.multi_asset_check(
    specs=[
        *(
            dg.AssetCheckSpec(
                one.name,
                asset=credit_dividends,
                blocking=True,
                description=f"{one.number}: {one.description}",
            )
            for one in CREDIT_INVARIANTS
        ),
        dg.AssetCheckSpec(
            RECOMPUTED,
            asset=credit_dividends,
            blocking=True,
            description=(
                "I9: Recomputed from the contributions and the provenance of its time, under its own policy, each "
                "dividend is equal to the µT."
            ),
        ),
    ],
    can_subset=True,
)
def credit_invariants(
    context: dg.AssetCheckExecutionContext, database: Database
) -> Iterator[dg.AssetCheckResult]:
    """Look for what does not hold, in one snapshot."""
    yield from verdicts(context, database, _INVARIANTS, _AUDITS)


@dg.asset_check(
    asset=policy_calibration,
    name=CALIBRATIONS_RECOMPUTED,
    blocking=True,
    description="I9: Recomputed from the facts of its moment, each calibration finds and proposes the same.",
)
def calibrations_recompute_equal(
    context: dg.AssetCheckExecutionContext, database: Database
) -> dg.AssetCheckResult:
    """Calibrate once more, as of the moment of each."""
    first, last = span_of(context) or (None, None)
    key = dg.AssetCheckKey(policy_calibration.key, CALIBRATIONS_RECOMPUTED)
    with database.snapshot() as connection:
        return verdict(key, audit_calibrations.findings_between(connection, first, last))


CREDIT_CHECKS: Final = (credit_invariants, calibrations_recompute_equal)
