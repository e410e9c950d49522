"""The machine that histories of the economy run on: its beginning, time, the drivers, and what must always hold."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Connection

from squads_pipeline.commands import (
    community,
    forming,
    funding,
    joining,
    targets,
)
from squads_pipeline.drivers.registry import DRIVERS
from squads_pipeline.rules.formation import Target
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store.errors import IdempotencyConflictError
from tests.properties.ledger_model import TOKEN, Model
from tests.properties.living_economy import Economy
from tests.properties.watched_drivers import Watch

T = TypeVar("T")

POLICY = Policy(
    treasury_target_micro=6_000 * TOKEN,  # less than two seeds: arrears, and dividends that wait
    matching_pool_target_micro=400 * TOKEN,  # rounds that cap and scale down
    min_outcomes=2,
)
ANY = st.integers(0, 99)
"""Chooses among what there is, by its remainder."""
AMOUNTS = st.one_of(
    st.integers(1, 3 * TOKEN), st.integers(1, 120).map(lambda tokens: tokens * TOKEN), st.just(7_654_321)
)
TIDES = (7, 1, 25, 7, 49)
"""Hours between the runs that come by themselves."""
HOURS = st.sampled_from([0.2, *TIDES])

VERDICTS = st.sampled_from(["accept", "accept", "accept", "reject", None])
PPM = st.integers(0, 1_000_000)


def pick(options: Sequence[T], number: int) -> T | None:
    """One of some options, or None if there are none."""
    return options[number % len(options)] if options else None


class Machine(RuleBasedStateMachine):
    """Steps act on the economy and tell the model; the invariants compare."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.economy = Economy(connection, POLICY)
        self.model = Model(POLICY.treasury_target_micro, POLICY.matching_pool_target_micro)
        self.watch = Watch(self.economy, self.model)
        self.number = 0
        self.steps = 0
        self.repeatable: list[Callable[[], object]] = []
        self.acted = True

    def teardown(self) -> None:
        self.economy.end()

    def agent(self, number: int) -> str:
        """One of the agents."""
        agents = self.economy.agents()
        return agents[number % len(agents)]

    def named(self, word: str) -> str:
        self.number += 1
        return f"{word}-{self.number}"

    def do(self, command: Callable[..., T], *arguments: Any, **named: Any) -> T | None:
        """Carry out a command that may be refused, a second later; None if it was."""
        self.acted = True
        self.economy.pass_time(timedelta(seconds=1))
        given: list[T] = []
        refusal = self.economy.refused(
            lambda connection: given.append(command(connection, *arguments, **named))
        )
        return None if refusal else given[0]

    def must(self, command: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Carry out a command that nothing stands against."""
        self.acted = True
        self.economy.pass_time(timedelta(seconds=1))
        return self.economy.do(command, *arguments, **named)

    @initialize()
    def begin(self) -> None:
        """Two squads at work, two that recruit around targets, and some money in all of them."""
        for agent in ("ada", "bo", "cy", "dee"):
            self.add_agent(agent, 300 * TOKEN)
        for agent, squad in (("ada", "heat"), ("bo", "cold")):
            self.must(forming.form, agent, charter="Find out.", squad=squad)
            for other in ("cy", "dee"):
                bid = self.must(joining.join, other, squad, pitch="I can help.").bid_id
                self.must(joining.decide, agent, bid, accept=True, rationale="so")
                self.give(other, squad, 9 * TOKEN + 1)
        self.must(targets.add_target, Target("gap", "warm", "Is it warm?", 700_001))
        self.must(targets.add_target, Target("gap", "mild", "Is it mild?", 900_000))
        self.economy.pass_time(timedelta(hours=25))
        for gap in ("squads_formed", "squad_rosters"):
            self.watch.drive(gap)

    def add_agent(self, agent: str, micro: int) -> None:
        self.must(community.add_agent, agent, tokens_micro=micro)
        self.model.move("issuance", f"wallet:{agent}", micro)

    def give(self, agent: str, squad: str, micro: int, *, sponsors: bool = False) -> None:
        command, key = funding.sponsor if sponsors else funding.contribute, self.named("gift")
        gift = partial(command, agent=agent, squad=squad, key=key)
        may = squad in {one.id for one in self.economy.squads("recruiting", "active")}
        may &= self.model.balances[f"wallet:{agent}"] >= micro
        assert (self.do(gift, amount_micro=micro) is not None) == may
        if not may:
            return
        if sponsors:
            self.model.grant(f"wallet:{agent}", squad, micro)
        else:
            self.model.contribute(agent, squad, micro)
        self.repeatable.append(lambda: self.must(gift, amount_micro=micro).repeated)
        self.repeatable.append(lambda: self._conflicts(partial(gift, amount_micro=micro + 1)))

    def _conflicts(self, command: Callable[..., object]) -> bool:
        with pytest.raises(IdempotencyConflictError):
            self.must(command)
        return True

    # Time, and the drivers, which also run by themselves every seven steps, so that every history goes on.

    @invariant()
    def the_pipeline_runs(self) -> None:
        self.steps += 1
        if self.steps % 7 == 0:
            self.everything_is_reconciled(TIDES[self.steps // 7 % len(TIDES)])

    @rule(hours=HOURS)
    def time_passes(self, hours: float) -> None:
        self.economy.pass_time(timedelta(hours=hours))

    @rule(number=ANY)
    def a_driver_runs(self, number: int) -> None:
        self.acted = True
        self.watch.drive(list(DRIVERS)[number % len(DRIVERS)])

    def everything_is_reconciled(self, hours: float) -> None:
        self.acted = True
        self.economy.pass_time(timedelta(hours=hours))
        for gap in DRIVERS:
            self.watch.drive(gap)

    @invariant()
    def the_ledger_is_the_models(self) -> None:
        held = {name: micro for name, micro in self.model.balances.items() if micro}
        assert self.economy.balances() == held
        assert sum(held.values()) == 0

    @invariant()
    def everything_holds(self) -> None:
        if self.acted:
            self.acted = False
            assert self.economy.broken() == []
