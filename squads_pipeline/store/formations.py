"""Forming squads in the database: targets to choose from, rows to write, seeds to pay. No decisions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import bindparam

from squads_pipeline.rules.formation import Target
from squads_pipeline.store.schema import research_squads
from squads_pipeline.store.stamp import Stamp


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open target without a live squad, and how many root squads it had before."""

    target: Target
    squads_before: int


@dataclass(frozen=True, slots=True)
class UnpaidSeed:
    """A seed that was paid in part: what is missing in µT, and how many payments there were."""

    squad_id: str
    missing_micro: int
    payments: int


@dataclass(frozen=True, slots=True)
class NewFormation:
    """A squad to form around a target; its seed in µT."""

    squad_id: str
    target: Target
    name: str
    charter: str
    seed_micro: int


# knowledge_gaps_open_by_importance gives the most important first; NOT EXISTS stands before the limit, so that
# targets which have squads cannot fill it. Indexes: research_squads_one_live_root_per_target, _target_idx.
_CANDIDATES = text("""
SELECT target.artifact_type, target.artifact_id, target.title, target.importance_ppm,
       (SELECT count(*) FROM squads.research_squads AS earlier
        WHERE earlier.target_artifact_type = target.artifact_type
          AND earlier.target_artifact_id = target.artifact_id
          AND earlier.parent_squad_id IS NULL) AS squads_before
FROM squads.knowledge_gaps AS target
WHERE target.status = 'open' AND target.importance_ppm >= :least_ppm
  AND format('target:%s:%s', target.artifact_type, target.artifact_id) <> ALL (CAST(:aside AS text[]))
  AND NOT EXISTS (SELECT FROM squads.research_squads AS squad
                  WHERE squad.target_artifact_type = target.artifact_type
                    AND squad.target_artifact_id = target.artifact_id
                    AND squad.status <> 'disbanded' AND squad.parent_squad_id IS NULL)
  AND NOT EXISTS (SELECT FROM squads.absorbed_targets AS taken
                  WHERE taken.artifact_type = target.artifact_type AND taken.artifact_id = target.artifact_id)
ORDER BY target.importance_ppm DESC, target.artifact_type, target.artifact_id
LIMIT :limit
FOR SHARE OF target
""")


def candidates(
    connection: Connection, least_ppm: int, limit: int, aside: Collection[str] = ()
) -> list[Candidate]:
    """The most important open targets without a live squad, held as they are until the transaction ends.

    Units of the gap that are put ``aside`` are no candidates.
    """
    parameters = {"least_ppm": least_ppm, "limit": limit, "aside": list(aside)}
    rows = connection.execute(_CANDIDATES, parameters)
    return [Candidate(Target(*row[:4]), row.squads_before) for row in rows]


_UNPAID = text("""
SELECT unpaid.squad_id, unpaid.missing_micro, unpaid.payments
FROM squads.unpaid_seeds AS unpaid
JOIN squads.research_squads AS squad ON squad.id = unpaid.squad_id
WHERE squad.status IN ('forming', 'recruiting', 'active')
  AND 'seed:' || squad.id <> ALL (CAST(:aside AS text[]))
ORDER BY squad.id
FOR SHARE OF squad
""")


def lock_unpaid_seeds(connection: Connection, aside: Collection[str] = ()) -> list[UnpaidSeed]:
    """Seeds in arrears of squads that are still at work, whose status is held until the transaction ends.

    Units of the gap that are put ``aside`` are left out.
    """
    return [UnpaidSeed(*row) for row in connection.execute(_UNPAID, {"aside": list(aside)})]


def taken(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Which of some squad ids there are. Index: research_squads_pkey."""
    return set(connection.scalars(select(research_squads.c.id).where(research_squads.c.id.in_(ids))))


_ADD = text("""
INSERT INTO squads.research_squads
    (id, name, charter, target_artifact_type, target_artifact_id, status, success_criteria, formed_at, created_by)
SELECT id, name, charter, artifact_type, artifact_id, 'forming', :criteria, squads.clock(), :driver
FROM unnest(CAST(:ids AS text[]), CAST(:names AS text[]), CAST(:charters AS text[]), CAST(:types AS text[]),
            CAST(:artifacts AS text[])) AS new (id, name, charter, artifact_type, artifact_id)
ON CONFLICT DO NOTHING
RETURNING id
""").bindparams(bindparam("criteria", type_=JSONB))


def add_forming(
    connection: Connection,
    new: Sequence[NewFormation],
    criteria: Sequence[Mapping[str, object]],
    stamp: Stamp,
) -> set[str]:
    """Write squads as ``forming``; returns the ids of those whose id and target nobody else took meanwhile."""
    parameters = {
        "ids": [one.squad_id for one in new],
        "names": [one.name for one in new],
        "charters": [one.charter for one in new],
        "types": [one.target.artifact_type for one in new],
        "artifacts": [one.target.artifact_id for one in new],
        "criteria": [dict(one) for one in criteria],
        "driver": stamp.driver,
    }
    return set(connection.scalars(_ADD, parameters))


_RECORD = text("""
WITH moment AS MATERIALIZED (SELECT squads.clock() AS now)
INSERT INTO squads.squads_formed
    (squad_id, artifact_type, artifact_id, importance_ppm, seed_micro, formed_at,
     policy_id, rule_version, driver, run_id, effective_on)
SELECT new.*, moment.now, :policy_id, :rule_version, :driver, :run_id, squads.utc_day(moment.now)
FROM unnest(CAST(:ids AS text[]), CAST(:types AS text[]), CAST(:artifacts AS text[]),
            CAST(:importances AS integer[]), CAST(:seeds AS bigint[])) AS new
CROSS JOIN moment
""")


def record(connection: Connection, formed: Sequence[NewFormation], stamp: Stamp) -> None:
    """Write the facts of formations: targets with their importance now, and what the seeds amount to."""
    parameters = {
        "ids": [one.squad_id for one in formed],
        "types": [one.target.artifact_type for one in formed],
        "artifacts": [one.target.artifact_id for one in formed],
        "importances": [one.target.importance_ppm for one in formed],
        "seeds": [one.seed_micro for one in formed],
        **stamp.columns(),
    }
    connection.execute(_RECORD, parameters)


_SETTLE = text("""
WITH change AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:squads AS text[]), CAST(:missing AS bigint[]), CAST(:payments AS integer[]))
        AS change (squad_id, missing_micro, payments)
),
settled AS (
    DELETE FROM squads.unpaid_seeds AS unpaid USING change
    WHERE unpaid.squad_id = change.squad_id AND change.missing_micro = 0
)
INSERT INTO squads.unpaid_seeds AS unpaid (squad_id, missing_micro, payments, since)
SELECT squad_id, missing_micro, payments, squads.clock() FROM change WHERE missing_micro > 0
ON CONFLICT (squad_id) DO UPDATE SET missing_micro = excluded.missing_micro, payments = excluded.payments
""")


def keep_arrears(connection: Connection, seeds: Sequence[UnpaidSeed]) -> None:
    """Remember what is missing of seeds after their payment; one of which nothing is missing is forgotten."""
    parameters = {
        "squads": [one.squad_id for one in seeds],
        "missing": [one.missing_micro for one in seeds],
        "payments": [one.payments for one in seeds],
    }
    connection.execute(_SETTLE, parameters)


_OPEN = text("""
UPDATE squads.research_squads
SET status = 'recruiting', recruitment_closes_at = squads.clock() + make_interval(secs => :window)
WHERE id = ANY(CAST(:ids AS text[])) AND status = 'forming'
""")


def open_recruitment(connection: Connection, ids: Sequence[str], window_seconds: int) -> None:
    """Let squads of this transaction recruit, for so many seconds from now."""
    connection.execute(_OPEN, {"ids": list(ids), "window": window_seconds})


@dataclass(frozen=True, slots=True)
class Formation:
    """A formation as it was recorded; the seed in µT."""

    squad_id: str
    target: Target
    seed_micro: int
    policy_id: str
    rule_version: str


_BETWEEN = text("""
SELECT squad_id, artifact_type, artifact_id, importance_ppm, seed_micro, policy_id, rule_version
FROM squads.squads_formed
WHERE effective_on BETWEEN coalesce(:first, '-infinity'::date) AND coalesce(:last, 'infinity'::date)
ORDER BY squad_id
""")


def between(connection: Connection, first: date | None, last: date | None) -> list[Formation]:
    """The formations of some days; None leaves that end open. Index: squads_formed_effective_on_idx."""
    return [
        Formation(
            row.squad_id,
            Target(row.artifact_type, row.artifact_id, "", row.importance_ppm),
            row.seed_micro,
            row.policy_id,
            row.rule_version,
        )
        for row in connection.execute(_BETWEEN, {"first": first, "last": last})
    ]
