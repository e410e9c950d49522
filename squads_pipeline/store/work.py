"""SQL of what members do: writing entries, findings and reviews, each once. Who may is decided in `rules.work`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB

from squads_pipeline.store.errors import speaking
from squads_pipeline.store.schema import research_squads, squad_findings, squad_members


@dataclass(frozen=True, slots=True)
class Known:
    """What was written under a request's key before: its number, and what it says."""

    id: int
    content: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Reviewable:
    """A finding and the squad that answers for it, whose status stays as it is until the transaction ends."""

    author: str
    status: str
    squad_id: str
    squad_status: str


def hold_role(connection: Connection, squad_id: str, agent: str) -> str | None:
    """The role of a present member, who cannot leave until the transaction ends; None for anybody else."""
    role: str | None = connection.scalar(
        select(squad_members.c.role)
        .where(
            squad_members.c.squad_id == squad_id,
            squad_members.c.agent_id == agent,
            squad_members.c.left_at.is_(None),
        )
        .with_for_update(key_share=True)
    )
    return role


# squad_journal_request_key_key, squad_findings_request_key_key.
_KNOWN_ENTRY = text("""
SELECT id, author_agent_id, squad_id, entry_type, title, body, references_artifacts
FROM squads.squad_journal WHERE request_key = :key
""")

_KNOWN_FINDING = text("""
SELECT id, author_agent_id, squad_id, finding_type, title, summary, (confidence * 1000000)::integer,
       target_artifact_type, target_artifact_id
FROM squads.squad_findings WHERE request_key = :key
""")

# A counter moves if, and only if, its row is written: one statement.
_LOG = text("""
WITH written AS (
    INSERT INTO squads.squad_journal
        (squad_id, author_agent_id, entry_type, title, body, references_artifacts, created_at, request_key)
    VALUES (:squad, :agent, :entry_type, :title, :body, :references, squads.clock(), :key)
    ON CONFLICT (request_key) DO NOTHING
    RETURNING id
), counted AS (
    UPDATE squads.squad_members SET journal_entries = journal_entries + 1
    WHERE squad_id = :squad AND agent_id = :agent AND EXISTS (SELECT FROM written)
)
SELECT id FROM written
""").bindparams(bindparam("references", type_=JSONB))

_FIND = text("""
WITH written AS (
    INSERT INTO squads.squad_findings
        (squad_id, author_agent_id, finding_type, target_artifact_type, target_artifact_id, title, summary,
         confidence, created_at, request_key)
    VALUES (:squad, :agent, :finding_type, :target_type, :target_id, :title, :summary,
            :confidence_ppm / 1000000.0, squads.clock(), :key)
    ON CONFLICT (request_key) DO NOTHING
    RETURNING id
), counted AS (
    UPDATE squads.squad_members SET findings_authored = findings_authored + 1
    WHERE squad_id = :squad AND agent_id = :agent AND EXISTS (SELECT FROM written)
)
SELECT id FROM written
""")


def entry_of_key(connection: Connection, key: str) -> Known | None:
    """The journal entry of a request: author, squad, type, title, body, references."""
    return _known(connection.execute(_KNOWN_ENTRY, {"key": key}).one_or_none())


def finding_of_key(connection: Connection, key: str) -> Known | None:
    """The finding of a request: author, squad, type, title, summary, confidence in millionths, target."""
    return _known(connection.execute(_KNOWN_FINDING, {"key": key}).one_or_none())


def log(
    connection: Connection,
    agent: str,
    squad: str,
    entry_type: str,
    title: str,
    body: str,
    references: Sequence[str],
    key: str | None,
) -> int | None:
    """Write a journal entry and count it; its number, or None if the key was taken meanwhile."""
    with speaking():
        number: int | None = connection.scalar(
            _LOG,
            {
                "squad": squad,
                "agent": agent,
                "entry_type": entry_type,
                "title": title,
                "body": body,
                "references": list(references),
                "key": key,
            },
        )
    return number


def find(
    connection: Connection,
    agent: str,
    squad: str,
    finding_type: str,
    title: str,
    *,
    summary: str | None,
    confidence_ppm: int,
    target: tuple[str, str] | None,
    key: str | None,
) -> int | None:
    """Write a finding and count it; its number, or None if the key was taken meanwhile."""
    with speaking():
        number: int | None = connection.scalar(
            _FIND,
            {
                "squad": squad,
                "agent": agent,
                "finding_type": finding_type,
                "target_type": target and target[0],
                "target_id": target and target[1],
                "title": title,
                "summary": summary,
                "confidence_ppm": confidence_ppm,
                "key": key,
            },
        )
    return number


_HOME = text("""
SELECT coalesce(squad.merged_into, squad.id)
FROM squads.squad_findings AS finding JOIN squads.research_squads AS squad ON squad.id = finding.squad_id
WHERE finding.id = :finding
""")


def finding_exists(connection: Connection, finding: int) -> bool:
    """Whether there is such a finding."""
    return connection.scalar(select(squad_findings.c.id).where(squad_findings.c.id == finding)) is not None


def hold_finding(connection: Connection, finding: int) -> Reviewable | None:
    """A finding, whose squad keeps its status until the transaction ends; None if there is none.

    A shared lock on the squad that answers for it: reviewers do not wait for each other, a harvest waits for them.
    One squad alone is locked, so that a merger, which locks two, cannot meet this one crosswise; it may have
    come first, so the squad is looked up again.
    """
    home = connection.scalar(_HOME, {"finding": finding})
    while home is not None:
        status = connection.scalar(
            select(research_squads.c.status).where(research_squads.c.id == home).with_for_update(read=True)
        )
        locked, home = home, connection.scalar(_HOME, {"finding": finding})
        if home == locked:
            columns = (squad_findings.c.author_agent_id, squad_findings.c.bubble_up_status)
            row = connection.execute(select(*columns).where(squad_findings.c.id == finding)).one()
            return Reviewable(row[0], row[1], locked, str(status))
    return None


# finding_reviews_finding_id_reviewer_agent_id_key.
_KNOWN_REVIEW = text("""
SELECT id, verdict, rationale, (confidence * 1000000)::integer
FROM squads.finding_reviews WHERE finding_id = :finding AND reviewer_agent_id = :reviewer
""")

_REVIEW = text("""
INSERT INTO squads.finding_reviews
    (finding_id, reviewer_agent_id, verdict, confidence, rationale, created_at)
VALUES (:finding, :reviewer, :verdict, CAST(:confidence_ppm AS integer) / 1000000.0, :rationale, squads.clock())
ON CONFLICT (finding_id, reviewer_agent_id) DO NOTHING
RETURNING id
""")


def review_of(connection: Connection, finding: int, reviewer: str) -> Known | None:
    """What a reviewer said of a finding: verdict, rationale, confidence in millionths or None."""
    parameters = {"finding": finding, "reviewer": reviewer}
    return _known(connection.execute(_KNOWN_REVIEW, parameters).one_or_none())


def review(
    connection: Connection,
    reviewer: str,
    finding: int,
    verdict: str,
    rationale: str,
    confidence_ppm: int | None,
) -> int | None:
    """Write a review; its number, or None if the reviewer gave one meanwhile."""
    with speaking():
        number: int | None = connection.scalar(
            _REVIEW,
            {
                "finding": finding,
                "reviewer": reviewer,
                "verdict": verdict,
                "confidence_ppm": confidence_ppm,
                "rationale": rationale,
            },
        )
    return number


def _known(row: Any) -> Known | None:
    return None if row is None else Known(row[0], tuple(row[1:]))
