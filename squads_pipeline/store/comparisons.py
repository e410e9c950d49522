"""Reading what mechanisms are compared on: rounds' standings and totals as they were. It weighs nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import pandas as pd
from sqlalchemy import BigInteger, Column, Connection, Integer, Numeric, Text

from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import policies, rounds, rounds_as_of
from squads_pipeline.store.marts import frame
from squads_pipeline.store.rounds import Round

_STANDING_COLUMNS = (
    Column("squad_id", Text),
    Column("contributors", Integer),
    Column("root_sum", Numeric(60, 0)),
    Column("contributed_micro", BigInteger),
    Column("matched_micro", BigInteger),
    Column("paid_micro", BigInteger),
)
_TOTAL_COLUMNS = (
    Column("squad_id", Text),
    Column("agent_id", Text),
    Column("total_micro", BigInteger),
)


@dataclass(frozen=True, slots=True)
class Inputs:
    """A round, its policy, and the standings of all squads that it could have matched.

    Attributes:
        round: the round.
        policy: the policy that was in force.
        standings: ``squad_id, contributors, root_sum, contributed_micro, matched_micro, paid_micro``;
            ``paid_micro`` is null for a squad that the round did not weigh.
    """

    round: Round
    policy: Policy
    standings: pd.DataFrame


def inputs(connection: Connection, first: date, last: date) -> Iterator[Inputs]:
    """The rounds of some days, one after the other. Call it in a snapshot."""
    found = rounds.between(connection, first, last)
    adopted = policies.by_ids(connection, (one.policy_id for one in found))
    dust_of = {identity: policy.dust_micro for identity, policy in adopted.items()}
    for as_of in rounds_as_of.as_of(connection, found, dust_of):
        paid = {squad: one.match_micro for squad, one in rounds.decided(connection, as_of.round.id).items()}
        rows = [
            (
                one.squad_id,
                one.contributors,
                one.root_sum,
                one.contributed_micro,
                one.matched_micro,
                paid.get(one.squad_id),
            )
            for one in as_of.standings
        ]
        yield Inputs(as_of.round, adopted[as_of.round.policy_id], frame(_STANDING_COLUMNS, rows))


def totals(connection: Connection, given: Inputs, squads: Iterable[str]) -> pd.DataFrame:
    """Contributors' totals of some squads as of a round, less dust: ``squad_id, agent_id, total_micro``."""
    found = rounds_as_of.totals(connection, given.round.id, squads, given.policy.dust_micro)
    rows = [(squad, agent, total) for squad, kept in found.items() for agent, total in kept.items()]
    return frame(_TOTAL_COLUMNS, rows)
