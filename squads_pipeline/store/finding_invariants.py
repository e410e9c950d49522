"""What must hold of findings, from verdict to credit and message: invariant I8. It repairs nothing."""

from typing import Final

from squads_pipeline.store.invariants import Invariant, invariant

# Status, and the facts that it must have. All of history by squad_findings; since a day those that facts name.
_STATES = """
SELECT 'finding ' || finding.id AS subject,
       CASE WHEN decided.finding_id IS NULL THEN 'pending, not merged'
            WHEN decided.verdict = 'rejected' THEN 'rejected, not merged'
            WHEN merged.finding_id IS NULL THEN 'reviewed, not merged'
            ELSE 'merged' END AS expected,
       finding.bubble_up_status || CASE WHEN merged.finding_id IS NULL THEN '' ELSE ', with a merge' END AS found
FROM squads.squad_findings AS finding
LEFT JOIN squads.reviewed_findings AS decided ON decided.finding_id = finding.id
LEFT JOIN squads.bubbled_findings AS merged ON merged.finding_id = finding.id
WHERE (finding.bubble_up_status, merged.finding_id IS NOT NULL)
      IS DISTINCT FROM
      (CASE WHEN decided.finding_id IS NULL THEN 'pending'
            WHEN decided.verdict = 'rejected' THEN 'rejected'
            WHEN merged.finding_id IS NULL THEN 'reviewed'
            ELSE 'merged' END,
       merged.finding_id IS NOT NULL AND decided.verdict IS NOT DISTINCT FROM 'accepted')
  AND (CAST(:since AS date) = '0001-01-01'
       OR finding.id IN (SELECT finding_id FROM squads.reviewed_findings WHERE effective_on >= :since
                         UNION ALL
                         SELECT finding_id FROM squads.bubbled_findings WHERE effective_on >= :since))
"""

# bubbled_findings_effective_on_idx, then agent_contributions_reference_id_idx.
_CREDITS = """
SELECT 'finding ' || merged.finding_id AS subject, merged.credited || ' credits, one for each agent' AS expected,
       format('%s credits of %s agents', credit.rows, credit.agents) AS found
FROM squads.bubbled_findings AS merged
CROSS JOIN LATERAL (
    SELECT count(*) AS rows, count(DISTINCT agent_id) AS agents FROM squads.agent_contributions
    WHERE reference_id = 'finding:' || merged.finding_id AND contribution_type = 'squad_finding'
      AND (artifact_type, artifact_id, via_squad) = ('finding', merged.finding_id::text, merged.squad_id)
) AS credit
WHERE merged.effective_on >= :since AND (credit.rows, credit.agents) <> (merged.credited, merged.credited)
"""

# agent_contributions_effective_on_idx; the merge is found by the name of the finding.
_STRAY_CREDITS = """
SELECT format('credit %s of agent %s', credit.id, credit.agent_id) AS subject, 'a merge of ' || credit.reference_id
           AS expected, 'none' AS found
FROM squads.agent_contributions AS credit
WHERE credit.effective_on >= :since AND credit.contribution_type = 'squad_finding'
  AND NOT EXISTS (SELECT FROM squads.bubbled_findings AS merged
                  WHERE 'finding:' || merged.finding_id = credit.reference_id)
"""

# artifact_provenance_pkey.
_PROVENANCE = """
SELECT 'finding ' || merged.finding_id AS subject,
       format('provenance of %s:%s', merged.artifact_type, merged.artifact_id) AS expected, 'none' AS found
FROM squads.bubbled_findings AS merged
WHERE merged.effective_on >= :since
  AND NOT EXISTS (SELECT FROM squads.artifact_provenance AS derived
                  WHERE (derived.artifact_type, derived.artifact_id, derived.source_type, derived.source_id)
                      = (merged.artifact_type, merged.artifact_id, 'finding', merged.finding_id::text))
"""

_COUNTERS = """
SELECT 'squad ' || squad.id AS subject, merged.findings || ' findings bubbled' AS expected,
       squad.findings_bubbled || ' counted' AS found
FROM squads.research_squads AS squad
CROSS JOIN LATERAL (SELECT count(*) AS findings FROM squads.bubbled_findings WHERE squad_id = squad.id) AS merged
WHERE squad.findings_bubbled <> merged.findings
  AND (CAST(:since AS date) = '0001-01-01'
       OR squad.id IN (SELECT squad_id FROM squads.bubbled_findings WHERE effective_on >= :since))
"""

# outbox_message_key_key.
_MESSAGES = """
SELECT 'finding ' || merged.finding_id AS subject,
       format('a message that credits %s', coalesce(nullif(credit.agents::text, '{}'), 'nobody')) AS expected,
       coalesce('one that credits ' || (message.payload ->> 'credited'), 'none') AS found
FROM squads.bubbled_findings AS merged
LEFT JOIN squads.outbox AS message ON message.message_key = 'finding:' || merged.finding_id
CROSS JOIN LATERAL (SELECT ARRAY(SELECT agent_id FROM squads.agent_contributions
                                 WHERE reference_id = 'finding:' || merged.finding_id
                                   AND contribution_type = 'squad_finding' ORDER BY agent_id) AS agents) AS credit
WHERE merged.effective_on >= :since
  AND message.payload -> 'credited' IS DISTINCT FROM to_jsonb(credit.agents)
"""

MESSAGES: Final = invariant(
    "I8",
    "merges_have_their_message",
    "Every merged finding has its message to the knowledge graph, which credits whom the credits do.",
    _MESSAGES,
)

STATES: Final = invariant(
    "I8",
    "findings_are_where_their_facts_are",
    "A finding is reviewed or rejected by its verdict, and merged if and only if its merge is recorded.",
    _STATES,
)

FINDING_INVARIANTS: Final[tuple[Invariant, ...]] = (
    invariant(
        "I8",
        "findings_bubble_once",
        "A finding is merged at most once: with one credit for each agent, its provenance, and one count.",
        _CREDITS,
        _STRAY_CREDITS,
        _PROVENANCE,
        _COUNTERS,
    ),
    MESSAGES,
)
"""What is checked after merges; `STATES` is checked after verdicts too. Recomputing: `drivers.audit_findings`."""
