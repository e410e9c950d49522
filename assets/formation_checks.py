"""Asset checks of formation: the invariants after each run, and seeds recomputed. The queries are in `store`."""

from collections.abc import Iterator, Mapping
from typing import Final

import dagster as dg

from assets.checks import Audit, Find, verdicts
from assets.formation import squads_formed
from resources.database import Database
from squads_pipeline.drivers.audit_formations import findings_between
from squads_pipeline.store.formation_invariants import FORMATION_INVARIANTS

RECOMPUTED: Final = "formations_recompute_equal"

_INVARIANTS: Final[Mapping[str, Find]] = {one.name: one.find for one in FORMATION_INVARIANTS}
_AUDITS: Final[Mapping[str, Audit]] = {RECOMPUTED: findings_between}


@dg.multi_asset_check(
    specs=[
        *(
            dg.AssetCheckSpec(
                one.name, asset=squads_formed, blocking=True, description=f"{one.number}: {one.description}"
            )
            for one in FORMATION_INVARIANTS
        ),
        dg.AssetCheckSpec(
            RECOMPUTED,
            asset=squads_formed,
            blocking=True,
            description=(
                "I10: Each seed is what the target's importance gives under the policy of its formation, and "
                "the target was important enough for it."
            ),
        ),
    ],
    can_subset=True,
)
def formation_invariants(
    context: dg.AssetCheckExecutionContext, database: Database
) -> Iterator[dg.AssetCheckResult]:
    """Look for what does not hold, in one snapshot."""
    yield from verdicts(context, database, _INVARIANTS, _AUDITS)


FORMATION_CHECKS: Final = (formation_invariants,)
