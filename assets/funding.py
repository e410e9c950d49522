"""Funding: matches by rounds. Pledges have a module of their own, statements are in `marts`. No rules."""

from datetime import date
from typing import Final

import dagster as dg
from sqlalchemy import Connection

from assets import columns, driven, reports
from assets.pledges import pledged_contributions
from assets.rosters import squad_rosters
from assets.sources import contributions, research_squads
from resources.database import Database
from squads_pipeline.drivers import match_round
from squads_pipeline.drivers.audit_matches import audit_day, audit_range
from squads_pipeline.drivers.restate_matches import restate_day
from squads_pipeline.rules.quadratic import RULE_VERSION
from squads_pipeline.store import match_facts, schema

LARGEST: Final = 10
"""Matches shown of a round."""


def _matches_of_day(connection: Connection, day: date) -> driven.Metadata:
    """What a day holds, and its last round's largest matches."""
    return {
        **reports.day_metadata(match_facts.summary(connection, day, day)),
        **reports.matches_table(match_facts.largest(connection, day, LARGEST)),
    }


_MATCHES: Final = driven.Driven(
    driver=match_round.match_round,
    auditor=audit_day,
    of_day=_matches_of_day,
    fingerprint=lambda connection, first, last: match_facts.summary(connection, first, last).fingerprint,
    range_auditor=audit_range,
    restater=restate_day,
)


# What is given to a squad that has begun to harvest does not wait to settle.
@driven.asset(
    driver=match_round.NAME,
    deps=[contributions, research_squads, pledged_contributions, squad_rosters],
    description=(
        "A squad's match in a quadratic-funding round. Today: claims what waits, weighs the squads and pays, "
        "all or nothing. A past day: recomputes its rounds from their frozen inputs and pays nobody, "
        "unless told to restate."
    ),
    group_name="funding",
    metadata=columns.of_table(schema.qf_matches),
    code_version=RULE_VERSION,
)
def qf_matches(
    context: dg.AssetExecutionContext, config: driven.RestatableConfig, database: Database
) -> driven.Results:
    """Drive today's round, audit past days."""
    yield from driven.run(_MATCHES, context, config, database)


FUNDING_ASSETS: Final = (pledged_contributions, qf_matches)
