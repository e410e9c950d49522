"""What all daily marts share: their place in Dagster, and when they are made anew. No mart here."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import dagster as dg
import pandas as pd

from assets.automation import AFTER_EACH_RUN_AND_EACH_DAY, STATED_EACH_DAY
from assets.partitions import UTC_DAYS
from assets.sources import KINDS, OWNERS

GROUP: Final = "marts"

Result = dg.MaterializeResult[pd.DataFrame]


def mart(
    *,
    deps: Sequence[dg.AssetsDefinition | dg.AssetSpec | dg.AssetKey],
    description: str,
    metadata: Mapping[str, Any],
    code_version: str,
    group_name: str = GROUP,
    automation_condition: dg.AutomationCondition[Any] = AFTER_EACH_RUN_AND_EACH_DAY,
    freshness_policy: dg.FreshnessPolicy | None = STATED_EACH_DAY,
) -> Callable[[Callable[..., Result]], dg.AssetsDefinition]:
    """`dg.asset` with what daily marts have in common; what it is given, it hands on.

    Args:
        deps: what it is made of. Each of them that a run makes is followed.
        description: what a row is.
        metadata: its columns.
        code_version: version of how it is worked out.
        group_name: where it stands in the graph.
        automation_condition: when it is made anew.
        freshness_policy: when the UI says that it is overdue.
    """
    return dg.asset(
        deps=deps,
        description=description,
        group_name=group_name,
        owners=OWNERS,
        kinds=KINDS,
        metadata=metadata,
        code_version=code_version,
        partitions_def=UTC_DAYS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        automation_condition=automation_condition,
        freshness_policy=freshness_policy,
        io_manager_key="marts",
    )
