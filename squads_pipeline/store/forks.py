"""SQL of forks: how deep a squad lies, the child and its first member. Whether it may be is in `rules.endings`."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import bindparam

from squads_pipeline.store.errors import speaking

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


def add(
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
