"""Reading journals and findings for people: what was noted, what was found and how far it is. Nothing is decided."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal entry; `squad_id` is the squad in which it was written."""

    id: int
    squad_id: str
    author: str
    entry_type: str
    title: str
    body: str
    references: list[str]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ListedFinding:
    """A finding with its reviews.

    Attributes:
        squad_id: the squad that found it.
        confidence_ppm: what counts: the verdict's, or until then the author's; in millionths.
        target: the artifact that it bears on, ``type:id``.
        reason: why it was decided so: reviews or review_timeout; None while it is pending.
    """

    id: int
    squad_id: str
    author: str
    finding_type: str
    title: str
    summary: str | None
    confidence_ppm: int
    target: str
    status: str
    accepts: int
    rejects: int
    reviewed_by: str | None
    reason: str | None
    created_at: datetime
    bubbled_at: datetime | None


_HOMES = """(SELECT squad.id FROM squads.research_squads AS squad
             WHERE squad.id = :squad OR squad.merged_into = :squad)"""

# research_squads_merged_into_idx, squad_journal_squad_id_idx.
_JOURNAL = text(f"""
SELECT id, squad_id, author_agent_id, entry_type, title, body, coalesce(references_artifacts, '[]'), created_at
FROM squads.squad_journal
WHERE squad_id IN {_HOMES}
ORDER BY id DESC LIMIT :limit
""")  # noqa: S608  # the text is ours

# squad_findings_squad_id_idx, squad_findings_waiting or squad_findings_pkey; then the reviews of those shown.
_FINDINGS = text(f"""
SELECT finding.id, finding.squad_id, finding.author_agent_id, finding.finding_type, finding.title, finding.summary,
       (coalesce(decided.confidence, finding.confidence) * 1000000)::integer,
       coalesce(finding.target_artifact_type, origin.target_artifact_type) || ':'
           || coalesce(finding.target_artifact_id, origin.target_artifact_id),
       finding.bubble_up_status, review.accepts, review.rejects, finding.reviewed_by, decided.reason,
       finding.created_at, finding.bubbled_at
FROM squads.squad_findings AS finding
JOIN squads.research_squads AS origin ON origin.id = finding.squad_id
LEFT JOIN squads.reviewed_findings AS decided ON decided.finding_id = finding.id
CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE verdict = 'accept') AS accepts,
                           count(*) FILTER (WHERE verdict = 'reject') AS rejects
                    FROM squads.finding_reviews WHERE finding_id = finding.id) AS review
WHERE (CAST(:squad AS text) IS NULL OR finding.squad_id IN {_HOMES})
  AND (NOT :pending OR finding.bubble_up_status = 'pending')
ORDER BY finding.id DESC LIMIT :limit
""")  # noqa: S608  # the text is ours


def journal(connection: Connection, squad: str, limit: int) -> list[Entry]:
    """The newest entries of a squad and of those that were merged into it, the newest first."""
    return [Entry(*row) for row in connection.execute(_JOURNAL, {"squad": squad, "limit": limit})]


def findings(connection: Connection, squad: str | None, *, pending: bool, limit: int) -> list[ListedFinding]:
    """The newest findings, the newest first: of a squad and those merged into it, or of all; or only pending ones."""
    parameters = {"squad": squad, "pending": pending, "limit": limit}
    return [ListedFinding(*row) for row in connection.execute(_FINDINGS, parameters)]
