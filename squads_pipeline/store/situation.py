"""What an agent can see of the community at a moment: squads, seats, bids, findings, wallets. It writes nothing.

Everything comes in an order that no collation and no query plan can change, so that whoever chooses among it by
a seeded chance chooses the same again. Closed squads and settled findings lengthen none of the reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, TextClause, text


@dataclass(frozen=True, slots=True)
class Seat:
    """A member of a squad, and what it has done there."""

    squad_id: str
    agent_id: str
    role: str
    journal_entries: int
    findings_authored: int


@dataclass(frozen=True, slots=True)
class SquadSeen:
    """A live squad with its members by agent id; the pool in µT."""

    squad_id: str
    status: str
    target_type: str
    target_id: str
    created_by: str | None
    parent_squad_id: str | None
    pool_micro: int
    formed_at: datetime
    recruits_until: datetime | None
    criteria: tuple[str, ...]
    seats: tuple[Seat, ...]

    @property
    def lead(self) -> str | None:
        """Who leads it, if anybody does yet."""
        return next((seat.agent_id for seat in self.seats if seat.role == "lead"), None)

    def has(self, agent: str) -> bool:
        """Whether an agent is a member."""
        return any(seat.agent_id == agent for seat in self.seats)


@dataclass(frozen=True, slots=True)
class BidSeen:
    """A bid that nobody has decided yet."""

    bid_id: int
    squad_id: str
    agent_id: str
    role: str
    pitch: str


@dataclass(frozen=True, slots=True)
class FindingSeen:
    """A finding that waits for reviews, or that was merged and has had no outcome yet.

    Attributes:
        squad_id: the squad that answers for it now.
        reviewers: who has reviewed it.
    """

    finding_id: int
    squad_id: str
    author: str
    title: str
    summary: str
    reviewers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TargetSeen:
    """An open target; `answered` when a squad around it has brought a finding into the knowledge graph."""

    artifact_type: str
    artifact_id: str
    answered: bool


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that an agent can see; amounts in µT.

    Attributes:
        at: the moment, by the database's clock.
        squads: live squads, by id.
        proposals: mergers proposed: the squad to be absorbed, the one to go on, and who proposed it.
        wallets: agent → balance.
        pledging: agents whose pledge is in force.
        homes: agent → live squads that it is a member of.
        merged: findings merged of late that nothing has become of yet.
    """

    at: datetime
    squads: Mapping[str, SquadSeen]
    bids: tuple[BidSeen, ...]
    pending: tuple[FindingSeen, ...]
    merged: tuple[FindingSeen, ...]
    proposals: tuple[tuple[str, str, str], ...]
    targets: tuple[TargetSeen, ...]
    wallets: Mapping[str, int]
    pledging: frozenset[str]
    homes: Mapping[str, tuple[str, ...]]


_NOW = text("SELECT squads.clock()")

_LIVE = "status IN ('forming', 'recruiting', 'active', 'harvesting')"

# research_squads_status_idx, accounts_name_key.
_SQUADS = text(f"""
SELECT squad.id, squad.status, squad.target_artifact_type, squad.target_artifact_id, squad.created_by,
       squad.parent_squad_id, pool.balance_micro, squad.formed_at,
       squad.recruitment_closes_at,
       ARRAY(SELECT criterion ->> 'measure'
             FROM jsonb_array_elements(coalesce(squad.success_criteria, '[]')) AS criterion
             WHERE criterion ->> 'measure' IS NOT NULL) AS criteria
FROM squads.research_squads AS squad
JOIN squads.accounts AS pool ON pool.name = 'squad:' || squad.id
WHERE squad.{_LIVE}
""")  # noqa: S608  # the text is ours

# research_squads_status_idx, squad_members_pkey.
_SEATS = text(f"""
SELECT member.squad_id, member.agent_id, member.role, member.journal_entries, member.findings_authored
FROM squads.research_squads AS squad
JOIN squads.squad_members AS member ON member.squad_id = squad.id AND member.left_at IS NULL
WHERE squad.{_LIVE}
""")  # noqa: S608  # the text is ours

# squad_join_bids_one_pending.
_BIDS = text("""
SELECT id, squad_id, agent_id, role, pitch FROM squads.squad_join_bids WHERE status = 'pending' ORDER BY id
""")

# squad_findings_waiting, finding_reviews_finding_id_reviewer_agent_id_key.
_PENDING = text("""
SELECT finding.id, coalesce(squad.merged_into, squad.id) AS squad_id, finding.author_agent_id AS author,
       finding.title, coalesce(finding.summary, '') AS summary,
       ARRAY(SELECT reviewer_agent_id FROM squads.finding_reviews AS review
             WHERE review.finding_id = finding.id ORDER BY review.id) AS reviewers
FROM squads.squad_findings AS finding
JOIN squads.research_squads AS squad ON squad.id = finding.squad_id
WHERE finding.bubble_up_status = 'pending'
ORDER BY finding.id
""")

# bubbled_findings_effective_on_idx, then outcomes_artifact_idx.
_MERGED = text("""
SELECT finding.id, bubbled.squad_id, finding.author_agent_id AS author, finding.title,
       coalesce(finding.summary, '') AS summary,
       CAST(ARRAY[] AS text[]) AS reviewers
FROM squads.bubbled_findings AS bubbled
JOIN squads.squad_findings AS finding ON finding.id = bubbled.finding_id
WHERE bubbled.effective_on >= squads.utc_day(squads.clock()) - CAST(:days AS integer)
  AND NOT EXISTS (SELECT FROM squads.outcomes AS outcome
                  WHERE outcome.artifact_type = 'finding' AND outcome.artifact_id = finding.id::text)
ORDER BY finding.id
""")

_PROPOSALS = text("SELECT squad_id, into_squad_id, proposed_by FROM squads.squad_merges")

# knowledge_gaps_open_by_importance, research_squads_target_idx.
_TARGETS = text("""
SELECT target.artifact_type, target.artifact_id,
       EXISTS (SELECT FROM squads.research_squads AS squad
               WHERE squad.target_artifact_type = target.artifact_type
                 AND squad.target_artifact_id = target.artifact_id AND squad.findings_bubbled > 0)
FROM squads.knowledge_gaps AS target
WHERE target.status = 'open'
""")

# accounts_kind_owner_id_idx.
_WALLETS = text("SELECT owner_id, balance_micro FROM squads.accounts WHERE kind = 'wallet'")

_PLEDGING = text("SELECT agent_id FROM squads.pledges_in_force")


def look(connection: Connection, *, merged_days: int = 14) -> Situation:
    """See the community as it is now, with what was merged in so many days."""
    seats = sorted(
        (Seat(*row) for row in connection.execute(_SEATS)), key=lambda one: (one.squad_id, one.agent_id)
    )
    sitting: dict[str, list[Seat]] = {}
    homes: dict[str, tuple[str, ...]] = {}
    for seat in seats:
        sitting.setdefault(seat.squad_id, []).append(seat)
        homes[seat.agent_id] = (*homes.get(seat.agent_id, ()), seat.squad_id)
    squads = sorted(connection.execute(_SQUADS), key=lambda row: str(row[0]))
    return Situation(
        at=connection.execute(_NOW).scalar_one(),
        squads={row[0]: _squad(row, tuple(sitting.get(row[0], ()))) for row in squads},
        bids=tuple(BidSeen(*row) for row in connection.execute(_BIDS)),
        pending=_findings(connection, _PENDING),
        merged=_findings(connection, _MERGED, days=merged_days),
        proposals=tuple(sorted((row[0], row[1], row[2]) for row in connection.execute(_PROPOSALS))),
        targets=tuple(
            sorted(
                (TargetSeen(*row) for row in connection.execute(_TARGETS)),
                key=lambda one: (one.artifact_type, one.artifact_id),
            )
        ),
        wallets=dict(sorted((row[0], row[1]) for row in connection.execute(_WALLETS))),
        pledging=frozenset(connection.scalars(_PLEDGING)),
        homes=homes,
    )


def _squad(row: Row[Any], seats: tuple[Seat, ...]) -> SquadSeen:
    return SquadSeen(
        squad_id=row.id,
        status=row.status,
        target_type=row.target_artifact_type,
        target_id=row.target_artifact_id,
        created_by=row.created_by,
        parent_squad_id=row.parent_squad_id,
        pool_micro=row.balance_micro,
        formed_at=row.formed_at,
        recruits_until=row.recruitment_closes_at,
        criteria=tuple(row.criteria),
        seats=seats,
    )


def _findings(connection: Connection, statement: TextClause, **parameters: int) -> tuple[FindingSeen, ...]:
    return tuple(
        FindingSeen(row.id, row.squad_id, row.author, row.title, row.summary, tuple(row.reviewers))
        for row in connection.execute(statement, parameters)
    )
