"""Outcomes: writing what became of an artifact, and finding what was written. What it is worth is in `rules.credit`."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from squads_pipeline.rules.artifacts import Artifact
from squads_pipeline.store.schema import outcomes, squad_findings


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an artifact, and where it can be seen."""

    artifact: Artifact
    kind: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Known:
    """An outcome that was recorded, and whether it was asked for by the key that was looked for."""

    id: int
    outcome: Outcome
    by_key: bool


def add(connection: Connection, outcome: Outcome, *, recorded_by: str, key: str | None) -> int | None:
    """Write an outcome and return its number; None if its key or its evidence was there before."""
    number: int | None = connection.scalar(
        insert(outcomes)
        .values(
            artifact_type=outcome.artifact.type,
            artifact_id=outcome.artifact.id,
            kind=outcome.kind,
            evidence=outcome.evidence,
            recorded_by=recorded_by,
            recorded_at=func.squads.clock(),
            request_key=key,
        )
        .on_conflict_do_nothing()
        .returning(outcomes.c.id)
    )
    return number


def find(connection: Connection, outcome: Outcome, key: str | None) -> Known | None:
    """The outcome of a request key, or else the one that was recorded with the same evidence.

    Indexes: outcomes_request_key_key and outcomes_once.
    """
    by_key = func.coalesce(outcomes.c.request_key == key, False)
    same = (
        (outcomes.c.artifact_type == outcome.artifact.type)
        & (outcomes.c.artifact_id == outcome.artifact.id)
        & (outcomes.c.kind == outcome.kind)
        & (func.md5(outcomes.c.evidence) == func.md5(outcome.evidence))
    )
    names = ("id", "artifact_type", "artifact_id", "kind", "evidence")
    row = connection.execute(
        select(*(outcomes.c[name] for name in names), by_key.label("by_key"))
        .where(same if key is None else or_(outcomes.c.request_key == key, same))
        .order_by(by_key.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return Known(row.id, Outcome(Artifact(row[1], row[2]), row.kind, row.evidence), row.by_key)


def finding_exists(connection: Connection, number: int) -> bool:
    """Whether squads have a finding of this number."""
    return connection.scalar(select(squad_findings.c.id).where(squad_findings.c.id == number)) is not None
