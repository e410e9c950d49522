"""The sensor that evaluates the marts' automation conditions. The conditions are in `assets.automation`."""

from typing import Final

import dagster as dg

from assets.market import MARKET
from assets.marts import MARTS

# The daemon could evaluate every five seconds. A quarter of a minute is soon enough for analysts, and a round, the
# harvest after it and the next seeds are then followed by one run or two and not by one each, which would compete with
# the work itself.
EVERY_SECONDS: Final = 15

MART_TAG: Final = "squads/mart"
"""On every run that it asks for, so that a limit in dagster.yaml can keep a slot free for matching."""

mart_automation: Final = dg.AutomationConditionSensorDefinition(
    "mart_automation",
    target=dg.AssetSelection.assets(*MARTS, *MARKET),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=EVERY_SECONDS,
    run_tags={MART_TAG: "true"},
    description="Materializes marts after their parents, and statements once a day is over.",
)
