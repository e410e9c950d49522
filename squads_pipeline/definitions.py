"""What Dagster loads: assets, checks, sensors, resources, listed one by one. Loading touches no database."""

from typing import Final

import dagster as dg

from assets.checks import CHECKS
from assets.credit import CREDIT_ASSETS
from assets.credit_checks import CREDIT_CHECKS
from assets.finding_checks import FINDING_CHECKS
from assets.findings import FINDING_ASSETS
from assets.formation import FORMATION_ASSETS
from assets.formation_checks import FORMATION_CHECKS
from assets.funding import FUNDING_ASSETS
from assets.gap_checks import GAP_CHECKS
from assets.harvest import HARVEST_ASSETS
from assets.harvest_checks import HARVEST_CHECKS
from assets.ledger import LEDGER_ASSETS
from assets.ledger_checks import LEDGER_CHECKS
from assets.market import MARKET
from assets.marts import MARTS
from assets.roster_checks import ROSTER_CHECKS
from assets.rosters import ROSTER_ASSETS
from assets.sources import SOURCES
from resources.database import Database
from resources.tables import MartTables
from sensors.alerts import ALERT_SENSORS
from sensors.gaps import GAP_SENSORS
from sensors.marts import mart_automation

defs: Final = dg.Definitions(
    assets=[
        *SOURCES,
        *FORMATION_ASSETS,
        *ROSTER_ASSETS,
        *FUNDING_ASSETS,
        *FINDING_ASSETS,
        *HARVEST_ASSETS,
        *CREDIT_ASSETS,
        *LEDGER_ASSETS,
        *MARTS,
        *MARKET,
    ],
    asset_checks=[
        *FORMATION_CHECKS,
        *ROSTER_CHECKS,
        *CHECKS,
        *FINDING_CHECKS,
        *HARVEST_CHECKS,
        *CREDIT_CHECKS,
        *LEDGER_CHECKS,
        *GAP_CHECKS,
    ],
    sensors=[*GAP_SENSORS, mart_automation, *ALERT_SENSORS],
    resources={"database": Database(), "marts": MartTables()},
    # A run is one or two short steps; a process for each would take longer than the work.
    executor=dg.in_process_executor,
)
