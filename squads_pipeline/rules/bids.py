"""Bids to join squads: who may bid, who decides, what becomes of a bid by itself. No SQL, no clock.

Every guard answers with the reason against it, or None. Whether a pitch fits a charter is judgement, not a rule.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from squads_pipeline.rules.judgement import Verdict

TAKES_MEMBERS: Final = ("recruiting", "active")
OBSERVER: Final = "observer"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A pending bid and what decides about it.

    Attributes:
        status: of the squad.
        working_members: of the squad now, observers not counted.
        is_member: whether the bidder is a member now.
        time_over: whether the moment has passed until which the bid may be decided.
    """

    bid_id: int
    squad_id: str
    role: str
    status: str
    working_members: int
    is_member: bool
    time_over: bool


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a bid, and why."""

    status: str
    reason: str


def why_not_joined(
    *, status: str, role: str, working_members: int | None, max_members: int, is_member: bool | None
) -> str | None:
    """Why an agent may not bid for a squad, or its bid not be accepted; None if it may.

    Args:
        status: of the squad.
        role: that the agent bids for; an observer needs no place.
        working_members: of the squad now, observers not counted; None if unknown.
        max_members: as many as the policy allows.
        is_member: whether the agent is a member now; None if unknown.
    """
    if status not in TAKES_MEMBERS:
        return f"the squad is {status} and takes no members"
    if is_member is None or working_members is None:
        return "the squad's members are not known"
    if is_member:
        return "the agent is a member already"
    if role != OBSERVER and working_members >= max_members:
        return f"the squad has its {max_members} members"
    return None


def why_not_decided_by(
    *,
    decider: str,
    bidder: str,
    members: Collection[str] | None,
    creator: str | None,
) -> str | None:
    """Why an agent may not decide a bid; None if it may.

    Where nobody of the squad can decide, any agent may: else a squad that a driver formed would never begin.

    Args:
        decider: who wants to decide.
        bidder: whose bid it is.
        members: of the squad now; None if unknown.
        creator: the agent who formed the squad; None if a driver or an operator did.
    """
    if decider == bidder:
        return "nobody decides their own bid"
    if members is None:
        return "the squad's members are not known"
    entitled = {*members, *([creator] if creator is not None else [])} - {bidder}
    if not entitled or decider in entitled:
        return None
    return f"only its members and who formed it decide: {', '.join(sorted(entitled))}"


def fate_of_bid(bid: Waiting, max_members: int) -> Fate | None:
    """What becomes of a pending bid without anybody's judgement; None if it waits for that."""
    if bid.status in ("harvesting", "disbanded"):
        return Fate("lapsed", f"the squad is {bid.status} and takes no members")
    if bid.is_member:
        return Fate("lapsed", "the agent is a member already")
    if bid.role != OBSERVER and bid.working_members >= max_members:
        return Fate("declined", f"the squad has its {max_members} members")
    if bid.time_over:
        return Fate("lapsed", "nobody decided it in time")
    return None


def carried_out(
    bids: Sequence[Waiting], verdicts: Mapping[int, Verdict], max_members: int
) -> dict[int, Verdict]:
    """The verdicts that can be carried out: an acceptance needs a place, and takes it; the oldest bids first.

    Args:
        bids: pending bids in their order.
        verdicts: bid → what a judge said of it.
        max_members: as many as the policy allows in a squad, observers not counted.
    """
    taken: Counter[str] = Counter()
    carried = {}
    for bid in bids:
        against = why_not_joined(
            status=bid.status,
            role=bid.role,
            working_members=bid.working_members + taken[bid.squad_id],
            max_members=max_members,
            is_member=bid.is_member,
        )
        verdict = verdicts[bid.bid_id]
        if verdict.accept and against is not None:
            continue
        carried[bid.bid_id] = verdict
        taken[bid.squad_id] += verdict.accept and bid.role != OBSERVER
    return carried
