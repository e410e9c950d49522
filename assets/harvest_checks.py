"""Asset checks of the harvest: the invariants after each run, and shares recomputed. The queries are in `store`."""

from collections.abc import Iterator, Mapping
from typing import Final

import dagster as dg

from assets.checks import OF_MONEY, Audit, Find, verdicts
from assets.harvest import harvest_distributions
from resources.database import Database
from squads_pipeline.drivers.audit_distributions import findings_between
from squads_pipeline.store.harvest_invariants import HARVEST_INVARIANTS
from squads_pipeline.store.invariants import INVARIANTS

RECOMPUTED: Final = "shares_recompute_equal"

_HOLDING: Final = (*(INVARIANTS[number] for number in OF_MONEY), *HARVEST_INVARIANTS)
_INVARIANTS: Final[Mapping[str, Find]] = {one.name: one.find for one in _HOLDING}
_AUDITS: Final[Mapping[str, Audit]] = {RECOMPUTED: findings_between}


@dg.multi_asset_check(
    specs=[
        *(
            dg.AssetCheckSpec(
                one.name,
                asset=harvest_distributions,
                blocking=True,
                description=f"{one.number}: {one.description}",
            )
            for one in _HOLDING
        ),
        dg.AssetCheckSpec(
            RECOMPUTED,
            asset=harvest_distributions,
            blocking=True,
            description=(
                "I7: Recomputed from its frozen inputs under its own policy, each score, share and refund is "
                "equal to the µT, and was paid."
            ),
        ),
    ],
    can_subset=True,
)
def harvest_invariants(
    context: dg.AssetCheckExecutionContext, database: Database
) -> Iterator[dg.AssetCheckResult]:
    """Look for what does not hold, in one snapshot."""
    yield from verdicts(context, database, _INVARIANTS, _AUDITS)


HARVEST_CHECKS: Final = (harvest_invariants,)
