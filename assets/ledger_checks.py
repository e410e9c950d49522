"""Asset checks of the ledger's seal: links hashed again, seals in a row, nothing overlooked. Queries are in `store`."""

from collections.abc import Iterator, Mapping
from typing import Final

import dagster as dg

from assets.checks import Find, verdicts
from assets.ledger import ledger_seals
from resources.database import Database
from squads_pipeline.store import seal_findings
from squads_pipeline.store.seal_findings import OVERLOOKED, SEALS

RECOMPUTED: Final = "links_recompute_equal"

_CHECKS: Final[Mapping[str, Find]] = {
    RECOMPUTED: seal_findings.links_since,
    SEALS.name: SEALS.find,
    OVERLOOKED.name: OVERLOOKED.find,
}


@dg.multi_asset_check(
    specs=[
        dg.AssetCheckSpec(
            RECOMPUTED,
            asset=ledger_seals,
            blocking=True,
            description=(
                "Every transfer sealed since the day, with its entries, hashed again after the hash before it, is "
                "what the chain says."
            ),
        ),
        *(
            dg.AssetCheckSpec(one.name, asset=ledger_seals, blocking=True, description=one.description)
            for one in (SEALS, OVERLOOKED)
        ),
    ],
    can_subset=True,
)
def seal_checks(context: dg.AssetCheckExecutionContext, database: Database) -> Iterator[dg.AssetCheckResult]:
    """Look for what does not hold, in one snapshot."""
    yield from verdicts(context, database, _CHECKS)


LEDGER_CHECKS: Final = (seal_checks,)
