"""SQL of merging accepted findings: reading them with their members, writing credit, provenance and messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from squads_pipeline.rules.findings import Membership
from squads_pipeline.store.stamp import Stamp

TOPIC = "finding.merged"
CONTRIBUTION = "squad_finding"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding to merge, the squad that is credited, and when it was reviewed."""

    finding_id: int
    squad_id: str
    reviewed_at: datetime


# squad_findings_pkey, reviewed_findings_pkey, research_squads_pkey.
_ACCEPTED = text("""
SELECT finding.id, home.id, verdict.decided_at
FROM squads.squad_findings AS finding
JOIN squads.reviewed_findings AS verdict ON verdict.finding_id = finding.id
JOIN squads.research_squads AS origin ON origin.id = finding.squad_id
JOIN squads.research_squads AS home ON home.id = coalesce(origin.merged_into, origin.id)
WHERE finding.id = ANY (:findings) AND finding.bubble_up_status = 'reviewed' AND home.id = ANY (:squads)
ORDER BY finding.id
""")


def accepted(connection: Connection, findings: Sequence[int], squads: Sequence[str]) -> list[Accepted]:
    """Those of some findings that still wait for their merge and answer to squads that the caller has locked."""
    rows = connection.execute(_ACCEPTED, {"findings": list(findings), "squads": list(squads)})
    return [Accepted(*row) for row in rows]


# squad_members_pkey.
_MEMBERS = text("""
SELECT squad_id, agent_id, joined_at, left_at FROM squads.squad_members WHERE squad_id = ANY (:squads)
""")


def members(connection: Connection, squads: Sequence[str]) -> dict[str, list[Membership]]:
    """Squad → who is or was in it."""
    found: dict[str, list[Membership]] = {squad: [] for squad in squads}
    for squad, *membership in connection.execute(_MEMBERS, {"squads": list(squads)}):
        found[squad].append(Membership(*membership))
    return found


_MERGED = """
FROM unnest(CAST(:finding_id AS bigint[]), CAST(:squad_id AS text[]), CAST(:credited AS integer[]))
    AS merged (finding_id, squad_id, credited)
JOIN squads.squad_findings AS finding ON finding.id = merged.finding_id
JOIN squads.research_squads AS origin ON origin.id = finding.squad_id
"""

# What a finding bears on: its own target, or the target of the squad that found it.
_BEARS_ON = """coalesce(finding.target_artifact_type, origin.target_artifact_type),
       coalesce(finding.target_artifact_id, origin.target_artifact_id)"""

_FACTS = text(f"""
INSERT INTO squads.bubbled_findings
    (finding_id, squad_id, artifact_type, artifact_id, credited, bubbled_at,
     policy_id, rule_version, driver, run_id, effective_on)
SELECT merged.finding_id, merged.squad_id, {_BEARS_ON}, merged.credited, :moment,
       :policy_id, :rule_version, :driver, :run_id, squads.utc_day(:moment)
{_MERGED}
""")

_CREDIT = text("""
INSERT INTO squads.agent_contributions
    (agent_id, contribution_type, artifact_type, artifact_id, via_squad, reference_id, created_at,
     policy_id, rule_version, driver, run_id, effective_on)
SELECT credit.agent_id, :contribution, 'finding', credit.finding_id::text, credit.squad_id,
       'finding:' || credit.finding_id, :moment,
       :policy_id, :rule_version, :driver, :run_id, squads.utc_day(:moment)
FROM unnest(CAST(:finding_id AS bigint[]), CAST(:squad_id AS text[]), CAST(:agent_id AS text[]))
    AS credit (finding_id, squad_id, agent_id)
""")

# Somebody may have recorded the same provenance by hand before.
_PROVENANCE = text(f"""
INSERT INTO squads.artifact_provenance
    (artifact_type, artifact_id, source_type, source_id, relation, recorded_by, recorded_at)
SELECT {_BEARS_ON}, 'finding', merged.finding_id::text, 'supported_by', :driver, :moment
{_MERGED}
ON CONFLICT DO NOTHING
""")

# finding_reviews_finding_id_reviewer_agent_id_key.
_MESSAGES = text(f"""
INSERT INTO squads.outbox (message_key, topic, payload, created_at)
SELECT 'finding:' || merged.finding_id, :topic,
       jsonb_build_object(
           'finding', merged.finding_id, 'type', finding.finding_type, 'title', finding.title,
           'summary', finding.summary, 'confidence', trim_scale(verdict.confidence)::text,
           'squad', merged.squad_id, 'target', jsonb_build_object('type', bears_on.type, 'id', bears_on.id),
           'author', finding.author_agent_id,
           'credited', ARRAY(SELECT agent_id FROM squads.agent_contributions
                             WHERE reference_id = 'finding:' || merged.finding_id
                               AND contribution_type = :contribution ORDER BY agent_id),
           'reviewers', ARRAY(SELECT reviewer_agent_id FROM squads.finding_reviews
                              WHERE finding_id = merged.finding_id ORDER BY id),
           'policy', CAST(:policy_id AS text),
           'merged_at', to_char(CAST(:moment AS timestamptz) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24\\:MI\\:SS.US"Z"')),
       :moment
{_MERGED}
JOIN squads.reviewed_findings AS verdict ON verdict.finding_id = merged.finding_id
CROSS JOIN LATERAL (SELECT {_BEARS_ON}) AS bears_on (type, id)
ORDER BY merged.finding_id
""")  # noqa: S608  # the text is ours

_MOVE = text("""
UPDATE squads.squad_findings SET bubble_up_status = 'merged', bubbled_at = :moment
WHERE id = ANY (CAST(:finding_id AS bigint[]))
""")

_COUNT = text("""
UPDATE squads.research_squads AS squad SET findings_bubbled = findings_bubbled + merged.findings
FROM (SELECT squad_id, count(*) AS findings FROM unnest(CAST(:squad_id AS text[])) AS each (squad_id)
      GROUP BY squad_id) AS merged
WHERE squad.id = merged.squad_id
""")


def merge(
    connection: Connection, credited: Sequence[tuple[Accepted, Sequence[str]]], moment: datetime, stamp: Stamp
) -> None:
    """Write findings as merged, each with the agents that are credited for it. Six statements for the batch.

    The keys of the facts, of each credit and of each message are unique: a finding cannot be merged twice.
    """
    findings: Mapping[str, object] = {
        "finding_id": [one.finding_id for one, _ in credited],
        "squad_id": [one.squad_id for one, _ in credited],
        "credited": [len(agents) for _, agents in credited],
        "moment": moment,
        **stamp.columns(),
    }
    credits_ = [(one.finding_id, one.squad_id, agent) for one, agents in credited for agent in agents]
    connection.execute(_FACTS, findings)
    connection.execute(
        _CREDIT,
        {
            "finding_id": [finding for finding, _, _ in credits_],
            "squad_id": [squad for _, squad, _ in credits_],
            "agent_id": [agent for _, _, agent in credits_],
            "contribution": CONTRIBUTION,
            "moment": moment,
            **stamp.columns(),
        },
    )
    connection.execute(_PROVENANCE, findings)
    connection.execute(_MESSAGES, {**findings, "topic": TOPIC, "contribution": CONTRIBUTION})
    connection.execute(_MOVE, findings)
    connection.execute(_COUNT, findings)
