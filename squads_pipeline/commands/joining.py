"""Joining squads and leaving them: bids, decisions about them, membership. What lapses by itself: a driver."""

from dataclasses import dataclass

from sqlalchemy import Connection

from squads_pipeline.commands.forms import require_choice
from squads_pipeline.commands.leading import begin_harvest, fill_leads
from squads_pipeline.rules.bids import OBSERVER, why_not_decided_by, why_not_joined
from squads_pipeline.rules.millionths import WHOLE_PPM
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.rules.rosters import NOBODY_LEFT, RULE_VERSION
from squads_pipeline.store import agents, members, policies, rosters
from squads_pipeline.store.errors import AlreadyExistsError, RefusedError
from squads_pipeline.store.members import Decision, StoredBid
from squads_pipeline.store.rosters import Held
from squads_pipeline.store.stamp import Stamp

BID_ROLES = ("researcher", "reviewer", "observer")
_SEE_BIDS = "See those that wait with `squads bids list`."


@dataclass(frozen=True, slots=True)
class Bid:
    """A bid as it stands after the request.

    Attributes:
        bid_id: its number.
        squad_id: the squad's id, also when it was addressed by name.
        status: pending, accepted, declined, withdrawn or lapsed.
        repeated: True when the request had been made before, and nothing was written.
    """

    bid_id: int
    squad_id: str
    status: str
    repeated: bool


@dataclass(frozen=True, slots=True)
class Left:
    """What became of a squad that an agent has left.

    Attributes:
        squad_id: the squad's id.
        new_lead: who leads now, if the agent led and somebody follows.
        harvests: True when nobody was there to lead, so that the harvest begins.
        repeated: True when the agent had left before, and nothing was written.
    """

    squad_id: str
    new_lead: str | None = None
    harvests: bool = False
    repeated: bool = False


def join(connection: Connection, agent: str, squad: str, *, pitch: str, role: str = "researcher") -> Bid:
    """Bid to join a squad; its members decide.

    Args:
        connection: the caller commits it.
        agent: who bids.
        squad: id, or name if no other squad has it.
        pitch: why the agent fits, in its own words.
        role: researcher, reviewer or observer.

    Raises:
        NotFoundError: no such agent or squad.
        AlreadyExistsError: the agent has another bid that waits.
        RefusedError: the squad takes no members, is full, or has the agent; or the pitch or role is not allowed.
    """
    require_choice(role, BID_ROLES, "role to bid for")
    agents.require(connection, agent)
    held = rosters.hold(connection, squad)
    inside = members.roles(connection, held.squad_id)
    before = members.last_bid(connection, held.squad_id, agent)
    if before is not None and _is_same(before, pitch, role, is_member=agent in inside):
        return _answer(before, repeated=True)
    if before is not None and before.status == "pending":
        raise AlreadyExistsError(
            f"{agent} has a bid for {held.squad_id} that waits: number {before.bid_id}",
            f"Wait for its decision, or withdraw it with `squads bids withdraw {before.bid_id}`.",
        )
    _require_joinable(connection, held, agent, role, inside)
    bid_id = members.add_bid(connection, held.squad_id, agent, role, pitch)
    return Bid(bid_id, held.squad_id, "pending", repeated=False)


def decide(
    connection: Connection,
    decider: str,
    bid_id: int,
    *,
    accept: bool,
    rationale: str,
    fit_ppm: int | None = None,
) -> Bid:
    """Accept or decline a bid; who is accepted is a member at once.

    Args:
        connection: the caller commits it.
        decider: a member of the squad or who formed it; any agent where nobody of the squad can decide.
        bid_id: number of the bid.
        accept: the decision.
        rationale: why.
        fit_ppm: how well the pitch fits the charter, in millionths; the best of the accepted leads.

    Raises:
        NotFoundError: no such agent or bid.
        RefusedError: the bid is decided, the agent may not decide it, or the squad takes no more members.
    """
    if not rationale.strip():
        raise RefusedError("A decision needs its reason", "Say why with --rationale.")
    if fit_ppm is not None and not 0 <= fit_ppm <= WHOLE_PPM:
        raise RefusedError("The fit is not from 0 to 1", "Give 0 for none and 1 for the best.")
    agents.require(connection, decider)
    held = rosters.hold(connection, members.bid(connection, bid_id).squad_id)
    bid = members.bid(connection, bid_id)
    status = "accepted" if accept else "declined"
    if bid.status != "pending":
        return _decided_before(bid, decider, status)
    inside = members.roles(connection, held.squad_id)
    against = why_not_decided_by(decider=decider, bidder=bid.agent_id, members=inside, creator=held.formed_by)
    if against is not None:
        raise RefusedError(f"{decider} cannot decide bid {bid_id}: {against}", "Ask one of those who may.")
    if accept:
        _require_joinable(connection, held, bid.agent_id, bid.role, inside)
    members.decide(connection, [Decision(bid_id, status, decider, rationale, fit_ppm)])
    if accept and held.status == "active":
        fill_leads(connection, [held.squad_id])
    return Bid(bid_id, held.squad_id, status, repeated=False)


def withdraw(connection: Connection, agent: str, bid_id: int) -> Bid:
    """Take one's own bid back.

    Raises:
        NotFoundError: no such bid.
        RefusedError: it is another's, or decided.
    """
    held = rosters.hold(connection, members.bid(connection, bid_id).squad_id)
    bid = members.bid(connection, bid_id)
    if bid.agent_id != agent:
        raise RefusedError(f"Bid {bid_id} is not {agent}'s", _SEE_BIDS)
    if bid.status == "withdrawn":
        return _answer(bid, repeated=True)
    if bid.status != "pending":
        raise RefusedError(f"Bid {bid_id} is {bid.status} already", "A member leaves with `squads leave`.")
    members.decide(connection, [Decision(bid_id, "withdrawn", agent, "taken back")])
    return Bid(bid_id, held.squad_id, "withdrawn", repeated=False)


def leave(connection: Connection, agent: str, squad: str) -> Left:
    """Leave a squad; what the agent did there keeps its score.

    When the lead leaves, the next best bid leads; when nobody is left to, the harvest begins.

    Raises:
        NotFoundError: no such squad.
        RefusedError: the agent was never a member, or the squad is disbanded.
    """
    held = rosters.hold(connection, squad)
    role = members.roles(connection, held.squad_id).get(agent)
    if role is None:
        if _was_member(connection, held, agent):
            return Left(held.squad_id, repeated=True)
        raise RefusedError(
            f"{agent} is no member of {held.squad_id}", "See members with `squads table squad_members`."
        )
    if held.status == "disbanded":
        raise RefusedError(f"Squad {held.squad_id} is disbanded", "There is nothing to leave.")
    members.leave(connection, held.squad_id, agent)
    if role != "lead" or held.status not in ("active", "harvesting"):
        return Left(held.squad_id)
    new_lead = fill_leads(connection, [held.squad_id]).get(held.squad_id)
    if new_lead is not None or held.status != "active":
        return Left(held.squad_id, new_lead)
    stamp = Stamp("leave", f"call:{held.squad_id}", policy_id(policies.current(connection)), RULE_VERSION)
    begin_harvest(connection, held.squad_id, NOBODY_LEFT, actor=agent, stamp=stamp)
    return Left(held.squad_id, harvests=True)


def _is_same(before: StoredBid, pitch: str, role: str, *, is_member: bool) -> bool:
    """Whether a request to join is the last one again, rather than a new one after the agent has left."""
    same = (before.pitch, before.role) == (pitch, role)
    return same and (before.status in ("pending", "declined") or (before.status == "accepted" and is_member))


def _answer(bid: StoredBid, *, repeated: bool) -> Bid:
    return Bid(bid.bid_id, bid.squad_id, bid.status, repeated)


def _decided_before(bid: StoredBid, decider: str, status: str) -> Bid:
    if (bid.decided_by, bid.status) == (decider, status):
        return _answer(bid, repeated=True)
    raise RefusedError(f"Bid {bid.bid_id} is {bid.status} already, by {bid.decided_by}", _SEE_BIDS)


def _was_member(connection: Connection, held: Held, agent: str) -> bool:
    bid = members.last_bid(connection, held.squad_id, agent)
    return bid is not None and bid.status == "accepted"


def _require_joinable(
    connection: Connection, held: Held, agent: str, role: str, inside: dict[str, str]
) -> None:
    against = why_not_joined(
        status=held.status,
        role=role,
        working_members=sum(one != OBSERVER for one in inside.values()),
        max_members=policies.current(connection).max_members,
        is_member=agent in inside,
    )
    if against is not None:
        raise RefusedError(
            f"{agent} cannot join {held.squad_id}: {against}",
            "Find another squad with `squads table research_squads`, or form one with `squads form`.",
        )
