"""The life of a squad: which edges there are, and why it may not take one by itself. No SQL, no clock.

The table holds all edges, so that nothing else can be recorded. What stands against ends that people ask for is in
`endings`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Edge:
    """A step in a squad's life: from a status, or None for the beginning, to another."""

    from_status: str | None
    to_status: str


FORMED: Final = Edge(None, "forming")
OPENED: Final = Edge("forming", "recruiting")
EXTENDED: Final = Edge("recruiting", "recruiting")
ACTIVATED: Final = Edge("recruiting", "active")
ABANDONED: Final = Edge("recruiting", "disbanded")
HARVESTED: Final = Edge("active", "harvesting")
MERGED: Final = Edge("active", "disbanded")
CLOSED: Final = Edge("harvesting", "disbanded")

EDGES: Final = (FORMED, OPENED, EXTENDED, ACTIVATED, ABANDONED, HARVESTED, MERGED, CLOSED)
"""Every edge that a squad may take."""

_OPENINGS: Final = (FORMED, OPENED, ACTIVATED)


def opening_edges(status: str) -> tuple[Edge, ...]:
    """The edges by which a new squad comes to a status.

    Raises:
        ValueError: no squad begins there.
    """
    for length, edge in enumerate(_OPENINGS, 1):
        if edge.to_status == status:
            return _OPENINGS[:length]
    raise ValueError(f"no squad begins as {status!r}")


def replay(edges: Sequence[Edge]) -> str | None:
    """The status after some edges in their order; None before the first.

    Raises:
        ValueError: an edge is not in `EDGES`, or does not begin where the one before it ended.
    """
    status: str | None = None
    for edge in edges:
        if edge not in EDGES or edge.from_status != status:
            raise ValueError(f"no edge leads from {status or 'nothing'} to {edge.to_status}")
        status = edge.to_status
    return status


def why_not_formed(
    *, target_status: str, importance_ppm: int | None, least_ppm: int, live_squad: str | None
) -> str | None:
    """Why a squad may not be formed around a target; None if it may.

    Args:
        target_status: ``open`` or ``closed``.
        importance_ppm: importance in millionths; None if unknown.
        least_ppm: the least importance that the policy asks for, in millionths.
        live_squad: id of the root squad that lives around the target, or None.
    """
    if target_status != "open":
        return f"the target is {target_status}"
    if importance_ppm is None:
        return "the target's importance is unknown"
    if importance_ppm < least_ppm:
        return f"importance {importance_ppm} is below {least_ppm} millionths"
    if live_squad is not None:
        return f"squad {live_squad} lives around the target"
    return None


def why_not_opened(
    *, status: str, charter: str, success_criteria: Sequence[object], seed_micro: int, posted_micro: int
) -> str | None:
    """Why a squad may not begin to recruit; None if it may.

    A seed counts as posted once its first payment is: what a short treasury still owes follows later, and
    must not keep the squad from recruiting meanwhile.

    Args:
        status: where the squad stands.
        charter: its goal.
        success_criteria: measurable criteria, locked from here on.
        seed_micro: what its seed amounts to, µT.
        posted_micro: what was paid of the seed, µT.
    """
    if status != OPENED.from_status:
        return f"the squad is {status}"
    if not charter.strip():
        return "the charter is empty"
    if not success_criteria:
        return "there are no success criteria"
    if seed_micro > 0 and posted_micro == 0:
        return "nothing of the seed is posted"
    return None


def _why_recruitment_goes_on(window_over: bool | None) -> str | None:
    if window_over is None:
        return "it is not known when recruitment closes"
    return None if window_over else "recruitment has not closed"


def why_not_activated(*, status: str, window_over: bool | None, working_members: int | None) -> str | None:
    """Why a squad may not begin its work; None if it may.

    Args:
        status: where the squad stands.
        window_over: whether its recruiting window has ended; None if it has no known end.
        working_members: members now, observers not counted; None if unknown.
    """
    if status != ACTIVATED.from_status:
        return f"the squad is {status}"
    against = _why_recruitment_goes_on(window_over)
    if against is not None or working_members is None:
        return against or "its members are not known"
    return None if working_members > 0 else "nobody has joined to work"


def why_not_extended(
    *,
    status: str,
    window_over: bool | None,
    working_members: int | None,
    extensions: int | None,
    most_extensions: int,
) -> str | None:
    """Why a squad may not recruit for another window; None if it may.

    Args:
        status: where the squad stands.
        window_over: whether its recruiting window has ended; None if it has no known end.
        working_members: members now, observers not counted; None if unknown.
        extensions: how often it was extended so far; None if unknown.
        most_extensions: how often the policy allows it.
    """
    if status != EXTENDED.from_status:
        return f"the squad is {status}"
    against = _why_recruitment_goes_on(window_over)
    if against is not None or working_members is None:
        return against or "its members are not known"
    if working_members > 0:
        return "somebody has joined to work"
    if extensions is None:
        return "it is not known how often it was extended"
    return (
        None if extensions < most_extensions else f"it was extended {extensions} of {most_extensions} times"
    )


def why_not_harvested(
    *, status: str, time_over: bool | None, criteria_met: bool | None, lead_asks: bool = False
) -> str | None:
    """Why a squad may not begin its harvest; None if it may.

    A squad without an end would otherwise work for ever, and its pool would be paid to nobody: no end counts as
    an end that has passed.

    Args:
        status: where the squad stands.
        time_over: whether its time to work is over; None if it has no end.
        criteria_met: whether all success criteria are met; None if unknown.
        lead_asks: whether its lead wants the harvest.
    """
    if status != HARVESTED.from_status:
        return f"the squad is {status}"
    if lead_asks or time_over is None or time_over or criteria_met:
        return None
    return "its time to work is not over and its success criteria are not met"
