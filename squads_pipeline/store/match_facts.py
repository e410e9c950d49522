"""Summaries of matches for people: a day in numbers, the largest of a round. Nothing is decided on them."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

# Columns that say what was decided. Who ran it is left out: the same decision has the same fingerprint.
# The sum of hashes does not depend on the order of rows and needs no memory for them.
_DAY = text("""
SELECT count(*) AS matches, count(DISTINCT round_id) AS rounds,
       coalesce(sum(match_micro), 0) AS matched_micro,
       coalesce(sum(('x' || left(decided.hash, 16))::bit(64)::bigint), 0) AS fingerprint
FROM squads.qf_matches_in_force AS match
CROSS JOIN LATERAL (
    SELECT md5(ROW(round_id, squad_id, revision, contributors, root_sum, contributed_micro, weight_micro,
                   matched_before_micro, due_micro, cap_micro, match_micro, reason, policy_id, rule_version
               )::text) AS hash
) AS decided
WHERE effective_on BETWEEN :first AND :last
""")

_LARGEST = text("""
SELECT squad_id, contributors, contributed_micro, matched_before_micro, due_micro, match_micro, reason
FROM squads.qf_matches_in_force
WHERE round_id = (SELECT max(id) FROM squads.qf_rounds WHERE effective_on = :day) AND match_micro > 0
ORDER BY match_micro DESC, squad_id
LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Summary:
    """The matches of some days: how many rows and rounds, µT matched, and a hash of what was decided."""

    matches: int
    rounds: int
    matched_micro: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Large:
    """A match among the largest of its round; amounts in µT."""

    squad_id: str
    contributors: int
    contributed_micro: int
    matched_before_micro: int
    due_micro: int
    match_micro: int
    reason: str


def summary(connection: Connection, first: date, last: date) -> Summary:
    """Sum up the matches of the days from ``first`` to ``last``. Index: qf_matches_effective_on_idx."""
    row = connection.execute(_DAY, {"first": first, "last": last}).one()
    return Summary(
        row.matches, row.rounds, int(row.matched_micro), f"{row.matches}-{int(row.fingerprint) % 2**64:016x}"
    )


def largest(connection: Connection, day: date, limit: int) -> list[Large]:
    """The largest matches of a day's last round, the largest first. Index: qf_matches_pkey."""
    rows = connection.execute(_LARGEST, {"day": day, "limit": limit})
    return [
        Large(
            row.squad_id,
            row.contributors,
            row.contributed_micro,
            row.matched_before_micro,
            int(row.due_micro),
            row.match_micro,
            row.reason,
        )
        for row in rows
    ]
