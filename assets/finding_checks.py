"""Asset checks of findings: I8 after each run, verdicts and credits recomputed. The queries are in `store`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import dagster as dg

from assets.checks import Audit, Find, verdicts
from assets.findings import bubbled_findings, delivered_messages, reviewed_findings
from resources.database import Database
from squads_pipeline.drivers.audit_findings import merge_findings_between, verdict_findings_between
from squads_pipeline.store.finding_invariants import FINDING_INVARIANTS, MESSAGES, STATES
from squads_pipeline.store.invariants import Invariant

VERDICTS_RECOMPUTED: Final = "verdicts_recompute_equal"
CREDITS_RECOMPUTED: Final = "credits_recompute_equal"

_RECOMPUTED: Final[Mapping[str, tuple[Audit, str]]] = {
    VERDICTS_RECOMPUTED: (
        verdict_findings_between,
        "I8: Verdict and confidence are what the reviews of that time give under the policy of that time.",
    ),
    CREDITS_RECOMPUTED: (
        merge_findings_between,
        "I8: Credited is who was a member when the finding was reviewed, and it bears on its own target.",
    ),
}


def _checks(
    asset: dg.AssetsDefinition, invariants: Sequence[Invariant], recomputed: str | None = None
) -> dg.AssetChecksDefinition:
    """The checks of an asset, all blocking."""
    find: dict[str, Find] = {one.name: one.find for one in invariants}
    said = {one.name: f"{one.number}: {one.description}" for one in invariants}
    audits: dict[str, Audit] = {}
    if recomputed is not None:
        audits[recomputed], said[recomputed] = _RECOMPUTED[recomputed]

    @dg.multi_asset_check(
        name=f"{asset.key.path[-1]}_checks",
        specs=[
            dg.AssetCheckSpec(name, asset=asset, blocking=True, description=description)
            for name, description in said.items()
        ],
        can_subset=True,
    )
    def checks(context: dg.AssetCheckExecutionContext, database: Database) -> Iterator[dg.AssetCheckResult]:
        """Look for what does not hold, in one snapshot."""
        yield from verdicts(context, database, find, audits)

    return checks


FINDING_CHECKS: Final = (
    _checks(reviewed_findings, [STATES], VERDICTS_RECOMPUTED),
    _checks(bubbled_findings, [STATES, *FINDING_INVARIANTS], CREDITS_RECOMPUTED),
    _checks(delivered_messages, [MESSAGES]),
)
