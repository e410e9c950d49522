"""What must hold of formation and of squads' lives: the invariants of `squads_formed`. It repairs nothing."""

from typing import Final

from squads_pipeline.rules.lifecycle import EDGES
from squads_pipeline.store.invariants import Invariant, invariant

# The index research_squads_one_live_root_per_target forbids it; here is who says so if it should be gone.
_LIVE_ROOTS = """
SELECT format('target %s %s', target_artifact_type, target_artifact_id) AS subject,
       'one live root squad' AS expected, string_agg(id, ', ' ORDER BY id) AS found
FROM squads.research_squads
WHERE status <> 'disbanded' AND parent_squad_id IS NULL AND CAST(:since AS date) IS NOT NULL
GROUP BY target_artifact_type, target_artifact_id
HAVING count(*) > 1
"""

_LEGAL = ", ".join(f"('{edge.from_status or ''}', '{edge.to_status}')" for edge in EDGES)

# squad_events_effective_on_idx.
_EDGES = f"""
SELECT format('event %s of squad %s', event_no, squad_id) AS subject, 'an edge of the lifecycle' AS expected,
       format('from %s to %s', coalesce(from_status, 'nothing'), to_status) AS found
FROM squads.squad_events
WHERE effective_on >= :since AND (coalesce(from_status, ''), to_status) NOT IN ({_LEGAL})
"""  # noqa: S608  # the text is ours

# squad_events_effective_on_idx, then squad_events_pkey for the event before.
_CHAIN = """
SELECT format('event %s of squad %s', event.event_no, event.squad_id) AS subject,
       'an edge from ' || coalesce(before.to_status, 'nothing') AS expected,
       'an edge from ' || coalesce(event.from_status, 'nothing') AS found
FROM squads.squad_events AS event
LEFT JOIN squads.squad_events AS before
    ON before.squad_id = event.squad_id AND before.event_no = event.event_no - 1
WHERE event.effective_on >= :since AND event.from_status IS DISTINCT FROM before.to_status
"""

# All squads that live, by research_squads_status_idx, and those that events say something new of.
_STATES = """
SELECT 'squad ' || squad.id AS subject, coalesce(last.to_status, 'no events, so no squad') AS expected,
       squad.status AS found
FROM squads.research_squads AS squad
LEFT JOIN LATERAL (SELECT to_status FROM squads.squad_events WHERE squad_id = squad.id
                   ORDER BY event_no DESC LIMIT 1) AS last ON true
WHERE last.to_status IS DISTINCT FROM squad.status
  AND (CAST(:since AS date) = '0001-01-01'
       OR squad.status IN ('forming', 'recruiting', 'active', 'harvesting')
       OR squad.id IN (SELECT squad_id FROM squads.squad_events WHERE effective_on >= :since))
"""

# squads_formed_effective_on_idx and transfers_effective_on_brin, then squad_grants_squad_id_idx.
_SEEDS = """
SELECT 'squad ' || formed.squad_id AS subject,
       format('%s µT paid of a seed of %s µT', formed.seed_micro - coalesce(unpaid.missing_micro, 0),
              formed.seed_micro) AS expected,
       paid.micro || ' µT paid' AS found
FROM squads.squads_formed AS formed
LEFT JOIN squads.unpaid_seeds AS unpaid ON unpaid.squad_id = formed.squad_id
CROSS JOIN LATERAL (SELECT coalesce(sum(amount_micro), 0) AS micro FROM squads.squad_grants
                    WHERE squad_id = formed.squad_id AND purpose = 'seed') AS paid
WHERE paid.micro <> formed.seed_micro - coalesce(unpaid.missing_micro, 0)
  AND (formed.effective_on >= :since
       OR formed.squad_id IN (SELECT pool.owner_id FROM squads.transfers AS transfer
                              JOIN squads.accounts AS pool ON pool.id = transfer.to_account_id
                              WHERE transfer.effective_on >= :since AND transfer.kind = 'seed'))
"""

_STRAY_SEEDS = """
SELECT 'transfer ' || transfer.idempotency_key AS subject, 'from the treasury to a squad that was formed'
           AS expected,
       format('from %s to %s', payer.name, pool.name) AS found
FROM squads.transfers AS transfer
JOIN squads.accounts AS payer ON payer.id = transfer.from_account_id
JOIN squads.accounts AS pool ON pool.id = transfer.to_account_id
LEFT JOIN squads.squads_formed AS formed ON formed.squad_id = pool.owner_id AND pool.kind = 'squad'
WHERE transfer.effective_on >= :since AND transfer.kind = 'seed'
  AND (formed.squad_id IS NULL OR payer.name <> 'treasury')
"""

FORMATION_INVARIANTS: Final[tuple[Invariant, ...]] = (
    invariant(
        "I10", "one_live_root_squad_per_target", "A target has at most one live root squad.", _LIVE_ROOTS
    ),
    invariant(
        "I10",
        "events_replay_to_the_state",
        "Squads take only legal edges, and replaying their events gives their status.",
        _EDGES,
        _CHAIN,
        _STATES,
    ),
    invariant(
        "I4",
        "seeds_agree_with_the_ledger",
        "What was paid of each seed is the seed less what is missing; every seed has its formation.",
        _SEEDS,
        _STRAY_SEEDS,
    ),
)
"""The invariants that are checked after each formation. That seeds recompute: `drivers.audit_formations`."""
