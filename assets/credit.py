"""Credit: dividends along provenance, and what the policy learns from them. No rules."""

from datetime import date
from typing import Final

import dagster as dg
from sqlalchemy import Connection

from assets import columns, driven, reports
from assets.findings import bubbled_findings
from assets.harvest import harvest_distributions
from assets.sources import (
    agent_contributions,
    artifact_provenance,
    finding_reviews,
    outcomes,
    squad_findings,
)
from resources.database import Database
from squads_pipeline.drivers import (
    audit_calibrations,
    audit_dividends,
    calibrate_policy,
    pay_dividends,
    restate_dividends,
)
from squads_pipeline.rules import calibration, credit
from squads_pipeline.rules.money import format_tokens
from squads_pipeline.store import calibration_facts, dividend_facts, schema
from squads_pipeline.store.dividend_facts import LargeShare

LARGEST: Final = 10
"""Shares shown of a day."""

GROUP: Final = "knowledge"


def _dividends_of_day(connection: Connection, day: date) -> driven.Metadata:
    """What a day holds, and its largest shares."""
    summary = dividend_facts.summary(connection, day, day)
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(summary.shares),
        "outcomes of the day": dg.MetadataValue.int(summary.outcomes),
        "agents of the day": dg.MetadataValue.int(summary.agents),
        "dividends of the day, tokens": dg.MetadataValue.text(format_tokens(summary.paid_micro)),
        **_largest(dividend_facts.largest(connection, day, LARGEST)),
    }


def _largest(shares: list[LargeShare]) -> driven.Metadata:
    rows = [
        (
            f"{one.artifact} {one.kind}",
            one.agent_id,
            one.contributions,
            one.via_squad,
            format_tokens(one.share_micro),
        )
        for one in shares
    ]
    heads = ("outcome", "agent", "contributions", "via squad", "share")
    return {"largest shares": dg.MetadataValue.md(reports.markdown_table(heads, rows))} if rows else {}


def _calibrations_of_day(connection: Connection, day: date) -> driven.Metadata:
    """What a day's calibrations say."""
    found = calibration_facts.of_day(connection, day)
    rows = [
        (one.number, one.outcomes, one.rank_correlation or "undefined", one.proposal, one.reason)
        for one in found
    ]
    heads = ("calibration", "outcomes", "rank correlation", "proposal", "because")
    table = {"calibrations": dg.MetadataValue.md(reports.markdown_table(heads, rows))} if rows else {}
    return {"dagster/partition_row_count": dg.MetadataValue.int(len(found)), **table}


_DIVIDENDS: Final = driven.Driven(
    driver=pay_dividends.pay_dividends,
    auditor=audit_dividends.audit_day,
    of_day=_dividends_of_day,
    fingerprint=lambda connection, first, last: dividend_facts.summary(connection, first, last).fingerprint,
    restater=restate_dividends.restate_day,
)

_CALIBRATIONS: Final = driven.Driven(
    driver=calibrate_policy.calibrate_policy,
    auditor=audit_calibrations.audit_day,
    of_day=_calibrations_of_day,
    fingerprint=calibration_facts.fingerprint,
)


@driven.asset(
    driver=pay_dividends.NAME,
    deps=[outcomes, agent_contributions, artifact_provenance, bubbled_findings],
    description=(
        "An agent's share of an outcome's dividend. Today: settles outcomes, the oldest first, and pays whoever "
        "helped along the provenance. A past day: recomputes its dividends and pays nobody."
    ),
    group_name=GROUP,
    metadata=columns.of_table(schema.credit_dividends),
    code_version=credit.RULE_VERSION,
)
def credit_dividends(
    context: dg.AssetExecutionContext, config: driven.RestatableConfig, database: Database
) -> driven.Results:
    """Pay today's dividends, audit past days."""
    yield from driven.run(_DIVIDENDS, context, config, database)


# Payouts are compared with dividends, and reviewers' verdicts with what became of the findings.
@driven.asset(
    driver=calibrate_policy.NAME,
    deps=[harvest_distributions, credit_dividends, outcomes, squad_findings, finding_reviews],
    description=(
        "A proposed parameter with its evidence. Today: compares payouts with outcomes once enough are new, and "
        "proposes at most one change. A past day: recomputes its comparisons and proposes nothing."
    ),
    group_name=GROUP,
    metadata=columns.of_table(schema.policy_calibration),
    code_version=calibration.RULE_VERSION,
)
def policy_calibration(
    context: dg.AssetExecutionContext, config: driven.DrivenConfig, database: Database
) -> driven.Results:
    """Calibrate today, audit past days."""
    yield from driven.run(_CALIBRATIONS, context, config, database)


CREDIT_ASSETS: Final = (credit_dividends, policy_calibration)
