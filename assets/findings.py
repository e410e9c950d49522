"""Findings: verdicts on them, their merge with its credit, and messages to the knowledge graph. No rules."""

from collections.abc import Iterator
from datetime import date
from typing import Final

import dagster as dg
from pydantic import Field
from sqlalchemy import Connection

from assets import columns, driven
from assets.partitions import UTC_DAYS
from assets.sources import KINDS, OWNERS, finding_reviews, research_squads, squad_findings
from resources.database import Database
from squads_pipeline.drivers import audit_findings, bubble_findings, deliver_messages, review_findings
from squads_pipeline.rules.findings import RULE_VERSION
from squads_pipeline.store import finding_facts, outbox, schema

HARVEST: Final = "harvest"
KNOWLEDGE: Final = "knowledge"


def _verdicts_of_day(connection: Connection, day: date) -> driven.Metadata:
    summary = finding_facts.verdicts(connection, day, day)
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(summary.verdicts),
        "accepted on the day": dg.MetadataValue.int(summary.accepted),
        "timed out on the day": dg.MetadataValue.int(summary.timed_out),
    }


def _merges_of_day(connection: Connection, day: date) -> driven.Metadata:
    summary = finding_facts.merges(connection, day, day)
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(summary.findings),
        "credits of the day": dg.MetadataValue.int(summary.credits),
    }


def _messages_of_day(connection: Connection, day: date) -> driven.Metadata:
    summary = outbox.summary(connection, day, day)
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(summary.messages),
        "delivered of the day": dg.MetadataValue.int(summary.delivered),
    }


_REVIEWED: Final = driven.Driven(
    gap=review_findings.GAP,
    driver=review_findings.review_findings,
    auditor=audit_findings.audit_verdicts,
    of_day=_verdicts_of_day,
    fingerprint=lambda connection, first, last: finding_facts.verdicts(connection, first, last).fingerprint,
)

_BUBBLED: Final = driven.Driven(
    gap=bubble_findings.GAP,
    driver=bubble_findings.bubble_findings,
    auditor=audit_findings.audit_merges,
    of_day=_merges_of_day,
    fingerprint=lambda connection, first, last: finding_facts.merges(connection, first, last).fingerprint,
)

_DELIVERED: Final = driven.Driven(
    gap=deliver_messages.GAP,
    driver=deliver_messages.deliver_messages,
    auditor=audit_findings.audit_messages,
    of_day=_messages_of_day,
    fingerprint=lambda connection, first, last: outbox.summary(connection, first, last).fingerprint,
)


class ReviewedFindingsConfig(dg.Config):
    """How a run of `reviewed_findings` behaves."""

    dry_run: bool = Field(
        default=False,
        description="Do it in a real transaction and roll it back: says what a run would do, decides nothing.",
    )


class BubbledFindingsConfig(dg.Config):
    """How a run of `bubbled_findings` behaves."""

    dry_run: bool = Field(
        default=False,
        description="Do it in a real transaction and roll it back: says what a run would do, merges nothing.",
    )


class DeliveredMessagesConfig(dg.Config):
    """How a run of `delivered_messages` behaves."""

    dry_run: bool = Field(
        default=False, description="Say which messages a run would deliver, and deliver none."
    )


@dg.asset(
    deps=[squad_findings, finding_reviews, research_squads],
    description=(
        "A verdict on a finding. Today: decides what has enough reviews, and rejects what its harvesting squad "
        "has waited for long enough. A past day: recomputes its verdicts from the reviews of their time."
    ),
    group_name=HARVEST,
    owners=OWNERS,
    kinds=KINDS,
    tags={"squads/driver": review_findings.NAME},
    metadata=columns.of_table(schema.reviewed_findings),
    code_version=RULE_VERSION,
    partitions_def=UTC_DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    output_required=False,
)
def reviewed_findings(
    context: dg.AssetExecutionContext, config: ReviewedFindingsConfig, database: Database
) -> Iterator[dg.MaterializeResult[None] | dg.AssetObservation]:
    """Decide today's findings, audit past days."""
    yield from driven.run(_REVIEWED, context, database, dry_run=config.dry_run)


@dg.asset(
    deps=[reviewed_findings],
    description=(
        "A finding merged into the knowledge graph, with its credit. Today: merges what was accepted, each finding "
        "once. A past day: recomputes whom its findings credit, and credits nobody."
    ),
    group_name=KNOWLEDGE,
    owners=OWNERS,
    kinds=KINDS,
    tags={"squads/driver": bubble_findings.NAME},
    metadata=columns.of_table(schema.bubbled_findings),
    code_version=RULE_VERSION,
    partitions_def=UTC_DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    output_required=False,
)
def bubbled_findings(
    context: dg.AssetExecutionContext, config: BubbledFindingsConfig, database: Database
) -> Iterator[dg.MaterializeResult[None] | dg.AssetObservation]:
    """Merge today's findings, audit past days."""
    yield from driven.run(_BUBBLED, context, database, dry_run=config.dry_run)


@dg.asset(
    deps=[bubbled_findings],
    description=(
        "A message to the knowledge graph, delivered at least once under a stable id to the sink that "
        "SQUADS_KNOWLEDGE_SINK names. Today: delivers what is due. A past day: counts its messages, sends none."
    ),
    group_name=KNOWLEDGE,
    owners=OWNERS,
    kinds=KINDS,
    tags={"squads/driver": deliver_messages.NAME},
    metadata=columns.of_table(schema.outbox),
    code_version=deliver_messages.RULE_VERSION,
    partitions_def=UTC_DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    output_required=False,
)
def delivered_messages(
    context: dg.AssetExecutionContext, config: DeliveredMessagesConfig, database: Database
) -> Iterator[dg.MaterializeResult[None] | dg.AssetObservation]:
    """Deliver today's messages, audit past days."""
    yield from driven.run(_DELIVERED, context, database, dry_run=config.dry_run)


FINDING_ASSETS: Final = (reviewed_findings, bubbled_findings, delivered_messages)
