"""Who may log, find and review, in which squads: guards that answer with the reason against it. No SQL, no clock."""

from typing import Final

OBSERVERS_ENTRY: Final = "note"
"""The only type of journal entry that an observer may write."""

_REVIEWABLE: Final = ("active", "harvesting")


def why_not_logged(*, status: str, role: str | None, entry_type: str) -> str | None:
    """Why an agent may not write a journal entry; None if it may.

    Args:
        status: of the squad.
        role: the agent's, as a present member; None for anybody else.
        entry_type: what it wants to write.
    """
    reason = _not_at_work(status, role)
    if reason is None and role == "observer" and entry_type != OBSERVERS_ENTRY:
        return f"an observer writes nothing but entries of type {OBSERVERS_ENTRY}"
    return reason


def why_not_found(*, status: str, role: str | None) -> str | None:
    """Why an agent may not record a finding; None if it may. Arguments as for `why_not_logged`."""
    reason = _not_at_work(status, role)
    return "an observer authors no findings" if reason is None and role == "observer" else reason


def why_not_reviewed(*, squad_status: str, finding_status: str, author: str, reviewer: str) -> str | None:
    """Why an agent may not review a finding; None if it may. Membership is not asked for.

    Args:
        squad_status: of the squad that answers for the finding.
        finding_status: how far the finding is: pending, reviewed, merged or rejected.
        author: of the finding.
        reviewer: who wants to review it.
    """
    if reviewer == author:
        return "nobody reviews their own finding"
    if finding_status != "pending":
        return f"it is {finding_status} already"
    if squad_status not in _REVIEWABLE:
        return f"its squad is {squad_status}"
    return None


def _not_at_work(status: str, role: str | None) -> str | None:
    if status != "active":
        return f"the squad is {status}"
    return "the agent is no present member" if role is None else None
