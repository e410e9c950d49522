"""Ends that people ask for, forks and mergers: all that stands against one, a sentence each. No SQL, no clock.

What a squad does by itself, and the edges that there are, is in `lifecycle`.
"""

from squads_pipeline.rules.lifecycle import ABANDONED, CLOSED, MERGED


def against_closing(*, status: str, pending: int, reviewed: int, unclaimed: int) -> tuple[str, ...]:
    """What stands against disbanding a squad that harvests, one sentence each; nothing if it may be.

    Args:
        status: where the squad stands.
        pending: findings that nobody has decided, in the squad and those merged into it.
        reviewed: findings accepted and not yet merged, likewise.
        unclaimed: contributions that no round has claimed.
    """
    if status != CLOSED.from_status:
        return (f"the squad is {status}",)
    counted = (
        (pending, "{} pending: to be reviewed, or rejected when the review window is over"),
        (reviewed, "{} accepted: to be merged into the knowledge graph"),
    )
    findings = [said.format(_counted(number, "finding")) for number, said in counted if number]
    return (*findings, *_unclaimed(unclaimed))


def against_abandoning(
    *, status: str, others: int, unclaimed: int, window_over: bool | None, extensions_left: int
) -> tuple[str, ...]:
    """What stands against giving up a squad that nobody works in, one sentence each; nothing if it may be.

    Args:
        status: where the squad stands.
        others: members who are present and no observers.
        unclaimed: contributions that no round has claimed.
        window_over: whether the recruiting window is over; None if the squad has none, which never ends.
        extensions_left: how often it may still be extended.
    """
    if status != ABANDONED.from_status:
        return (f"the squad is {status}",)
    reasons = []
    if others:
        reasons.append(f"{_counted(others, 'member')} would work in it")
    if not window_over:
        reasons.append("its recruiting window is not over")
    elif extensions_left > 0:
        reasons.append(f"it may still be extended {_counted(extensions_left, 'time')}")
    return (*reasons, *_unclaimed(unclaimed))


def against_forking(*, status: str, depth: int, max_depth: int) -> tuple[str, ...]:
    """What stands against forking a squad, one sentence each.

    Args:
        status: where the squad stands.
        depth: forks between the first squad and the new one, the new one included.
        max_depth: the most that the policy allows.
    """
    reasons = [] if status == "active" else [f"the squad is {status}, and active squads alone can be forked"]
    if depth > max_depth:
        reasons.append(f"it would be fork {depth} upon each other, and the policy allows {max_depth}")
    return tuple(reasons)


def against_merging(
    *, statuses: tuple[str, str], target_types: tuple[str, str], same: bool
) -> tuple[str, ...]:
    """What stands against merging a squad into another, whatever their leads say; one sentence each.

    Args:
        statuses: where the squad stands that is absorbed, and the one that goes on.
        target_types: the types of their targets, likewise.
        same: whether both are one.
    """
    if same:
        return ("a squad cannot be merged into itself",)
    names = ("the squad to absorb", "the squad that is to go on")
    reasons = [
        f"{name} is {status}"
        for name, status in zip(names, statuses, strict=True)
        if status != MERGED.from_status
    ]
    if target_types[0] != target_types[1]:
        reasons.append(f"their targets differ in type: {target_types[0]} and {target_types[1]}")
    return tuple(reasons)


def _unclaimed(contributions: int) -> tuple[str, ...]:
    if not contributions:
        return ()
    return (f"{_counted(contributions, 'contribution')} unmatched: the next round claims them",)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
