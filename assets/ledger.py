"""The ledger's seal: today's transfers join the hash chain, a past day's links are audited. No rules."""

from datetime import date
from typing import Final

import dagster as dg
from sqlalchemy import Connection

from assets import columns, driven
from assets.credit import credit_dividends
from assets.formation import squads_formed
from assets.funding import qf_matches
from assets.harvest import harvest_distributions
from assets.pledges import pledged_contributions
from assets.sources import contributions
from resources.database import Database
from squads_pipeline.drivers import seal_ledger
from squads_pipeline.drivers.audit_seals import audit_day
from squads_pipeline.rules.seals import RULE_VERSION
from squads_pipeline.store import schema, seal_facts


def _sealed_of_day(connection: Connection, day: date) -> driven.Metadata:
    """What a day holds."""
    summary = seal_facts.summary(connection, day, day)
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(summary.seals),
        "transfers sealed on the day": dg.MetadataValue.int(summary.transfers),
        "head of the day": dg.MetadataValue.text(summary.head or "none"),
    }


_SEALED: Final = driven.Driven(
    driver=seal_ledger.seal_ledger,
    auditor=audit_day,
    of_day=_sealed_of_day,
    fingerprint=lambda connection, first, last: seal_facts.summary(connection, first, last).fingerprint,
)


# Whatever posts transfers.
@driven.asset(
    driver=seal_ledger.NAME,
    deps=[
        contributions,
        squads_formed,
        pledged_contributions,
        qf_matches,
        harvest_distributions,
        credit_dividends,
    ],
    description=(
        "A stretch of the hash chain over transfers, with its head. Today: seals every transfer that is not sealed "
        "yet, all or nothing. A past day: hashes the transfers that it sealed again, and compares."
    ),
    group_name="ledger",
    metadata=columns.of_table(schema.ledger_seals),
    code_version=RULE_VERSION,
)
def ledger_seals(
    context: dg.AssetExecutionContext, config: driven.DrivenConfig, database: Database
) -> driven.Results:
    """Seal today, audit past days."""
    yield from driven.run(_SEALED, context, config, database)


LEDGER_ASSETS: Final = (ledger_seals,)
