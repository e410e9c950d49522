"""Settling outcomes: those that wait, and the facts of those that are settled. No decisions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from squads_pipeline.rules.credit import Settlement
from squads_pipeline.store.schema import agent_contributions, artifact_provenance, outcomes
from squads_pipeline.store.stamp import Stamp
from squads_pipeline.store.writers import await_writers


@dataclass(frozen=True, slots=True)
class Unsettled:
    """An outcome that waits for its settlement."""

    outcome_id: int
    kind: str


# outcomes_unsettled_pkey.
_UNSETTLED = text("""
SELECT outcome_id, kind FROM squads.outcomes_unsettled
WHERE outcome_id = ANY(CAST(:outcomes AS bigint[]))
ORDER BY recorded_at, outcome_id
""")

_RECORD = text("""
WITH moment AS MATERIALIZED (SELECT squads.clock() AS now),
settled AS (
    INSERT INTO squads.dividends
        (outcome_id, amount_micro, paid_micro, agents, reason, settled_at,
         policy_id, rule_version, driver, run_id, effective_on)
    SELECT settled.*, moment.now, :policy_id, :rule_version, :driver, :run_id, squads.utc_day(moment.now)
    FROM unnest(CAST(:outcomes AS bigint[]), CAST(:amounts AS bigint[]), CAST(:paid AS bigint[]),
                CAST(:agents AS integer[]), CAST(:reasons AS text[])) AS settled
    CROSS JOIN moment
)
INSERT INTO squads.credit_dividends
    (outcome_id, agent_id, contributions, via_squad, weight, derivation, share_micro,
     policy_id, rule_version, driver, run_id, effective_on)
SELECT share.*, :policy_id, :rule_version, :driver, :run_id, squads.utc_day(moment.now)
FROM unnest(CAST(:share_outcomes AS bigint[]), CAST(:share_agents AS text[]), CAST(:contributions AS integer[]),
            CAST(:via_squad AS integer[]), CAST(:weights AS numeric[]), CAST(:derivations AS jsonb[]),
            CAST(:shares AS bigint[])) AS share
CROSS JOIN moment
""")


def await_inputs(connection: Connection) -> None:
    """Wait for those who are writing what the outcomes of this moment are weighed by."""
    await_writers(connection, (outcomes, artifact_provenance, agent_contributions))


def unsettled(connection: Connection, ids: Sequence[int]) -> list[Unsettled]:
    """Those of some outcomes that are not settled, the oldest first."""
    return [Unsettled(*row) for row in connection.execute(_UNSETTLED, {"outcomes": list(ids)})]


def record(connection: Connection, settled: Mapping[int, Settlement], stamp: Stamp) -> None:
    """Write the settlements of some outcomes with every agent's share; a trigger ends their waiting."""
    shares = [(outcome, share) for outcome, one in settled.items() for share in one.shares]
    parameters: dict[str, Any] = {
        "outcomes": list(settled),
        "amounts": [one.amount_micro for one in settled.values()],
        "paid": [one.paid_micro for one in settled.values()],
        "agents": [one.agents for one in settled.values()],
        "reasons": [one.reason for one in settled.values()],
        "share_outcomes": [outcome for outcome, _ in shares],
        "share_agents": [share.agent_id for _, share in shares],
        "contributions": [share.contributions for _, share in shares],
        "via_squad": [share.via_squad for _, share in shares],
        "weights": [str(share.weight) for _, share in shares],
        "derivations": [json.dumps(list(share.derivation), ensure_ascii=False) for _, share in shares],
        "shares": [share.share_micro for _, share in shares],
        **stamp.columns(),
    }
    connection.execute(_RECORD, parameters)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A share as it was recorded; the amount in µT."""

    agent_id: str
    contributions: int
    via_squad: int
    weight: int
    derivation: list[dict[str, Any]]
    share_micro: int


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement as it was recorded, with the shares as first paid, by agent; amounts in µT."""

    outcome_id: int
    kind: str
    amount_micro: int
    paid_micro: int
    agents: int
    reason: str
    policy_id: str
    rule_version: str
    shares: list[Recorded] = field(default_factory=list)


# dividends_effective_on_idx, outcomes_pkey.
_SETTLED = text("""
SELECT settled.outcome_id, outcome.kind, settled.amount_micro, settled.paid_micro, settled.agents, settled.reason,
       settled.policy_id, settled.rule_version
FROM squads.dividends AS settled
JOIN squads.outcomes AS outcome ON outcome.id = settled.outcome_id
WHERE settled.effective_on BETWEEN coalesce(:first, '-infinity'::date) AND coalesce(:last, 'infinity'::date)
ORDER BY settled.outcome_id
""")

# credit_dividends_pkey.
_SHARES = text("""
SELECT outcome_id, agent_id, contributions, via_squad, weight, derivation, share_micro
FROM squads.credit_dividends
WHERE outcome_id = ANY(CAST(:outcomes AS bigint[])) AND revision = 0
ORDER BY outcome_id, agent_id COLLATE "C"
""")


def between(connection: Connection, first: date | None, last: date | None) -> list[Settled]:
    """The settlements of some days; None leaves that end open."""
    settled = {
        row.outcome_id: Settled(*row) for row in connection.execute(_SETTLED, {"first": first, "last": last})
    }
    for row in connection.execute(_SHARES, {"outcomes": list(settled)}):
        settled[row.outcome_id].shares.append(
            Recorded(
                row.agent_id,
                row.contributions,
                row.via_squad,
                int(row.weight),
                row.derivation,
                row.share_micro,
            )
        )
    return list(settled.values())
