"""Asset checks of rosters: the invariants after each run, and edges decided again. The queries are in `store`."""

from collections.abc import Iterator, Mapping
from typing import Final

import dagster as dg

from assets.checks import Audit, Find, verdicts
from assets.rosters import squad_rosters
from resources.database import Database
from squads_pipeline.drivers.audit_rosters import findings_between
from squads_pipeline.store.formation_invariants import FORMATION_INVARIANTS
from squads_pipeline.store.roster_invariants import ROSTER_INVARIANTS

RECOMPUTED: Final = "edges_recompute_equal"
REPLAYED: Final = "events_replay_to_the_state"

_HOLDING: Final = (*ROSTER_INVARIANTS, *(one for one in FORMATION_INVARIANTS if one.name == REPLAYED))

_INVARIANTS: Final[Mapping[str, Find]] = {one.name: one.find for one in _HOLDING}
_AUDITS: Final[Mapping[str, Audit]] = {RECOMPUTED: findings_between}


@dg.multi_asset_check(
    specs=[
        *(
            dg.AssetCheckSpec(
                one.name, asset=squad_rosters, blocking=True, description=f"{one.number}: {one.description}"
            )
            for one in _HOLDING
        ),
        dg.AssetCheckSpec(
            RECOMPUTED,
            asset=squad_rosters,
            blocking=True,
            description="I10: Decided again from the facts of its moment, each edge is the one that was taken.",
        ),
    ],
    can_subset=True,
)
def roster_checks(
    context: dg.AssetCheckExecutionContext, database: Database
) -> Iterator[dg.AssetCheckResult]:
    """Look for what does not hold of squads' rosters, in one snapshot."""
    yield from verdicts(context, database, _INVARIANTS, _AUDITS)


ROSTER_CHECKS: Final = (roster_checks,)
