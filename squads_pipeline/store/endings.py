"""SQL of ends that people ask for: what stands against them, forks, mergers. Decisions are in `rules.endings`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import bindparam

from squads_pipeline.store.errors import speaking


@dataclass(frozen=True, slots=True)
class Standing:
    """How a squad stands that is to end, be forked or merged.

    Attributes:
        lead: the agent who leads it; None if nobody does.
        workers: members who are present and no observers, the lead included.
        only_worker: the one if there is one.
        pending: findings that nobody has decided, in it and in those merged into it.
        reviewed: findings accepted and not yet merged, likewise.
        unclaimed: contributions that no round has claimed.
        window_over: whether recruiting is over; None if it has no window.
        extensions: how often recruiting was extended.
    """

    squad_id: str
    status: str
    target_type: str
    created_by: str | None
    lead: str | None
    workers: int
    only_worker: str | None
    pending: int
    reviewed: int
    unclaimed: int
    window_over: bool | None
    extensions: int


# research_squads_pkey and _merged_into_idx, squad_findings_squad_id_idx, squad_members_pkey, squad_events_pkey; the
# inbox, which is short, is read through.
_STANDING = text("""
SELECT squad.id, squad.status, squad.target_artifact_type, squad.created_by,
       (SELECT agent_id FROM squads.squad_members
        WHERE squad_id = squad.id AND role = 'lead' AND left_at IS NULL) AS lead,
       present.workers, CASE WHEN present.workers = 1 THEN present.first END AS only_worker,
       findings.pending, findings.reviewed,
       (SELECT count(*) FROM squads.qf_unclaimed WHERE squad_id = squad.id) AS unclaimed,
       squad.recruitment_closes_at <= squads.clock() AS window_over,
       (SELECT count(*) FROM squads.squad_events
        WHERE squad_id = squad.id AND from_status = 'recruiting' AND to_status = 'recruiting') AS extensions
FROM squads.research_squads AS squad
CROSS JOIN LATERAL (
    SELECT count(*) AS workers, min(agent_id) AS first FROM squads.squad_members
    WHERE squad_id = squad.id AND role <> 'observer' AND left_at IS NULL
) AS present
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE bubble_up_status = 'pending') AS pending,
           count(*) FILTER (WHERE bubble_up_status = 'reviewed') AS reviewed
    FROM squads.squad_findings
    WHERE squad_id IN (SELECT id FROM squads.research_squads WHERE id = squad.id OR merged_into = squad.id)
) AS findings
WHERE squad.id = :squad
""")


def standing(connection: Connection, squad_id: str) -> Standing:
    """How a squad stands; of one that the caller holds it stays so."""
    return Standing(*connection.execute(_STANDING, {"squad": squad_id}).one())


# UNION, not UNION ALL: it ends also where somebody made a squad its own forebear.
_DEPTH = text("""
WITH RECURSIVE forebear AS (
    SELECT parent_squad_id AS id FROM squads.research_squads WHERE id = :squad
    UNION
    SELECT squad.parent_squad_id FROM forebear JOIN squads.research_squads AS squad ON squad.id = forebear.id
)
SELECT count(id) FROM forebear
""")


def depth(connection: Connection, squad_id: str) -> int:
    """How many forks lie between the first squad and this one, itself included; 0 for a root."""
    return int(connection.execute(_DEPTH, {"squad": squad_id}).scalar_one())


_FREE = text("""
SELECT least_free.id
FROM generate_series(1, (SELECT count(*) + 1 FROM squads.research_squads)) AS number
CROSS JOIN LATERAL (SELECT left(:parent, 89) || '-fork-' || number AS id) AS least_free
WHERE NOT EXISTS (SELECT FROM squads.research_squads AS squad WHERE squad.id = least_free.id)
ORDER BY number LIMIT 1
""")


def free_id(connection: Connection, parent: str) -> str:
    """An id for a fork that nobody has: the parent's with a number. Index: research_squads_pkey."""
    return str(connection.execute(_FREE, {"parent": parent}).scalar_one())


_ADD_FORK = text("""
INSERT INTO squads.research_squads
    (id, name, charter, parent_quest_id, target_artifact_type, target_artifact_id, status, success_criteria, formed_at,
     recruitment_closes_at, parent_squad_id, created_by)
SELECT :child, coalesce(CAST(:name AS text), :child), :charter, parent.parent_quest_id, parent.target_artifact_type,
       parent.target_artifact_id, 'recruiting', coalesce(:criteria, parent.success_criteria, :default), moment.now,
       moment.now + make_interval(secs => :window), parent.id, :agent
FROM squads.research_squads AS parent
CROSS JOIN (SELECT squads.clock() AS now) AS moment
WHERE parent.id = :parent
""").bindparams(
    bindparam("criteria", type_=JSONB(none_as_null=True)),
    bindparam("default", type_=JSONB(none_as_null=True)),
)

# The founder's bid is accepted as it is written, and with the best fit there is: so the founder leads when the work
# begins, as with any squad that an agent forms.
_ADD_FOUNDER = text("""
WITH moment AS MATERIALIZED (SELECT squads.clock() AS now),
bid AS (
    INSERT INTO squads.squad_join_bids
        (squad_id, agent_id, role, pitch, status, bid_at, decided_at, decided_by, fit_ppm, rationale)
    SELECT :child, :agent, 'researcher', 'I forked the squad.', 'accepted', moment.now, moment.now, :agent, 1000000,
           'forked the squad'
    FROM moment
)
INSERT INTO squads.squad_members (squad_id, agent_id, role, joined_at)
SELECT :child, :agent, 'researcher', moment.now FROM moment
""")


def add_fork(
    connection: Connection,
    parent: str,
    child: str,
    agent: str,
    *,
    name: str | None,
    charter: str,
    criteria: Sequence[Mapping[str, object]] | None,
    default_criteria: Sequence[Mapping[str, object]],
    window_seconds: int,
) -> None:
    """Write a recruiting squad with its parent's target, and the agent as its first member.

    Args:
        connection: the caller holds the parent.
        parent: the squad that is forked.
        child: the new one's id.
        agent: who forks.
        name: the id if None.
        charter: the goal.
        criteria: success criteria; the parent's if None.
        default_criteria: those if the parent has none either.
        window_seconds: how long it recruits.

    Raises:
        AlreadyExistsError, RefusedError: the id is taken or not allowed.
    """
    values: dict[str, Any] = {
        "parent": parent,
        "child": child,
        "agent": agent,
        "name": name,
        "charter": charter,
        "criteria": None if criteria is None else [dict(one) for one in criteria],
        "default": [dict(one) for one in default_criteria],
        "window": window_seconds,
    }
    with speaking():
        connection.execute(_ADD_FORK, values)
        connection.execute(_ADD_FOUNDER, values)


_PROPOSE = text("""
INSERT INTO squads.squad_merges (squad_id, into_squad_id, proposed_by, proposed_at)
VALUES (:squad, :into, :agent, squads.clock())
ON CONFLICT (squad_id, into_squad_id) DO UPDATE
SET proposed_by = excluded.proposed_by, proposed_at = excluded.proposed_at
WHERE squads.squad_merges.proposed_by <> excluded.proposed_by
""")


def propose_merge(connection: Connection, squad: str, into: str, agent: str) -> bool:
    """Write that an agent wants a squad merged into another; False if it had said so before."""
    parameters = {"squad": squad, "into": into, "agent": agent}
    return connection.execute(_PROPOSE, parameters).rowcount > 0


_PROPOSED = text(
    "SELECT proposed_by FROM squads.squad_merges WHERE squad_id = :squad AND into_squad_id = :into"
)


def proposed_by(connection: Connection, squad: str, into: str) -> str | None:
    """Who proposed to merge a squad into another; None if nobody has. Index: squad_merges_pkey."""
    agent: str | None = connection.scalar(_PROPOSED, {"squad": squad, "into": into})
    return agent


# Who is in both keeps one row: present if present in either, a member for as long as in the longer one, an observer
# only if an observer in both. The lead of the squad that goes on stays; the other becomes a researcher, and so does
# who led one of the two, had left, and comes back by the other.
_MOVE_MEMBERS = text("""
WITH moving AS (
    DELETE FROM squads.squad_members WHERE squad_id = :squad RETURNING *
)
INSERT INTO squads.squad_members AS member
    (squad_id, agent_id, role, joined_at, left_at, journal_entries, findings_authored)
SELECT :into, agent_id, CASE WHEN role = 'lead' THEN 'researcher' ELSE role END, joined_at, left_at, journal_entries,
       findings_authored
FROM moving
ON CONFLICT (squad_id, agent_id) DO UPDATE SET
    role = CASE WHEN member.role = 'observer' OR (member.role = 'lead' AND member.left_at IS NOT NULL)
                THEN excluded.role ELSE member.role END,
    joined_at = least(member.joined_at, excluded.joined_at),
    left_at = CASE WHEN member.left_at IS NOT NULL AND excluded.left_at IS NOT NULL
                   THEN greatest(member.left_at, excluded.left_at) END,
    journal_entries = member.journal_entries + excluded.journal_entries,
    findings_authored = member.findings_authored + excluded.findings_authored
""")

# research_squads_pkey and research_squads_merged_into_idx: who came before follows to the squad that goes on.
_ABSORB = text("""
UPDATE squads.research_squads SET merged_into = :into WHERE id = :squad OR merged_into = :squad
""")


def absorb(connection: Connection, squad: str, into: str) -> None:
    """Move a disbanded squad's members to another and say that this one took over; the caller holds both."""
    connection.execute(_MOVE_MEMBERS, {"squad": squad, "into": into})
    connection.execute(_ABSORB, {"squad": squad, "into": into})


_MEASURES = text("""
WITH home AS MATERIALIZED (SELECT id FROM squads.research_squads WHERE id = :squad OR merged_into = :squad)
SELECT squad.success_criteria, squad.findings_bubbled,
       (SELECT count(*) FROM squads.squad_findings AS finding JOIN home ON home.id = finding.squad_id)
           AS findings_authored,
       (SELECT count(*) FROM squads.squad_journal AS entry JOIN home ON home.id = entry.squad_id) AS journal_entries,
       (SELECT count(*) FROM squads.squad_members AS member
        WHERE member.squad_id = squad.id AND member.role <> 'observer' AND member.left_at IS NULL) AS members
FROM squads.research_squads AS squad WHERE squad.id = :squad
""")


def criteria(connection: Connection, squad_id: str) -> tuple[object, dict[str, int]]:
    """A squad's success criteria as they are stored, and what can be measured of it now: measure → value."""
    row = connection.execute(_MEASURES, {"squad": squad_id}).one()
    measured = ("findings_bubbled", "findings_authored", "journal_entries", "members")
    return row.success_criteria, {name: int(getattr(row, name)) for name in measured}
