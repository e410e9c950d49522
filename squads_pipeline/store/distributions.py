"""Writing how pools were shared out. By what they are: `pool_inputs`; reading it again: `distribution_facts`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from squads_pipeline.rules.distribution import Division, Share
from squads_pipeline.rules.scoring import Work
from squads_pipeline.store import ledger
from squads_pipeline.store.stamp import Stamp


@dataclass(frozen=True, slots=True)
class SharedOut:
    """A pool as it was shared out.

    Attributes:
        squad_id: the squad.
        pool_micro: what the pool held, µT.
        work: what each member did.
        scores_ppm: agent → score in millionths of a point.
        division: the manner and the members' shares.
        refunds_micro: account → what it got back, µT; empty unless the pool was refunded.
    """

    squad_id: str
    pool_micro: int
    work: Sequence[Work]
    scores_ppm: Mapping[str, int]
    division: Division
    refunds_micro: Mapping[str, int]

    @property
    def paid(self) -> int:
        """How many members have a share, or how many accounts were refunded."""
        return len(self.refunds_micro) + sum(share.share_micro > 0 for share in self.division.shares)


_MISSING = text("""
SELECT substr(unit, length('squad:') + 1) AS squad_id FROM squads.missing_harvest_distributions
WHERE unit = ANY (CAST(:units AS text[])) ORDER BY 1
""")


def still_missing(connection: Connection, units: Sequence[str]) -> list[str]:
    """The squads among some units of the gap that are still to be shared out, read again under their lock."""
    return list(connection.scalars(_MISSING, {"units": list(units)}))


_RECORD = text("""
WITH moment AS MATERIALIZED (SELECT squads.clock() AS now)
INSERT INTO squads.distributions
    (squad_id, manner, pool_micro, total_score, members, distributed_at,
     policy_id, rule_version, driver, run_id, effective_on)
SELECT shared.squad_id, shared.manner, shared.pool_micro, shared.score_ppm * 0.000001, shared.members, moment.now,
       :policy_id, :rule_version, :driver, :run_id, squads.utc_day(moment.now)
FROM unnest(CAST(:squads AS text[]), CAST(:manners AS text[]), CAST(:pools AS bigint[]),
            CAST(:scores AS numeric[]), CAST(:members AS integer[]))
    AS shared (squad_id, manner, pool_micro, score_ppm, members)
CROSS JOIN moment
""")

_RECORD_SHARES = text("""
WITH share AS MATERIALIZED (
    SELECT * FROM unnest(
        CAST(:squads AS text[]), CAST(:agents AS text[]), CAST(:roles AS text[]), CAST(:entries AS integer[]),
        CAST(:findings AS integer[]), CAST(:merged AS numeric[]), CAST(:reviews AS integer[]),
        CAST(:scores AS numeric[]), CAST(:micros AS bigint[]), CAST(:rounded AS integer[]))
        AS share (squad_id, agent_id, role, entries, findings, merged_ppm, reviews, score_ppm, share_micro, rounded)
),
scored AS (
    UPDATE squads.squad_members AS member SET contribution_score = share.score_ppm * 0.000001
    FROM share WHERE member.squad_id = share.squad_id AND member.agent_id = share.agent_id
)
INSERT INTO squads.harvest_distributions
    (squad_id, agent_id, role, journal_entries, findings_authored, merged_confidence, reviews, score,
     share_micro, rounded_up, policy_id, rule_version, driver, run_id, effective_on)
SELECT share.squad_id, agent_id, role, entries, findings, merged_ppm * 0.000001, reviews, score_ppm * 0.000001,
       share_micro, rounded, whole.policy_id, whole.rule_version, whole.driver, whole.run_id, whole.effective_on
FROM share JOIN squads.distributions AS whole ON whole.squad_id = share.squad_id
""")


def record(connection: Connection, shared: Sequence[SharedOut], stamp: Stamp) -> None:
    """Write how pools were shared out, with every input, and the members' scores. Two statements for the batch."""
    connection.execute(
        _RECORD,
        {
            "squads": [one.squad_id for one in shared],
            "manners": [one.division.manner for one in shared],
            "pools": [one.pool_micro for one in shared],
            "scores": [sum(one.scores_ppm.values()) for one in shared],
            "members": [one.paid for one in shared],
            **stamp.columns(),
        },
    )
    rows = [
        (one, did, share)
        for one in shared
        for did, share in zip(sorted(one.work, key=_agent), one.division.shares, strict=True)
    ]
    connection.execute(
        _RECORD_SHARES,
        {
            "squads": [one.squad_id for one, _, _ in rows],
            "agents": [share.agent_id for _, _, share in rows],
            "roles": [did.role for _, did, _ in rows],
            "entries": [did.journal_entries for _, did, _ in rows],
            "findings": [did.findings_authored for _, did, _ in rows],
            "merged": [did.merged_confidence_ppm for _, did, _ in rows],
            "reviews": [did.reviews for _, did, _ in rows],
            "scores": [one.scores_ppm[share.agent_id] for one, _, share in rows],
            "micros": [share.share_micro for _, _, share in rows],
            "rounded": [int(share.rounded_up) for _, _, share in rows],
        },
    )


_REVISE = text("""
INSERT INTO squads.harvest_distributions
    (squad_id, agent_id, revision, role, journal_entries, findings_authored, merged_confidence, reviews, score,
     share_micro, rounded_up, policy_id, rule_version, driver, run_id, effective_on)
SELECT share.squad_id, share.agent_id, share.revision + 1, share.role, share.journal_entries, share.findings_authored,
       share.merged_confidence, share.reviews, revised.score_ppm * 0.000001, revised.share_micro, revised.rounded,
       whole.policy_id, :rule_version, :driver, :run_id, whole.effective_on
FROM unnest(CAST(:squads AS text[]), CAST(:agents AS text[]), CAST(:scores AS numeric[]),
            CAST(:micros AS bigint[]), CAST(:rounded AS integer[]))
    AS revised (squad_id, agent_id, score_ppm, share_micro, rounded)
JOIN squads.harvest_distributions_in_force AS share
    ON share.squad_id = revised.squad_id AND share.agent_id = revised.agent_id
JOIN squads.distributions AS whole ON whole.squad_id = revised.squad_id
""")


def revise(connection: Connection, revised: Sequence[tuple[str, int, Share]], stamp: Stamp) -> None:
    """Write newer revisions of shares, (squad, score in millionths, share) each, on the days of their squads."""
    connection.execute(
        _REVISE,
        {
            "squads": [squad for squad, _, _ in revised],
            "agents": [share.agent_id for _, _, share in revised],
            "scores": [score for _, score, _ in revised],
            "micros": [share.share_micro for _, _, share in revised],
            "rounded": [int(share.rounded_up) for _, _, share in revised],
            **stamp.columns(),
        },
    )


def _agent(one: Work) -> str:
    return one.agent_id


def payout_key(squad: str, agent: str) -> str:
    """Idempotency key of a member's share."""
    return f"payout:{ledger.key_part(squad)}:{agent}"


def refund_key(squad: str, account: str) -> str:
    """Idempotency key of what an account gets back of a squad's pool."""
    return f"refund:{ledger.key_part(squad)}:{account}"
