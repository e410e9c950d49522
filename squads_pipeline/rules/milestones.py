"""Milestones: whether a single success criterion of a squad is met, so that it may be rewarded. No SQL.

A criterion is ``{"measure": "findings_bubbled", "at_least": 1}``; what has another form, nobody here can judge.
"""

from collections.abc import Mapping, Sequence


def named(criterion: object) -> str | None:
    """What a criterion measures; None if it does not say."""
    measure = criterion.get("measure") if isinstance(criterion, Mapping) else None
    return measure if isinstance(measure, str) else None


def why_not_met(criteria: Sequence[object], measure: str, measured: Mapping[str, int]) -> str | None:
    """Why the criteria of a measure are not met; None if each of them is.

    Args:
        criteria: a squad's, of any form.
        measure: names those to look at.
        measured: measure → its value now.
    """
    asked = [one for one in criteria if isinstance(one, Mapping) and named(one) == measure]
    if not asked:
        return "there is none of this measure"
    for one in asked:
        least, value = one.get("at_least"), measured.get(measure)
        if value is None or type(least) is not int:
            return "it cannot be measured"
        if value < least:
            return f"{value} of {least}"
    return None
