"""A small world with known answers: two days, four agents, thirteen squads, two rounds, and the marts of both."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Final

import pandas as pd
from sqlalchemy import Connection, Engine, text

from squads_pipeline.commands import community, funding
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.run import DriverRun
from squads_pipeline.marts import agent_statements, fairness, mechanism_comparison, squad_pools, token_supply
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import comparisons, market, marts, policies, snapshots, statements
from squads_pipeline.store.schema.ledger import ACCOUNT_KINDS

TOKEN: Final = 1_000_000
DAYS: Final = (date(2026, 2, 3), date(2026, 2, 4))
AGENTS: Final = ("ada", "bo", "cy", "dee")
NOTES: Final = tuple(f"notes-{number:02}" for number in range(1, 11))
SQUADS: Final = ("heat-maps", "sleep", "proteins", *NOTES)

# Day by day: who gives how many tokens to which squad.
_GIFTS: Final = (
    (
        *((agent, "heat-maps", 10) for agent in AGENTS),
        ("ada", "sleep", 64),
        ("bo", "sleep", 16),
        ("cy", "proteins", 100),
        *((agent, notes, 1) for notes in NOTES for agent in ("bo", "cy")),
    ),
    (("dee", "proteins", 25),),
)
_POLICY: Final = Policy(
    settle_count=1,
    matching_pool_target_micro=1_000 * TOKEN,
    round_budget_fraction=Fraction(1, 2),
    max_match_fraction=Fraction(1),
)


def live(engine: Engine) -> None:
    """Make the world: on each day the gifts at nine, a round at noon."""
    with engine.begin() as connection:
        _set_clock(connection, DAYS[0], 8)
        policies.adopt(connection, _POLICY, adopted_by="test", reason="a budget of half the pool, no caps")
        for agent in AGENTS:
            community.add_agent(connection, agent, tokens_micro=1_000 * TOKEN)
        for squad in SQUADS:
            community.add_squad(connection, squad)
        funding.mint(
            connection, "matching_pool", 600 * TOKEN, key="grant:founders", reason="grant of the founders"
        )
    for day, gifts in zip(DAYS, _GIFTS, strict=True):
        with engine.begin() as connection:
            _set_clock(connection, day, 9)
            for agent, squad, tokens in gifts:
                key = f"{day}:{agent}:{squad}"
                funding.contribute(connection, agent, squad, tokens * TOKEN, key=key)
        with engine.begin() as connection:
            _set_clock(connection, day, 12)
            match_round(connection, DriverRun("noon"))
    make_marts(engine, DAYS)


def make_marts(engine: Engine, days: Sequence[date]) -> None:
    """Store the marts of payments for some consecutive days, as the assets do."""
    with snapshots.snapshot(engine) as connection:
        made = {
            "squad_pools": squad_pools.statements(*_book(connection, statements.SQUADS, days), days),
            "agent_statements": agent_statements.statements(
                *_book(connection, statements.AGENTS, days), days
            ),
            "token_supply": token_supply.supply(
                *_book(connection, statements.SUPPLY, days), days, ACCOUNT_KINDS
            ),
            "fairness": fairness.fairness(market.payments(connection, days[0], days[-1]), days),
            "mechanism_comparison": mechanism_comparison.together(
                mechanism_comparison.compare(
                    one.standings,
                    comparisons.totals(connection, one, mechanism_comparison.undecided(one.standings)),
                    effective_on=one.round.effective_on,
                    round_id=one.round.id,
                    budget_micro=one.round.budget_micro,
                    policy=one.policy,
                )
                for one in comparisons.inputs(connection, days[0], days[-1])
            ),
        }
    with engine.begin() as connection:
        for name, rows in made.items():
            marts.replace_days(connection, marts.table(name), days[0], days[-1], rows)


def _book(
    connection: Connection, book: statements.Book, days: Sequence[date]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    return (
        statements.holders(connection, book, days[0]),
        statements.flows(connection, book, days[0], days[-1]),
    )


def _set_clock(connection: Connection, day: date, hour: int) -> None:
    connection.execute(
        text("SELECT set_config('squads.clock', :moment, true)"), {"moment": f"{day} {hour:02}:00+00"}
    )
