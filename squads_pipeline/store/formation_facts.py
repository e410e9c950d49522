"""Summaries of formations for people: a day in numbers, its largest seeds. Nothing is decided on them."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

# What was decided, not who ran it: the same decision has the same fingerprint, whatever the order of rows.
_DAYS = text("""
SELECT count(*) AS squads, coalesce(sum(seed_micro), 0)::bigint AS seeds_micro,
       coalesce(sum(('x' || left(md5(ROW(squad_id, artifact_type, artifact_id, importance_ppm, seed_micro,
                                         policy_id, rule_version)::text), 16))::bit(64)::bigint), 0) AS fingerprint
FROM squads.squads_formed
WHERE effective_on BETWEEN :first AND :last
""")

_LARGEST = text("""
SELECT formed.squad_id, formed.artifact_type, formed.artifact_id, formed.importance_ppm, formed.seed_micro,
       coalesce(unpaid.missing_micro, 0) AS missing_micro
FROM squads.squads_formed AS formed
LEFT JOIN squads.unpaid_seeds AS unpaid ON unpaid.squad_id = formed.squad_id
WHERE formed.effective_on = :day
ORDER BY formed.seed_micro DESC, formed.squad_id
LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class FormationSummary:
    """The formations of some days: how many, their seeds in µT, and a hash of what was decided."""

    squads: int
    seeds_micro: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Seeded:
    """A formation among the largest of its day; importance in millionths, amounts in µT."""

    squad_id: str
    artifact_type: str
    artifact_id: str
    importance_ppm: int
    seed_micro: int
    missing_micro: int


def summary(connection: Connection, first: date, last: date) -> FormationSummary:
    """Sum up the formations of the days from ``first`` to ``last``. Index: squads_formed_effective_on_idx."""
    row = connection.execute(_DAYS, {"first": first, "last": last}).one()
    fingerprint = f"{row.squads}-{int(row.fingerprint) % 2**64:016x}"
    return FormationSummary(row.squads, row.seeds_micro, fingerprint)


def largest(connection: Connection, day: date, limit: int) -> list[Seeded]:
    """The largest seeds of a day, the largest first. Index: squads_formed_effective_on_idx."""
    return [Seeded(*row) for row in connection.execute(_LARGEST, {"day": day, "limit": limit})]
