"""What each registered mechanism would have paid in a round, from the round's frozen inputs. It pays nobody.

Only the mechanism differs: budget, earlier matches, caps and all other parameters are the round's own.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

import pandas as pd
import pyarrow as pa

from squads_pipeline.marts.frames import frame
from squads_pipeline.rules.mechanisms import MECHANISMS
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.rounds import (
    Match,
    Standing,
    decide,
    mechanism_parameters,
    weigh_standings,
    weight_from_sums,
)

PAIRS_BOUND: Final = 20_000_000
"""The most pairs of contributors that a round is weighed pairwise for.

That takes about 15 s where agents give round amounts, and up to 40 s where all amounts differ. Pairs grow with the
square of a squad's contributors: 6,300 in one squad reach the bound."""

PAIRED: Final = "pairwise"

COLUMN_TYPES: Final = {
    "effective_on": pa.date32(),
    "round_id": pa.int64(),
    "squad_id": pa.string(),
    "mechanism": pa.string(),
    "contributors": pa.int32(),
    "weight_micro": pa.decimal256(50, 0),
    "match_micro": pa.int64(),
    "paid_micro": pa.int64(),
}
"""The columns of ``marts.mechanism_comparison``."""

Row = tuple[date, int, str, str, int, int, int, int]
"""A row in the order of `COLUMN_TYPES`."""


def pairs(standings: pd.DataFrame) -> int:
    """How many pairs of contributors a round has, summed over its squads."""
    return sum(count * (count - 1) // 2 for count in map(int, standings["contributors"]))


def compared(standings: pd.DataFrame) -> list[str]:
    """The mechanisms that a round is compared under: all, or all but `PAIRED` beyond `PAIRS_BOUND`."""
    few = pairs(standings) <= PAIRS_BOUND
    return [name for name in MECHANISMS if few or name != PAIRED]


def undecided(standings: pd.DataFrame) -> list[str]:
    """The squads whose contributors' totals `compare` needs, because sums do not decide some weight."""
    names = compared(standings)
    return [
        one.squad_id
        for one in _standings(standings)
        if any(weight_from_sums(one, name) is None for name in names)
    ]


def compare(
    standings: pd.DataFrame,
    totals: pd.DataFrame,
    *,
    effective_on: date,
    round_id: int,
    budget_micro: int,
    policy: Policy,
) -> pd.DataFrame:
    """Compare the mechanisms on one round.

    Args:
        standings: ``squad_id, contributors, root_sum, contributed_micro, matched_micro, paid_micro`` of every
            squad that could be matched; ``paid_micro`` is null where the round did not weigh it.
        totals: ``squad_id, agent_id, total_micro`` of the squads that `undecided` names.
        effective_on: the round's day.
        round_id: the round.
        budget_micro: the most that the round could pay, µT.
        policy: the round's policy.

    Returns:
        A row for each mechanism and squad that was weighed, or that the mechanism would have paid.
    """
    kept = _standings(standings)
    amounts = _totals(totals)
    weighed = standings.dropna(subset=["paid_micro"])
    paid = {str(one.squad_id): int(str(one.paid_micro)) for one in weighed.itertuples()}
    rows: list[Row] = []
    for name in compared(standings):
        weights = weigh_standings(
            kept,
            name,
            mechanism_parameters(policy),
            lambda squads: {one: amounts.get(one, {}) for one in squads},
        )
        rows += [
            _row(effective_on, round_id, name, match, paid.get(match.standing.squad_id, 0))
            for match in decide(kept, weights, budget_micro, policy)
            if match.match_micro > 0 or match.standing.squad_id in paid
        ]
    return frame(COLUMN_TYPES, rows)


def together(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """One frame of several rounds' comparisons, with all columns when there is no round."""
    return pd.concat([frame(COLUMN_TYPES, []), *frames], ignore_index=True)


def unpaired(compared: pd.DataFrame) -> list[int]:
    """The rounds that have rows, but none under `PAIRED`: they had more pairs than `PAIRS_BOUND`."""
    paired = compared.loc[compared["mechanism"] == PAIRED, "round_id"]
    return sorted({int(one) for one in compared["round_id"]} - {int(one) for one in paired})


def _standings(standings: pd.DataFrame) -> list[Standing]:
    names = ["contributors", "root_sum", "contributed_micro", "matched_micro"]
    return [
        Standing(str(squad), *map(int, numbers))
        for squad, *numbers in standings[["squad_id", *names]].itertuples(index=False, name=None)
    ]


def _totals(totals: pd.DataFrame) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for squad, agent, total in totals.itertuples(index=False, name=None):
        found.setdefault(str(squad), {})[str(agent)] = int(total)
    return found


def _row(effective_on: date, round_id: int, mechanism: str, match: Match, paid_micro: int) -> Row:
    squad, contributors = match.standing.squad_id, match.standing.contributors
    amounts = (match.weight_micro, match.match_micro, paid_micro)
    return (effective_on, round_id, squad, mechanism, contributors, *amounts)
