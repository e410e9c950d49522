"""Forming a squad as an agent: its charter, its criteria, its first member. Squads around targets: a driver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from squads_pipeline.commands.forms import require_choice
from squads_pipeline.rules import formation, lifecycle
from squads_pipeline.rules.criteria import why_no_criteria
from squads_pipeline.rules.formation import SUCCESS_CRITERIA, Target
from squads_pipeline.rules.millionths import WHOLE_PPM
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.rules.rosters import CHARTERED, RULE_VERSION
from squads_pipeline.store import agents, formations, ledger, members, policies, rosters, squad_events
from squads_pipeline.store.errors import AlreadyExistsError, RefusedError
from squads_pipeline.store.members import Decision
from squads_pipeline.store.rosters import Founded
from squads_pipeline.store.schema.squads import TARGET_TYPES
from squads_pipeline.store.stamp import Stamp

Criteria = Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Formed:
    """A squad as it stands after the request.

    Attributes:
        squad_id: its id.
        status: ``recruiting``, or ``forming`` while its charter or its criteria are missing.
        repeated: True when the agent had formed it before, and nothing was written.
    """

    squad_id: str
    status: str
    repeated: bool = False


def form(
    connection: Connection,
    agent: str,
    *,
    charter: str,
    name: str | None = None,
    squad: str | None = None,
    target_type: str = "gap",
    target_id: str | None = None,
    criteria: Criteria | None = None,
) -> Formed:
    """Form a squad, whose first member is the agent; it recruits once it has a charter and success criteria.

    Asked again by the same agent, a squad that still forms gets the charter and criteria of the request; later
    they are locked.

    Args:
        connection: the caller commits it.
        agent: who forms it, and leads when the work begins unless somebody fits better.
        charter: the goal, in one paragraph; empty for later.
        name: short name, for people; the id if left out.
        squad: the id; made from the target if left out.
        target_type: gap, hypothesis, challenge or analysis.
        target_id: the artifact; the squad's id if left out.
        criteria: what it sets out to reach; one merged finding if left out, an empty list for later.

    Raises:
        NotFoundError: no such agent.
        AlreadyExistsError: the id is taken, or another live squad has the target.
        RefusedError: an argument is not allowed.
    """
    wanted: Criteria = SUCCESS_CRITERIA if criteria is None else criteria
    artifact_id = _require_sound(target_type, target_id or squad, wanted)
    agents.require(connection, agent)
    known = rosters.around(connection, target_type, artifact_id)
    if known is not None:
        return _again(connection, agent, known, squad, charter, wanted)
    squad_id = squad or _free_id(connection, Target(target_type, artifact_id, "", 0))
    new = Founded(squad_id, name or squad_id, charter, "forming", agent, [dict(one) for one in wanted])
    rosters.found(connection, new, target_type, artifact_id)
    ledger.open_accounts(connection, "squad", [squad_id])
    stamp = _stamp(connection, squad_id)
    reason = f"formed by {agent}"
    squad_events.record(connection, [squad_id], [lifecycle.FORMED], reason=reason, actor=agent, stamp=stamp)
    bid = members.add_bid(connection, squad_id, agent, "researcher", "I formed the squad.")
    members.decide(connection, [Decision(bid, "accepted", agent, "formed the squad", WHOLE_PPM)])
    return _open(connection, new, wanted, stamp)


def _require_sound(target_type: str, artifact_id: str | None, criteria: Criteria) -> str:
    require_choice(target_type, TARGET_TYPES, "type of target")
    if not artifact_id:
        raise RefusedError("It is not said what the squad is about", "Give the target's id, or the squad's.")
    wrong = why_no_criteria(criteria)
    if wrong is not None:
        raise RefusedError(
            f"A squad cannot set out for this: {wrong}", "Give criteria such as findings_bubbled>=2."
        )
    return artifact_id


def _free_id(connection: Connection, target: Target) -> str:
    nth = 1
    while formations.taken(connection, [formation.squad_id(target, nth)]):
        nth += 1
    return formation.squad_id(target, nth)


def _again(
    connection: Connection,
    agent: str,
    known: Founded,
    squad: str | None,
    charter: str,
    criteria: Criteria,
) -> Formed:
    """Answer a request for a target that has a squad: the agent's own, or another's."""
    if known.created_by != agent or squad not in (None, known.squad_id):
        raise AlreadyExistsError(
            f"Squad {known.squad_id} lives around this target",
            f"Join it with `squads join {known.squad_id}`.",
        )
    if charter == known.charter and [dict(one) for one in criteria] == known.success_criteria:
        return Formed(known.squad_id, known.status, repeated=True)
    if known.status != "forming":
        raise RefusedError(
            f"The charter and the criteria of {known.squad_id} are locked, as it is {known.status}",
            "Send the same ones to repeat the request, or form a squad around another target.",
        )
    rosters.complete(connection, known.squad_id, charter, criteria)
    return _open(connection, replace(known, charter=charter), criteria, _stamp(connection, known.squad_id))


def _open(connection: Connection, squad: Founded, criteria: Criteria, stamp: Stamp) -> Formed:
    """Let a squad recruit if it may; nobody seeds what agents form."""
    against = lifecycle.why_not_opened(
        status=squad.status, charter=squad.charter, success_criteria=criteria, seed_micro=0, posted_micro=0
    )
    if against is not None:
        return Formed(squad.squad_id, squad.status)
    window = policies.current(connection).recruit_window_seconds
    rosters.recruit(connection, [squad.squad_id], window)
    actor = squad.created_by or stamp.driver
    squad_events.record(
        connection, [squad.squad_id], [lifecycle.OPENED], reason=CHARTERED, actor=actor, stamp=stamp
    )
    return Formed(squad.squad_id, "recruiting")


def _stamp(connection: Connection, squad: str) -> Stamp:
    return Stamp("form", f"call:{squad}", policy_id(policies.current(connection)), RULE_VERSION)
