"""Credit: dividends along provenance, and what the policy learns from them. No rules."""

from collections.abc import Iterator
from datetime import date
from typing import Final

import dagster as dg
from pydantic import Field
from sqlalchemy import Connection

from assets import columns, driven, reports
from assets.partitions import UTC_DAYS
from assets.sources import KINDS, OWNERS, agent_contributions, artifact_provenance, outcomes
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
    gap=pay_dividends.GAP,
    driver=pay_dividends.pay_dividends,
    auditor=audit_dividends.audit_day,
    of_day=_dividends_of_day,
    fingerprint=lambda connection, first, last: dividend_facts.summary(connection, first, last).fingerprint,
    restater=restate_dividends.restate_day,
)

_CALIBRATIONS: Final = driven.Driven(
    gap=calibrate_policy.GAP,
    driver=calibrate_policy.calibrate_policy,
    auditor=audit_calibrations.audit_day,
    of_day=_calibrations_of_day,
    fingerprint=calibration_facts.fingerprint,
)


class CreditDividendsConfig(driven.RestatableConfig):
    """How a run of `credit_dividends` behaves."""

    dry_run: bool = Field(
        default=False,
        description="Do it in a real transaction and roll it back: says what a run would do, pays nothing.",
    )


class PolicyCalibrationConfig(dg.Config):
    """How a run of `policy_calibration` behaves."""

    dry_run: bool = Field(
        default=False,
        description="Do it in a real transaction and roll it back: says what it would propose, writes nothing.",
    )


@dg.asset(
    deps=[outcomes, agent_contributions, artifact_provenance, dg.AssetKey("bubbled_findings")],
    description=(
        "An agent's share of an outcome's dividend. Today: settles outcomes, the oldest first, and pays whoever "
        "helped along the provenance. A past day: recomputes its dividends and pays nobody."
    ),
    group_name=GROUP,
    owners=OWNERS,
    kinds=KINDS,
    tags={"squads/driver": pay_dividends.NAME},
    metadata=columns.of_table(schema.credit_dividends),
    code_version=credit.RULE_VERSION,
    partitions_def=UTC_DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    output_required=False,
)
def credit_dividends(
    context: dg.AssetExecutionContext, config: CreditDividendsConfig, database: Database
) -> Iterator[dg.MaterializeResult[None] | dg.AssetObservation]:
    """Pay today's dividends, audit past days."""
    yield from driven.run(_DIVIDENDS, context, database, dry_run=config.dry_run, reason=config.given_reason())


@dg.asset(
    deps=[credit_dividends, dg.AssetKey("harvest_distributions")],
    description=(
        "A proposed parameter with its evidence. Today: compares payouts with outcomes once enough are new, and "
        "proposes at most one change. A past day: recomputes its comparisons and proposes nothing."
    ),
    group_name=GROUP,
    owners=OWNERS,
    kinds=KINDS,
    tags={"squads/driver": calibrate_policy.NAME},
    metadata=columns.of_table(schema.policy_calibration),
    code_version=calibration.RULE_VERSION,
    partitions_def=UTC_DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    output_required=False,
)
def policy_calibration(
    context: dg.AssetExecutionContext, config: PolicyCalibrationConfig, database: Database
) -> Iterator[dg.MaterializeResult[None] | dg.AssetObservation]:
    """Calibrate today, audit past days."""
    yield from driven.run(_CALIBRATIONS, context, database, dry_run=config.dry_run)


CREDIT_ASSETS: Final = (credit_dividends, policy_calibration)
