"""Rosters: who may bid, who decides, who leads, and what becomes of squads and bids by themselves. No SQL, no clock.

Every guard answers with the reason against it, or None. Whether a pitch fits a charter is judgement, not a rule.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from squads_pipeline.rules import lifecycle
from squads_pipeline.rules.criteria import criteria_met
from squads_pipeline.rules.judgement import Verdict
from squads_pipeline.rules.lifecycle import ACTIVATED, EXTENDED, HARVESTED, OPENED, Edge
from squads_pipeline.rules.policy import Policy

RULE_VERSION: Final = "rosters-1"
"""Changes whenever the same facts may give another edge or fate."""

TAKES_MEMBERS: Final = ("recruiting", "active")
OBSERVER: Final = "observer"
UNKNOWN_FIT_PPM: Final = 500_000
"""Fit of an accepted bid that nobody gave a number."""

CHARTERED: Final = "chartered, its success criteria locked, its seed posted"
JOINED: Final = "recruitment closed and somebody has joined"
EMPTY: Final = "recruitment closed and nobody has joined; it recruits once more"
TIME_OVER: Final = "its time to work is over"
NO_END: Final = "it has no end of its work"
CRITERIA_MET: Final = "all its success criteria are met"
LEAD_ASKS: Final = "its lead asked for the harvest"
NOBODY_LEFT: Final = "its lead left and nobody is there to follow"


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides about a squad's next edge; None for what is not known.

    Attributes:
        seed_micro: what its seed amounts to, µT; 0 if it has none.
        posted_micro: what was paid of it, µT.
        window_over: whether recruitment has closed.
        time_over: whether its time to work is over.
        working_members: members now, observers not counted.
        extensions: how often recruitment was extended.
        measured: measure → value now, for the success criteria.
    """

    squad_id: str
    status: str
    charter: str
    success_criteria: object
    seed_micro: int
    posted_micro: int
    window_over: bool | None
    time_over: bool | None
    working_members: int | None
    extensions: int | None
    measured: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Step:
    """An edge that a squad takes, and why."""

    edge: Edge
    reason: str


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


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member who may lead: the fit of its bid in millionths, None if nobody gave a number."""

    agent_id: str
    role: str
    fit_ppm: int | None


def next_step(standing: Standing, policy: Policy) -> Step | None:
    """The edge that a squad takes by itself now; None if it stays as it is."""
    blocked: Iterable[tuple[Edge, str, str | None]] = (
        (OPENED, CHARTERED, _why_not_opened(standing)),
        (ACTIVATED, JOINED, _why_not_activated(standing)),
        (EXTENDED, EMPTY, _why_not_extended(standing, policy)),
        (HARVESTED, _end(standing), _why_not_harvested(standing)),
    )
    return next((Step(edge, reason) for edge, reason, against in blocked if against is None), None)


def _why_not_opened(standing: Standing) -> str | None:
    criteria = standing.success_criteria
    return lifecycle.why_not_opened(
        status=standing.status,
        charter=standing.charter,
        success_criteria=criteria if isinstance(criteria, list | tuple) else (),
        seed_micro=standing.seed_micro,
        posted_micro=standing.posted_micro,
    )


def _why_not_activated(standing: Standing) -> str | None:
    return lifecycle.why_not_activated(
        status=standing.status,
        window_over=standing.window_over,
        working_members=standing.working_members,
    )


def _why_not_extended(standing: Standing, policy: Policy) -> str | None:
    return lifecycle.why_not_extended(
        status=standing.status,
        window_over=standing.window_over,
        working_members=standing.working_members,
        extensions=standing.extensions,
        most_extensions=policy.recruit_extensions,
    )


def _why_not_harvested(standing: Standing) -> str | None:
    return lifecycle.why_not_harvested(
        status=standing.status,
        time_over=standing.time_over,
        criteria_met=criteria_met(standing.success_criteria, standing.measured),
    )


def _end(standing: Standing) -> str:
    if standing.time_over is None:
        return NO_END
    return TIME_OVER if standing.time_over else CRITERIA_MET


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


def leader(candidates: Sequence[Candidate]) -> str | None:
    """Who leads: the best bid of those who may, ties by the lower agent id; None if nobody may.

    One without a number counts as `UNKNOWN_FIT_PPM`; observers do not lead.
    """
    able = [one for one in candidates if one.role != OBSERVER]
    best = min(able, key=lambda one: (-_fit(one), one.agent_id), default=None)
    return None if best is None else best.agent_id


def _fit(candidate: Candidate) -> int:
    return UNKNOWN_FIT_PPM if candidate.fit_ppm is None else candidate.fit_ppm
