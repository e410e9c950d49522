"""Success criteria: what a squad sets out to reach, in numbers that can be read. No SQL, no judgement.

A criterion is ``{"measure": "findings_bubbled", "at_least": 1}``. What nobody can measure must not end a squad's work,
so a squad with a criterion of a form that is not known here has never met all; a single measure may be rewarded.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

MEASURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "findings_bubbled": "findings merged into the knowledge graph",
        "findings_authored": "findings that members authored",
        "journal_entries": "journal entries that members wrote",
        "members": "members now, observers not counted",
    }
)
"""What can be measured, with its meaning."""

MOST: Final = 999_999_999
"""The most that a criterion may ask for."""

MOST_CRITERIA: Final = 20

_TEXT: Final = re.compile(r"\s*([a-z_]+)\s*(?:>=|≥)\s*([0-9]{1,9})\s*")


def parse_criterion(text: str) -> dict[str, object]:
    """Read a criterion such as ``findings_bubbled>=2``.

    Raises:
        ValueError: it is not of this form, or names no measure.
    """
    found = _TEXT.fullmatch(text)
    criterion: dict[str, object] = (
        {"measure": found[1], "at_least": int(found[2])} if found else {"measure": text}
    )
    wrong = why_no_criterion(criterion) if found else "write a measure, >= and a number"
    if wrong is not None:
        raise ValueError(f"{text!r} is no criterion: {wrong}, such as findings_bubbled>=2")
    return criterion


def why_no_criteria(criteria: object) -> str | None:
    """What is wrong with a squad's criteria as they were given; None if nothing is."""
    if not isinstance(criteria, Sequence) or isinstance(criteria, str | bytes):
        return "the success criteria are no list"
    if len(criteria) > MOST_CRITERIA:
        return f"there are {len(criteria)} success criteria, more than {MOST_CRITERIA}"
    for number, criterion in enumerate(criteria, 1):
        wrong = why_no_criterion(criterion)
        if wrong is not None:
            return f"success criterion {number}: {wrong}"
    return None


def why_no_criterion(criterion: object) -> str | None:
    """What is wrong with one criterion; None if nothing is."""
    if not isinstance(criterion, Mapping) or set(criterion) != {"measure", "at_least"}:
        return "it must have the fields measure and at_least, and no others"
    measure, least = criterion["measure"], criterion["at_least"]
    if not isinstance(measure, str) or measure not in MEASURES:
        return f"{measure!r} is no measure; choose one of {', '.join(MEASURES)}"
    if not isinstance(least, int) or isinstance(least, bool) or not 1 <= least <= MOST:
        return f"at_least is {least!r}; give a whole number from 1 to {MOST:,}"
    return None


def criteria_met(criteria: object, facts: Mapping[str, int | None]) -> bool:
    """Whether a squad has reached all that it set out to reach; without criteria it never has.

    Args:
        criteria: as they are stored; of any form.
        facts: measure → its value now; None or left out if unknown.
    """
    if not isinstance(criteria, Sequence) or isinstance(criteria, str | bytes) or not criteria:
        return False
    return all(_met(criterion, facts) for criterion in criteria)


def _met(criterion: object, facts: Mapping[str, int | None]) -> bool:
    if why_no_criterion(criterion) is not None or not isinstance(criterion, Mapping):
        return False
    value = facts.get(criterion["measure"])
    return value is not None and bool(value >= criterion["at_least"])


def measure_of(criterion: object) -> str | None:
    """What a criterion measures; None if it does not say."""
    measure = criterion.get("measure") if isinstance(criterion, Mapping) else None
    return measure if isinstance(measure, str) else None


def why_not_met(criteria: Sequence[object], measure: str, measured: Mapping[str, int]) -> str | None:
    """Why the criteria of one measure are not met, so that it is not rewarded; None if each of them is.

    Args:
        criteria: a squad's, of any form.
        measure: names those to look at.
        measured: measure → its value now.
    """
    asked = [one for one in criteria if isinstance(one, Mapping) and measure_of(one) == measure]
    if not asked:
        return "there is none of this measure"
    for one in asked:
        least, value = one.get("at_least"), measured.get(measure)
        if value is None or type(least) is not int:
            return "it cannot be measured"
        if value < least:
            return f"{value} of {least}"
    return None
