"""Which driver closes which gap, by the name that a gap and its asset share. No driver is written here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from squads_pipeline.drivers.bubble_findings import bubble_findings
from squads_pipeline.drivers.calibrate_policy import calibrate_policy
from squads_pipeline.drivers.deliver_messages import deliver_messages
from squads_pipeline.drivers.distribute_pools import distribute_pools
from squads_pipeline.drivers.fill_rosters import fill_rosters
from squads_pipeline.drivers.form_squads import form_squads
from squads_pipeline.drivers.honour_pledges import honour_pledges
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.pay_dividends import pay_dividends
from squads_pipeline.drivers.review_findings import review_findings
from squads_pipeline.drivers.run import Driver
from squads_pipeline.drivers.seal_ledger import seal_ledger

DRIVERS: Final[Mapping[str, Driver]] = MappingProxyType(
    {
        "squads_formed": form_squads,
        "squad_rosters": fill_rosters,
        "pledged_contributions": honour_pledges,
        "qf_matches": match_round,
        "reviewed_findings": review_findings,
        "bubbled_findings": bubble_findings,
        "harvest_distributions": distribute_pools,
        "delivered_messages": deliver_messages,
        "credit_dividends": pay_dividends,
        "policy_calibration": calibrate_policy,
        "ledger_seals": seal_ledger,
    }
)
"""Gap → driver, in the order in which gaps are closed: a driver may open gaps of those after it."""
