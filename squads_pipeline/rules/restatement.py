"""What a restatement moves and what it can only report: nobody is taken below zero, nothing is lost. No SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from squads_pipeline.rules.apportion import apportion


@dataclass(frozen=True, slots=True)
class Holder:
    """An account that gains or loses: what it has, µT, and whether it can still receive."""

    balance_micro: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Correction:
    """What becomes of a difference: difference = moved - unrecovered + undeliverable, in µT.

    Attributes:
        moved_micro: what the holder gets; negative for what is taken from it.
        unrecovered_micro: what should be taken and is not there any more.
        undeliverable_micro: what should be given and cannot.
    """

    moved_micro: int
    unrecovered_micro: int
    undeliverable_micro: int


def correct(
    differences: Sequence[tuple[int, int]], holders: Mapping[int, Holder], *, from_recovered: bool = False
) -> list[Correction]:
    """Decide what to move for each difference, in their order.

    Gains count before losses of the same holder, so that what it is owed pays for what it owes.

    Args:
        differences: (holder, µT): positive for what it should have got, negative for what it got too much.
        holders: what each has.
        from_recovered: whether gains are paid from what is recovered alone, as where the payer is a pool that was
            shared out and closed; then a shortage is apportioned by largest remainder, no gain comes first, and nothing
            is taken that is not given.

    Raises:
        ValueError: a holder is unknown or has less than nothing.
    """
    for holder, _ in differences:
        if holder not in holders or holders[holder].balance_micro < 0:
            raise ValueError(f"nothing is known of what {holder} holds")
    balances = {holder: one.balance_micro for holder, one in holders.items()}
    given = [max(amount, 0) if holders[holder].is_open else 0 for holder, amount in differences]
    if from_recovered:
        taken = _taken(differences, balances)
        given = _within(given, sum(taken))
        taken = _within(taken, sum(given))
    else:
        for (holder, _), amount in zip(differences, given, strict=True):
            balances[holder] += amount
        taken = _taken(differences, balances)
    return [
        Correction(gain - loss, max(-amount, 0) - loss, max(amount, 0) - gain)
        for (_, amount), gain, loss in zip(differences, given, taken, strict=True)
    ]


def _taken(differences: Sequence[tuple[int, int]], balances: Mapping[int, int]) -> list[int]:
    """What of each loss is there to be taken, in order."""
    left = dict(balances)
    taken = []
    for holder, amount in differences:
        part = min(max(-amount, 0), left[holder])
        left[holder] -= part
        taken.append(part)
    return taken


def _within(wanted: Sequence[int], funds_micro: int) -> list[int]:
    """The amounts, or in a shortage their parts of what there is."""
    if sum(wanted) <= funds_micro:
        return list(wanted)
    return list(apportion(funds_micro, wanted))
