"""Reading verdicts and merges with what decided them: for audits and summaries. Nothing is decided here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, TextClause, text

from squads_pipeline.rules.findings import Case, Review, Verdict


@dataclass(frozen=True, slots=True)
class Decided:
    """A verdict as it was stored, and the case as it was then."""

    finding_id: int
    stored: Verdict
    case: Case
    decided_at: datetime
    policy_id: str
    rule_version: str


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge as it was stored.

    Attributes:
        bears_on: type and id of the artifact, as stored.
        target: type and id by the finding, or else by its squad.
        agents: who was credited, by name.
        reviewed_at: when the verdict was given.
        moved: whether the squad took part in a merger of squads since, which moves members about.
        rejoined: those who joined after the review and had been accepted once before it.
    """

    finding_id: int
    squad_id: str
    bears_on: tuple[str, str]
    target: tuple[str, str]
    agents: Sequence[str]
    reviewed_at: datetime
    rule_version: str
    moved: bool
    rejoined: Collection[str]


@dataclass(frozen=True, slots=True)
class VerdictSummary:
    """The verdicts of some days: how many, how many accepted, how many by time-out, and a hash of them."""

    verdicts: int
    accepted: int
    timed_out: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class MergeSummary:
    """The merges of some days: how many findings, how many credits, and a hash of them."""

    findings: int
    credits: int
    fingerprint: str


# reviewed_findings_effective_on_idx, then squad_findings_pkey and squad_events_pkey.
_DECIDED = text("""
SELECT decided.finding_id, decided.verdict, decided.reason, decided.accepts, decided.rejects,
       (decided.confidence * 1000000)::integer AS confidence_ppm, decided.reviewed_by, decided.decided_at,
       decided.policy_id, decided.rule_version, (finding.confidence * 1000000)::integer AS author_ppm,
       (SELECT max(event.happened_at) FROM squads.squad_events AS event
        WHERE event.squad_id = decided.squad_id AND event.to_status = 'harvesting'
          AND event.happened_at <= decided.decided_at) AS harvesting_since
FROM squads.reviewed_findings AS decided
JOIN squads.squad_findings AS finding ON finding.id = decided.finding_id
WHERE decided.effective_on BETWEEN :first AND :last
ORDER BY decided.finding_id
""")

_REVIEWS = text("""
SELECT review.finding_id, review.reviewer_agent_id, review.verdict, (review.confidence * 1000000)::integer
FROM squads.reviewed_findings AS decided
JOIN squads.finding_reviews AS review
    ON review.finding_id = decided.finding_id AND review.created_at <= decided.decided_at
WHERE decided.effective_on BETWEEN :first AND :last
ORDER BY review.finding_id, review.id
""")

# bubbled_findings_effective_on_idx, then primary keys, agent_contributions_reference_id_idx,
# research_squads_merged_into_idx and squad_join_bids_squad_id_idx.
_MERGED = text("""
SELECT merged.finding_id, merged.squad_id, merged.artifact_type, merged.artifact_id,
       coalesce(finding.target_artifact_type, origin.target_artifact_type) AS target_type,
       coalesce(finding.target_artifact_id, origin.target_artifact_id) AS target_id,
       ARRAY(SELECT agent_id FROM squads.agent_contributions
             WHERE reference_id = 'finding:' || merged.finding_id AND contribution_type = 'squad_finding'
             ORDER BY agent_id) AS agents,
       decided.decided_at, merged.rule_version,
       home.merged_into IS NOT NULL
           OR EXISTS (SELECT FROM squads.research_squads AS absorbed WHERE absorbed.merged_into = merged.squad_id)
           AS moved,
       ARRAY(SELECT member.agent_id FROM squads.squad_members AS member
             JOIN squads.squad_join_bids AS bid
                 ON bid.squad_id = member.squad_id AND bid.agent_id = member.agent_id AND bid.status = 'accepted'
             WHERE member.squad_id = merged.squad_id AND member.joined_at > decided.decided_at
               AND bid.decided_at <= decided.decided_at) AS rejoined
FROM squads.bubbled_findings AS merged
JOIN squads.squad_findings AS finding ON finding.id = merged.finding_id
JOIN squads.research_squads AS origin ON origin.id = finding.squad_id
JOIN squads.research_squads AS home ON home.id = merged.squad_id
JOIN squads.reviewed_findings AS decided ON decided.finding_id = merged.finding_id
WHERE merged.effective_on BETWEEN :first AND :last
ORDER BY merged.finding_id
""")

_VERDICTS = text("""
SELECT count(*) AS verdicts, count(*) FILTER (WHERE verdict = 'accepted') AS accepted,
       count(*) FILTER (WHERE reason = 'review_timeout') AS timed_out,
       coalesce(sum(('x' || left(md5(ROW(finding_id, squad_id, verdict, reason, accepts, rejects, confidence,
                                         reviewed_by, policy_id, rule_version)::text), 16))::bit(64)::bigint), 0)
           AS hashes
FROM squads.reviewed_findings WHERE effective_on BETWEEN :first AND :last
""")

_MERGES = text("""
SELECT count(*) AS findings, coalesce(sum(credited), 0)::bigint AS credits,
       coalesce(sum(('x' || left(md5(ROW(finding_id, squad_id, artifact_type, artifact_id, credited,
                                         policy_id, rule_version)::text), 16))::bit(64)::bigint), 0) AS hashes
FROM squads.bubbled_findings WHERE effective_on BETWEEN :first AND :last
""")


def decided_between(connection: Connection, first: date, last: date) -> list[Decided]:
    """The verdicts of the days from ``first`` to ``last``, each with the reviews that were given by then."""
    span = {"first": first, "last": last}
    reviews: dict[int, list[Review]] = {}
    for finding, *review in connection.execute(_REVIEWS, span):
        reviews.setdefault(finding, []).append(Review(*review))
    return [_decided(row, reviews.get(row.finding_id, [])) for row in connection.execute(_DECIDED, span)]


def merged_between(connection: Connection, first: date, last: date) -> list[Merged]:
    """The merges of the days from ``first`` to ``last``."""
    return [
        Merged(
            row.finding_id,
            row.squad_id,
            (row.artifact_type, row.artifact_id),
            (row.target_type, row.target_id),
            row.agents,
            row.decided_at,
            row.rule_version,
            row.moved,
            row.rejoined,
        )
        for row in connection.execute(_MERGED, {"first": first, "last": last})
    ]


def verdicts(connection: Connection, first: date, last: date) -> VerdictSummary:
    """Sum up the verdicts of the days from ``first`` to ``last``. Index: reviewed_findings_effective_on_idx."""
    row = _one(connection, _VERDICTS, first, last)
    return VerdictSummary(row.verdicts, row.accepted, row.timed_out, _fingerprint(row.verdicts, row.hashes))


def merges(connection: Connection, first: date, last: date) -> MergeSummary:
    """Sum up the merges of the days from ``first`` to ``last``. Index: bubbled_findings_effective_on_idx."""
    row = _one(connection, _MERGES, first, last)
    return MergeSummary(row.findings, row.credits, _fingerprint(row.findings, row.hashes))


def _decided(row: Row[Any], reviews: Sequence[Review]) -> Decided:
    stored = Verdict(row.verdict, row.reason, row.accepts, row.rejects, row.confidence_ppm, row.reviewed_by)
    case = Case(row.author_ppm, reviews, row.harvesting_since)
    return Decided(row.finding_id, stored, case, row.decided_at, row.policy_id, row.rule_version)


def _one(connection: Connection, statement: TextClause, first: date, last: date) -> Row[Any]:
    return connection.execute(statement, {"first": first, "last": last}).one()


def _fingerprint(rows: int, hashes: Any) -> str:
    return f"{rows}-{int(hashes) % 2**64:016x}"
