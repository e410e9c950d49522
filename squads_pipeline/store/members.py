"""Members of squads and their bids in the database: reading, writing, deciding set-wise. No decisions of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from squads_pipeline.rules.bids import Waiting
from squads_pipeline.rules.rosters import Candidate
from squads_pipeline.store.errors import NotFoundError, speaking


@dataclass(frozen=True, slots=True)
class StoredBid:
    """A bid as it stands; ``fit_ppm`` in millionths."""

    bid_id: int
    squad_id: str
    agent_id: str
    role: str
    pitch: str
    status: str
    bid_at: datetime
    decided_by: str | None
    fit_ppm: int | None
    rationale: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a pending bid, by whom and why; ``fit_ppm`` in millionths, None if nobody said."""

    bid_id: int
    status: str
    decided_by: str
    rationale: str
    fit_ppm: int | None = None


_ROLES = text("SELECT agent_id, role FROM squads.squad_members WHERE squad_id = :squad AND left_at IS NULL")


def roles(connection: Connection, squad: str) -> dict[str, str]:
    """Member now → role. Index: squad_members_pkey."""
    return {row.agent_id: row.role for row in connection.execute(_ROLES, {"squad": squad})}


_BID_COLUMNS = "id, squad_id, agent_id, role, pitch, status, bid_at, decided_by, fit_ppm, rationale"

_BID = text(f"SELECT {_BID_COLUMNS} FROM squads.squad_join_bids WHERE id = :bid_id")  # noqa: S608  # ours

_LAST = text(
    f"SELECT {_BID_COLUMNS} FROM squads.squad_join_bids "  # noqa: S608  # ours
    "WHERE squad_id = :squad AND agent_id = :agent ORDER BY id DESC LIMIT 1"
)

_LISTED = text(
    f"SELECT {_BID_COLUMNS} FROM squads.squad_join_bids "  # noqa: S608  # ours
    "WHERE (squad_id = :squad OR CAST(:squad AS text) IS NULL) AND (status = 'pending' OR :all) "
    "ORDER BY id LIMIT :limit"
)


def bid(connection: Connection, bid_id: int) -> StoredBid:
    """A bid by its number. Index: squad_join_bids_pkey.

    Raises:
        NotFoundError: there is none.
    """
    row = connection.execute(_BID, {"bid_id": bid_id}).first()
    if row is None:
        raise NotFoundError(f"There is no bid {bid_id}", "See those that wait with `squads bids list`.")
    return StoredBid(*row)


def last_bid(connection: Connection, squad: str, agent: str) -> StoredBid | None:
    """An agent's newest bid for a squad. Index: squad_join_bids_squad_id_idx."""
    row = connection.execute(_LAST, {"squad": squad, "agent": agent}).first()
    return None if row is None else StoredBid(*row)


def listed(connection: Connection, squad: str | None, *, decided: bool, limit: int) -> list[StoredBid]:
    """The oldest bids of a squad or of all, those that wait or with the decided ones."""
    rows = connection.execute(_LISTED, {"squad": squad, "all": decided, "limit": limit})
    return [StoredBid(*row) for row in rows]


_ADD_BID = text("""
INSERT INTO squads.squad_join_bids (squad_id, agent_id, role, pitch, bid_at)
VALUES (:squad, :agent, :role, :pitch, squads.clock()) RETURNING id
""")


def add_bid(connection: Connection, squad: str, agent: str, role: str, pitch: str) -> int:
    """Write a bid that waits; returns its number.

    Raises:
        RefusedError: the pitch is empty or too long.
        AlreadyExistsError: the agent has a bid that waits.
    """
    with speaking():
        values = {"squad": squad, "agent": agent, "role": role, "pitch": pitch}
        return int(connection.execute(_ADD_BID, values).scalar_one())


_DECIDE = text("""
UPDATE squads.squad_join_bids AS bid
SET status = decided.status, decided_at = squads.clock(), decided_by = decided.decided_by,
    fit_ppm = decided.fit_ppm, rationale = decided.rationale
FROM unnest(CAST(:bids AS bigint[]), CAST(:statuses AS text[]), CAST(:deciders AS text[]),
            CAST(:rationales AS text[]), CAST(:fits AS integer[]))
    AS decided (bid_id, status, decided_by, rationale, fit_ppm)
WHERE bid.id = decided.bid_id AND bid.status = 'pending'
""")

# Who comes back keeps the row with its counts, and is a member from now on.
_ENROL = text("""
INSERT INTO squads.squad_members AS member (squad_id, agent_id, role, joined_at)
SELECT squad_id, agent_id, role, squads.clock() FROM squads.squad_join_bids
WHERE id = ANY (CAST(:bids AS bigint[]))
ON CONFLICT (squad_id, agent_id) DO UPDATE
SET role = excluded.role, joined_at = excluded.joined_at, left_at = NULL
WHERE member.left_at IS NOT NULL
""")


def decide(connection: Connection, decisions: Sequence[Decision]) -> None:
    """Write decisions about pending bids, and make members of those accepted; the caller holds the squads."""
    parameters = {
        "bids": [one.bid_id for one in decisions],
        "statuses": [one.status for one in decisions],
        "deciders": [one.decided_by for one in decisions],
        "rationales": [one.rationale for one in decisions],
        "fits": [one.fit_ppm for one in decisions],
    }
    with speaking():
        connection.execute(_DECIDE, parameters)
        accepted = [one.bid_id for one in decisions if one.status == "accepted"]
        connection.execute(_ENROL, {"bids": accepted})


_WAITING = text("""
SELECT bid_id, squad_id, role, status, working_members, is_member, time_over
FROM squads.pending_bids WHERE bid_id = ANY (CAST(:bids AS bigint[])) ORDER BY bid_id
""")


def waiting(connection: Connection, bids: Sequence[int]) -> list[Waiting]:
    """Which of some bids are pending, with what decides about them; of locked squads it stays so."""
    return [Waiting(*row) for row in connection.execute(_WAITING, {"bids": list(bids)})]


@dataclass(frozen=True, slots=True)
class Question:
    """A bid that waits for judgement."""

    bid_id: int
    squad_id: str
    charter: str
    pitch: str
    role: str


_QUESTIONS = text("""
SELECT bid_id, squad_id, charter, pitch, role FROM squads.pending_bids
WHERE status IN ('recruiting', 'active') AND NOT is_member ORDER BY bid_id LIMIT :limit
""")


def questions(connection: Connection, limit: int) -> list[Question]:
    """The oldest bids that judgement could decide. Index: squad_join_bids_one_pending."""
    return [Question(*row) for row in connection.execute(_QUESTIONS, {"limit": limit})]


_CANDIDATES = text("""
SELECT member.squad_id, member.agent_id, member.role, bid.fit_ppm
FROM squads.squad_members AS member
LEFT JOIN LATERAL (SELECT fit_ppm FROM squads.squad_join_bids
                   WHERE squad_id = member.squad_id AND agent_id = member.agent_id AND status = 'accepted'
                   ORDER BY id DESC LIMIT 1) AS bid ON true
WHERE member.squad_id = ANY (CAST(:squads AS text[])) AND member.left_at IS NULL
  AND NOT EXISTS (SELECT FROM squads.squad_members AS lead
                  WHERE lead.squad_id = member.squad_id AND lead.role = 'lead' AND lead.left_at IS NULL)
ORDER BY member.squad_id, member.agent_id
""")


def candidates(connection: Connection, squads: Sequence[str]) -> dict[str, list[Candidate]]:
    """Squad without a lead → its members. Indexes: squad_members_pkey, squad_join_bids_squad_id_idx."""
    found: dict[str, list[Candidate]] = {}
    for row in connection.execute(_CANDIDATES, {"squads": list(squads)}):
        found.setdefault(row.squad_id, []).append(Candidate(row.agent_id, row.role, row.fit_ppm))
    return found


_APPOINT = text("""
UPDATE squads.squad_members AS member SET role = 'lead'
FROM unnest(CAST(:squads AS text[]), CAST(:agents AS text[])) AS chosen (squad_id, agent_id)
WHERE member.squad_id = chosen.squad_id AND member.agent_id = chosen.agent_id AND member.left_at IS NULL
""")


def appoint(connection: Connection, leads: dict[str, str]) -> None:
    """Make members leads: squad → agent."""
    connection.execute(_APPOINT, {"squads": list(leads), "agents": list(leads.values())})


_LEAVE = text("""
UPDATE squads.squad_members SET left_at = squads.clock()
WHERE squad_id = :squad AND agent_id = :agent AND left_at IS NULL
""")


def leave(connection: Connection, squad: str, agent: str) -> None:
    """Write that a member has left; its row and counts stay."""
    connection.execute(_LEAVE, {"squad": squad, "agent": agent})
