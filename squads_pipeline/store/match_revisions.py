"""Writing newer revisions of matches. What they should be is decided in `drivers.restate_matches`."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from squads_pipeline.rules.rounds import Match
from squads_pipeline.store.stamp import Stamp


@dataclass(frozen=True, slots=True)
class Revised:
    """A match as it should have been, and the number of its revision."""

    round_id: int
    revision: int
    match: Match


_REVISE = text("""
INSERT INTO squads.qf_matches
    (round_id, squad_id, revision, contributors, root_sum, contributed_micro, weight_micro, matched_before_micro,
     due_micro, cap_micro, match_micro, reason, policy_id, rule_version, driver, run_id, effective_on)
SELECT round.id, revised.squad_id, revised.revision, revised.contributors, revised.root_sum,
       revised.contributed_micro, revised.weight_micro, revised.matched_before_micro, revised.due_micro,
       revised.cap_micro, revised.match_micro, revised.reason, round.policy_id, :rule_version, :driver, :run_id,
       round.effective_on
FROM unnest(CAST(:rounds AS bigint[]), CAST(:squads AS text[]), CAST(:revisions AS integer[]),
            CAST(:contributors AS integer[]), CAST(:root_sums AS numeric[]), CAST(:contributed AS bigint[]),
            CAST(:weights AS numeric[]), CAST(:matched_before AS bigint[]), CAST(:due AS numeric[]),
            CAST(:caps AS bigint[]), CAST(:matches AS bigint[]), CAST(:reasons AS text[]))
    AS revised (round_id, squad_id, revision, contributors, root_sum, contributed_micro, weight_micro,
                matched_before_micro, due_micro, cap_micro, match_micro, reason)
JOIN squads.qf_rounds AS round ON round.id = revised.round_id
""")

# A pass over the matches: restatements are rare, and a sum from the facts also mends a standing that was wrong.
_REMATCH = text("""
UPDATE squads.qf_standings AS standing SET matched_micro = matched.micro
FROM (SELECT squad_id, sum(match_micro)::bigint AS micro FROM squads.qf_matches_in_force
      WHERE squad_id = ANY (CAST(:squads AS text[])) GROUP BY squad_id) AS matched
WHERE standing.squad_id = matched.squad_id
""")


def revise(connection: Connection, revised: Sequence[Revised], stamp: Stamp) -> None:
    """Write newer revisions of matches, on the days and under the policies of their rounds, and sum up standings."""
    matches = [one.match for one in revised]
    connection.execute(
        _REVISE,
        {
            "rounds": [one.round_id for one in revised],
            "squads": [one.standing.squad_id for one in matches],
            "revisions": [one.revision for one in revised],
            "contributors": [one.standing.contributors for one in matches],
            "root_sums": [one.standing.root_sum for one in matches],
            "contributed": [one.standing.contributed_micro for one in matches],
            "weights": [one.weight_micro for one in matches],
            "matched_before": [one.standing.matched_micro for one in matches],
            "due": [one.due_micro for one in matches],
            "caps": [one.cap_micro for one in matches],
            "matches": [one.match_micro for one in matches],
            "reasons": [one.reason for one in matches],
            **stamp.columns(),
        },
    )
    connection.execute(_REMATCH, {"squads": sorted({one.standing.squad_id for one in matches})})
