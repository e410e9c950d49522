"""Which driver closes which gap, by the name that a gap and its asset share. No driver is written here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from squads_pipeline.drivers.distribute_pools import distribute_pools
from squads_pipeline.drivers.form_squads import form_squads
from squads_pipeline.drivers.honour_pledges import honour_pledges
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.run import Driver
from squads_pipeline.drivers.seal_ledger import seal_ledger

DRIVERS: Final[Mapping[str, Driver]] = MappingProxyType(
    {
        "squads_formed": form_squads,
        "pledged_contributions": honour_pledges,
        "qf_matches": match_round,
        "harvest_distributions": distribute_pools,
        "ledger_seals": seal_ledger,
    }
)
"""Gap → driver, in the order in which gaps are closed: a driver may open gaps of those after it."""
