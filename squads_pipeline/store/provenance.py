"""Provenance: what an artifact was derived from, and who is credited along the way. No weights."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult, func, select, text
from sqlalchemy.dialects.postgresql import insert

from squads_pipeline.rules.artifacts import Artifact
from squads_pipeline.rules.credit import Credit
from squads_pipeline.store.schema import artifact_provenance

_OF_OUTCOMES = """
SELECT id AS unit, artifact_type, artifact_id, recorded_at FROM squads.outcomes
WHERE id = ANY(CAST(:outcomes AS bigint[])) AND kind <> 'refuted'
"""

_OF_ARTIFACT = """
SELECT 0::bigint AS unit, CAST(:type AS text) AS artifact_type, CAST(:id AS text) AS artifact_id,
       squads.clock() AS recorded_at
"""

# All units at once. UNION, not UNION ALL: an artifact is followed once for each number of steps, so that neither
# diamonds nor circles make the walk longer than artifacts times depth. Only what was recorded by the time of the
# outcome counts, so that it recomputes equal for ever.
# Indexes: artifact_provenance_pkey leads from an artifact to its sources, outcomes_artifact_idx to its
# refutations, agent_contributions_artifact_type_artifact_id_agent_id_refe_key to who contributed.
_WALK = """
WITH RECURSIVE start AS MATERIALIZED ({start}),
walk (unit, artifact_type, artifact_id, recorded_at, hops) AS (
    SELECT unit, artifact_type, artifact_id, recorded_at, 0 FROM start
    UNION
    SELECT walk.unit, edge.source_type, edge.source_id, walk.recorded_at, walk.hops + 1
    FROM walk
    JOIN squads.artifact_provenance AS edge
        ON edge.artifact_type = walk.artifact_type AND edge.artifact_id = walk.artifact_id
       AND edge.recorded_at <= walk.recorded_at
    WHERE walk.hops < :max_depth
),
reached AS MATERIALIZED (
    SELECT unit, artifact_type, artifact_id, recorded_at, min(hops) AS hops
    FROM walk GROUP BY unit, artifact_type, artifact_id, recorded_at
)
SELECT reached.unit, made.agent_id, reached.artifact_type, reached.artifact_id, reached.hops,
       refuted.times AS refutations, made.contributions, made.via_squad
FROM reached
CROSS JOIN LATERAL (
    SELECT count(*) AS times FROM squads.outcomes AS earlier
    WHERE earlier.artifact_type = reached.artifact_type AND earlier.artifact_id = reached.artifact_id
      AND earlier.kind = 'refuted' AND (earlier.recorded_at, earlier.id) < (reached.recorded_at, reached.unit)
) AS refuted
CROSS JOIN LATERAL (
    SELECT agent_id, count(*) AS contributions, count(via_squad) AS via_squad
    FROM squads.agent_contributions
    WHERE artifact_type = reached.artifact_type AND artifact_id = reached.artifact_id
      AND created_at <= reached.recorded_at
    GROUP BY agent_id
) AS made
ORDER BY reached.unit, made.agent_id, reached.artifact_type, reached.artifact_id
"""

_WALK_OUTCOMES = text(_WALK.format(start=_OF_OUTCOMES))
_WALK_ARTIFACT = text(_WALK.format(start=_OF_ARTIFACT))


def add(
    connection: Connection, artifact: Artifact, source: Artifact, *, relation: str, recorded_by: str
) -> bool:
    """Write that an artifact was derived from another; False if that was known."""
    added = connection.scalar(
        insert(artifact_provenance)
        .values(
            artifact_type=artifact.type,
            artifact_id=artifact.id,
            source_type=source.type,
            source_id=source.id,
            relation=relation,
            recorded_by=recorded_by,
            recorded_at=func.squads.clock(),
        )
        .on_conflict_do_nothing()
        .returning(artifact_provenance.c.source_id)
    )
    return added is not None


def relation(connection: Connection, artifact: Artifact, source: Artifact) -> str | None:
    """How an artifact was derived from another, or None. Index: artifact_provenance_pkey."""
    key = artifact_provenance.c
    return connection.scalar(
        select(key.relation).where(
            key.artifact_type == artifact.type,
            key.artifact_id == artifact.id,
            key.source_type == source.type,
            key.source_id == source.id,
        )
    )


def credited_by_outcomes(
    connection: Connection, outcomes: Sequence[int], max_depth: int
) -> dict[int, list[Credit]]:
    """Who did what on the way back from each of some outcomes, as of the moment when it was recorded.

    Returns:
        outcome → credits; an outcome that credits nobody, or is a refutation, has none.
    """
    rows = connection.execute(_WALK_OUTCOMES, {"outcomes": list(outcomes), "max_depth": max_depth})
    return _credits(rows)


def credited_by_artifact(connection: Connection, artifact: Artifact, max_depth: int) -> list[Credit]:
    """Who would be credited if an outcome of an artifact were recorded now."""
    rows = connection.execute(
        _WALK_ARTIFACT, {"type": artifact.type, "id": artifact.id, "max_depth": max_depth}
    )
    return _credits(rows).get(0, [])


def _credits(rows: CursorResult[Any]) -> dict[int, list[Credit]]:
    found: dict[int, list[Credit]] = defaultdict(list)
    for row in rows:
        artifact = Artifact(row.artifact_type, row.artifact_id)
        done = (row.hops, row.refutations, row.contributions, row.via_squad)
        found[row.unit].append(Credit(row.agent_id, artifact, *done))
    return dict(found)
