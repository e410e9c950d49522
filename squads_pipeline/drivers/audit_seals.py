"""Recomputes the links of the hash chain that a past day sealed, and compares. It writes nothing."""

from datetime import date

from sqlalchemy import Connection

from squads_pipeline.drivers.run import Outcome
from squads_pipeline.store import seal_findings


def audit_day(connection: Connection, day: date) -> Outcome:
    """Audit a day as a run's outcome: nothing closed, nothing moved, and how many differences there are."""
    links, found = seal_findings.links_of_day(connection, day)
    return Outcome(0, 0, {"audited_transfers": links, "differences": found.total})
