"""SQL of deciding about findings: locking their squads, reading reviews, writing verdicts. No decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from squads_pipeline.rules.findings import Case, Review, Verdict
from squads_pipeline.store.stamp import Stamp


@dataclass(frozen=True, slots=True)
class Pending:
    """A pending finding under its squad's lock: the squad that answers for it, and what decides."""

    finding_id: int
    squad_id: str
    case: Case


_LOCK_HOMES = text("""
SELECT squad.id FROM squads.research_squads AS squad
WHERE squad.id IN (SELECT coalesce(origin.merged_into, origin.id)
                   FROM squads.squad_findings AS finding
                   JOIN squads.research_squads AS origin ON origin.id = finding.squad_id
                   WHERE finding.id = ANY (:findings))
ORDER BY squad.id
FOR NO KEY UPDATE
""")


def lock_homes(connection: Connection, findings: Sequence[int]) -> list[str]:
    """Lock the squads that answer for some findings, in the order of their ids, until the transaction ends.

    Reviewers, members and whoever changes a squad's status wait. Where a squad was merged meanwhile its findings
    answer to another, which is not locked: what is read next leaves them out.
    """
    return list(connection.scalars(_LOCK_HOMES, {"findings": list(findings)}))


def number_of(unit: str) -> int:
    """The finding's number in a unit's name, ``finding:17``."""
    return int(unit.partition(":")[2])


# research_squads_pkey, squad_findings_pkey, squad_events_pkey.
_PENDING = text("""
SELECT finding.id, home.id AS squad_id, (finding.confidence * 1000000)::integer AS confidence_ppm,
       harvest.began_at
FROM squads.squad_findings AS finding
JOIN squads.research_squads AS origin ON origin.id = finding.squad_id
JOIN squads.research_squads AS home ON home.id = coalesce(origin.merged_into, origin.id)
LEFT JOIN LATERAL (SELECT max(event.happened_at) AS began_at FROM squads.squad_events AS event
                   WHERE event.squad_id = home.id AND event.to_status = 'harvesting') AS harvest
    ON home.status = 'harvesting'
WHERE finding.id = ANY (:findings) AND finding.bubble_up_status = 'pending' AND home.id = ANY (:squads)
ORDER BY finding.id
""")

# finding_reviews_finding_id_reviewer_agent_id_key. Their numbers are their order.
_REVIEWS = text("""
SELECT finding_id, reviewer_agent_id, verdict, (confidence * 1000000)::integer
FROM squads.finding_reviews WHERE finding_id = ANY (:findings) ORDER BY finding_id, id
""")


def pending(connection: Connection, findings: Sequence[int], squads: Sequence[str]) -> list[Pending]:
    """Those of some findings that are still pending and answer to squads that the caller has locked."""
    rows = connection.execute(_PENDING, {"findings": list(findings), "squads": list(squads)}).all()
    reviews = reviews_of(connection, [row.id for row in rows])
    return [
        Pending(row.id, row.squad_id, Case(row.confidence_ppm, reviews.get(row.id, []), row.began_at))
        for row in rows
    ]


def reviews_of(connection: Connection, findings: Sequence[int]) -> dict[int, list[Review]]:
    """Finding → its reviews, in the order in which they were given; findings without any are left out."""
    found: dict[int, list[Review]] = {}
    for finding, *review in connection.execute(_REVIEWS, {"findings": list(findings)}):
        found.setdefault(finding, []).append(Review(*review))
    return found


_DECIDED = """
FROM unnest(CAST(:finding_id AS bigint[]), CAST(:squad_id AS text[]), CAST(:verdict AS text[]),
            CAST(:reason AS text[]), CAST(:accepts AS integer[]), CAST(:rejects AS integer[]),
            CAST(:confidence_ppm AS integer[]), CAST(:reviewed_by AS text[]))
    AS decided (finding_id, squad_id, verdict, reason, accepts, rejects, confidence_ppm, reviewed_by)
"""

_RECORD = text(f"""
INSERT INTO squads.reviewed_findings
    (finding_id, squad_id, verdict, reason, accepts, rejects, confidence, reviewed_by, decided_at,
     policy_id, rule_version, driver, run_id, effective_on)
SELECT decided.finding_id, decided.squad_id, decided.verdict, decided.reason, decided.accepts, decided.rejects,
       decided.confidence_ppm / 1000000.0, decided.reviewed_by, :decided_at,
       :policy_id, :rule_version, :driver, :run_id, squads.utc_day(:decided_at)
{_DECIDED}
""")

_MOVE = text(f"""
UPDATE squads.squad_findings AS finding
SET bubble_up_status = CASE decided.verdict WHEN 'accepted' THEN 'reviewed' ELSE 'rejected' END,
    reviewed_by = decided.reviewed_by
{_DECIDED}
WHERE finding.id = decided.finding_id
""")  # noqa: S608  # the text is ours


def record(
    connection: Connection, decided: Sequence[tuple[Pending, Verdict]], decided_at: datetime, stamp: Stamp
) -> None:
    """Write verdicts and move the findings' status by them. Two statements for the batch."""
    columns = {
        "finding_id": [one.finding_id for one, _ in decided],
        "squad_id": [one.squad_id for one, _ in decided],
        "verdict": [verdict.verdict for _, verdict in decided],
        "reason": [verdict.reason for _, verdict in decided],
        "accepts": [verdict.accepts for _, verdict in decided],
        "rejects": [verdict.rejects for _, verdict in decided],
        "confidence_ppm": [verdict.confidence_ppm for _, verdict in decided],
        "reviewed_by": [verdict.reviewed_by for _, verdict in decided],
    }
    connection.execute(_RECORD, {**columns, "decided_at": decided_at, **stamp.columns()})
    connection.execute(_MOVE, columns)
