"""Rosters: the edge that a squad takes by itself, and who leads it. No SQL, no clock. Who may join it is in `bids`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from squads_pipeline.rules import lifecycle
from squads_pipeline.rules.bids import OBSERVER
from squads_pipeline.rules.criteria import criteria_met
from squads_pipeline.rules.lifecycle import ACTIVATED, EXTENDED, HARVESTED, OPENED, Edge
from squads_pipeline.rules.policy import Policy

RULE_VERSION: Final = "rosters-1"
"""Changes whenever the same facts may give another edge, or a bid another fate."""

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


def leader(candidates: Sequence[Candidate]) -> str | None:
    """Who leads: the best bid of those who may, ties by the lower agent id; None if nobody may.

    One without a number counts as `UNKNOWN_FIT_PPM`; observers do not lead.
    """
    able = [one for one in candidates if one.role != OBSERVER]
    best = min(able, key=lambda one: (-_fit(one), one.agent_id), default=None)
    return None if best is None else best.agent_id


def _fit(candidate: Candidate) -> int:
    return UNKNOWN_FIT_PPM if candidate.fit_ppm is None else candidate.fit_ppm
