"""Tags by which runs are found and sensors know them: whose, for which days, under which policy. No queries."""

from collections.abc import Mapping
from datetime import date
from typing import Final

import dagster as dg

DRIVER: Final = "squads/driver"
GAP: Final = "squads/gap"
POLICY: Final = "squads/policy"
DAYS: Final = "squads/days"

_TO: Final = ".."


def days(first: date, last: date) -> str:
    """The days of a run as the value of its tag: one day, or the first and the last."""
    return first.isoformat() if first == last else f"{first}{_TO}{last}"


def is_past(tags: Mapping[str, str], today: date) -> bool:
    """Whether all days of a run are over: it audits, and neither does nor holds up today's work.

    A run without the tag may be today's.
    """
    last = tags.get(DAYS, "").rpartition(_TO)[2]
    return bool(last) and last < today.isoformat()


def of_run(driver: str, gap: str, policy_id: str, first: date, last: date) -> dict[str, str]:
    """All tags of a driven asset's run."""
    return {DRIVER: driver, GAP: gap, POLICY: policy_id, DAYS: days(first, last)}


def complete(context: dg.AssetExecutionContext, wanted: Mapping[str, str]) -> None:
    """Give a run the tags that it lacks, as one that a person started in the UI does.

    A run of several assets is nobody's in particular and gets only what is true of all of them.
    """
    alone = context.run.asset_selection is not None and len(context.run.asset_selection) == 1
    lacking = {
        name: value
        for name, value in wanted.items()
        if name not in context.run.tags and (alone or name in (POLICY, DAYS))
    }
    if lacking:
        context.instance.add_run_tags(context.run.run_id, lacking)
