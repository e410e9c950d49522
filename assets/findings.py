"""Findings: verdicts on them, their merge with its credit, and messages to the knowledge graph. No rules."""

from datetime import date
from typing import Final

import dagster as dg
from sqlalchemy import Connection

from assets import columns, driven
from assets.rosters import squad_rosters
from assets.sources import finding_reviews, research_squads, squad_findings, squad_join_bids
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
    driver=review_findings.review_findings,
    auditor=audit_findings.audit_verdicts,
    of_day=_verdicts_of_day,
    fingerprint=lambda connection, first, last: finding_facts.verdicts(connection, first, last).fingerprint,
)

_BUBBLED: Final = driven.Driven(
    driver=bubble_findings.bubble_findings,
    auditor=audit_findings.audit_merges,
    of_day=_merges_of_day,
    fingerprint=lambda connection, first, last: finding_facts.merges(connection, first, last).fingerprint,
)

_DELIVERED: Final = driven.Driven(
    driver=deliver_messages.deliver_messages,
    auditor=audit_findings.audit_messages,
    of_day=_messages_of_day,
    fingerprint=lambda connection, first, last: outbox.summary(connection, first, last).fingerprint,
)


# A finding that nobody reviews is rejected when its squad has harvested for long enough.
@driven.asset(
    driver=review_findings.NAME,
    deps=[squad_findings, finding_reviews, research_squads, squad_rosters],
    description=(
        "A verdict on a finding. Today: decides what has enough reviews, and rejects what its harvesting squad "
        "has waited for long enough. A past day: recomputes its verdicts from the reviews of their time."
    ),
    group_name=HARVEST,
    metadata=columns.of_table(schema.reviewed_findings),
    code_version=RULE_VERSION,
)
def reviewed_findings(
    context: dg.AssetExecutionContext, config: driven.DrivenConfig, database: Database
) -> driven.Results:
    """Decide today's findings, audit past days."""
    yield from driven.run(_REVIEWED, context, config, database)


# Credited is who was a member at the verdict, and who joined is in the bids. The message names the reviewers.
@driven.asset(
    driver=bubble_findings.NAME,
    deps=[squad_findings, reviewed_findings, finding_reviews, research_squads, squad_join_bids],
    description=(
        "A finding merged into the knowledge graph, with its credit. Today: merges what was accepted, each finding "
        "once. A past day: recomputes whom its findings credit, and credits nobody."
    ),
    group_name=HARVEST,
    metadata=columns.of_table(schema.bubbled_findings),
    code_version=RULE_VERSION,
)
def bubbled_findings(
    context: dg.AssetExecutionContext, config: driven.DrivenConfig, database: Database
) -> driven.Results:
    """Merge today's findings, audit past days."""
    yield from driven.run(_BUBBLED, context, config, database)


@driven.asset(
    driver=deliver_messages.NAME,
    deps=[bubbled_findings],
    description=(
        "A message to the knowledge graph, delivered at least once under a stable id to the sink that "
        "SQUADS_KNOWLEDGE_SINK names. Today: delivers what is due. A past day: counts its messages, sends none."
    ),
    group_name=KNOWLEDGE,
    metadata=columns.of_table(schema.outbox),
    code_version=deliver_messages.RULE_VERSION,
)
def delivered_messages(
    context: dg.AssetExecutionContext, config: driven.DrivenConfig, database: Database
) -> driven.Results:
    """Deliver today's messages, audit past days."""
    yield from driven.run(_DELIVERED, context, config, database)


FINDING_ASSETS: Final = (reviewed_findings, bubbled_findings, delivered_messages)
