"""Settling outcomes: those that wait, and the facts of those that are settled. No decisions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from squads_pipeline.rules.credit import Settlement, Share
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


_REVISE = text("""
INSERT INTO squads.credit_dividends
    (outcome_id, agent_id, revision, contributions, via_squad, weight, derivation, share_micro,
     policy_id, rule_version, driver, run_id, effective_on)
SELECT share.*, settled.policy_id, :rule_version, :driver, :run_id, settled.effective_on
FROM unnest(CAST(:outcomes AS bigint[]), CAST(:agents AS text[]), CAST(:revisions AS integer[]),
            CAST(:contributions AS integer[]), CAST(:via_squad AS integer[]), CAST(:weights AS numeric[]),
            CAST(:derivations AS jsonb[]), CAST(:shares AS bigint[])) AS share
    (outcome_id, agent_id, revision, contributions, via_squad, weight, derivation, share_micro)
JOIN squads.dividends AS settled ON settled.outcome_id = share.outcome_id
""")


def revise(connection: Connection, revised: Sequence[tuple[int, int, Share]], stamp: Stamp) -> None:
    """Write newer revisions of shares, (outcome, revision, share) each, on the days of their settlements."""
    connection.execute(
        _REVISE,
        {
            "outcomes": [outcome for outcome, _, _ in revised],
            "agents": [share.agent_id for _, _, share in revised],
            "revisions": [revision for _, revision, _ in revised],
            "contributions": [share.contributions for _, _, share in revised],
            "via_squad": [share.via_squad for _, _, share in revised],
            "weights": [str(share.weight) for _, _, share in revised],
            "derivations": [json.dumps([dict(one) for one in share.derivation]) for _, _, share in revised],
            "shares": [share.share_micro for _, _, share in revised],
            **stamp.columns(),
        },
    )


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
    """A share as it was recorded, newest revision; amounts in µT.

    Attributes:
        accounted_micro: what was posted for it, and what restatements moved and reported.
    """

    agent_id: str
    contributions: int
    via_squad: int
    weight: int
    derivation: list[dict[str, Any]]
    share_micro: int
    accounted_micro: int
    revision: int
    rule_version: str


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement as it was recorded, with the shares as they stand, by agent; amounts in µT."""

    outcome_id: int
    kind: str
    amount_micro: int
    paid_micro: int
    agents: int
    reason: str
    policy_id: str
    rule_version: str
    effective_on: date
    shares: list[Recorded] = field(default_factory=list)


# dividends_effective_on_idx, outcomes_pkey.
_SETTLED = text("""
SELECT settled.outcome_id, outcome.kind, settled.amount_micro, settled.paid_micro, settled.agents, settled.reason,
       settled.policy_id, settled.rule_version, settled.effective_on
FROM squads.dividends AS settled
JOIN squads.outcomes AS outcome ON outcome.id = settled.outcome_id
WHERE settled.effective_on BETWEEN coalesce(:first, '-infinity'::date) AND coalesce(:last, 'infinity'::date)
ORDER BY settled.outcome_id
""")

# credit_dividends_pkey, transfers_idempotency_key_key; what was restated is few.
_SHARES = text("""
SELECT share.outcome_id, share.agent_id, share.contributions, share.via_squad, share.weight, share.derivation,
       share.share_micro, coalesce(paid.amount_micro, 0) + coalesce(restated.accounted_micro, 0) AS accounted_micro,
       share.revision, share.rule_version
FROM squads.credit_dividends_in_force AS share
LEFT JOIN squads.transfers AS paid
    ON paid.idempotency_key = format('dividend:%s:%s', share.outcome_id, share.agent_id) AND paid.kind = 'dividend'
LEFT JOIN squads.restated_facts AS restated
    ON restated.fact = format('dividend:%s:%s', share.outcome_id, share.agent_id)
WHERE share.outcome_id = ANY(CAST(:outcomes AS bigint[]))
ORDER BY share.outcome_id, share.agent_id COLLATE "C"
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
                int(row.accounted_micro),
                row.revision,
                row.rule_version,
            )
        )
    return list(settled.values())
