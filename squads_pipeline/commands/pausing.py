"""Pausing gaps and resuming them. What is paused is left open by sensors and by `squads reconcile`."""

from collections.abc import Sequence

from sqlalchemy import Connection

from squads_pipeline.store import pauses
from squads_pipeline.store.errors import NotFoundError, RefusedError
from squads_pipeline.store.gaps import GAPS


def pause(connection: Connection, gaps: Sequence[str], *, paused_by: str, reason: str) -> list[str]:
    """Pause some gaps, or all when none is named; returns what is paused by this.

    Raises:
        NotFoundError: there is no such gap.
        RefusedError: no reason is given.
    """
    if not reason.strip():
        raise RefusedError("A pause without a reason", "Say why, for whoever finds it paused.")
    chosen = _known(gaps)
    pauses.pause(connection, chosen, paused_by=paused_by, reason=reason.strip())
    return chosen


def resume(connection: Connection, gaps: Sequence[str]) -> list[str]:
    """Resume some gaps, or all when none is named; returns those that were paused.

    Raises:
        NotFoundError: there is no such gap.
    """
    return pauses.resume(connection, _known(gaps))


def _known(gaps: Sequence[str]) -> list[str]:
    for gap in gaps:
        if gap not in GAPS:
            raise NotFoundError(f"There is no gap {gap}", f"Choose one of {', '.join(GAPS)}.")
    return list(dict.fromkeys(gaps)) or list(GAPS)
