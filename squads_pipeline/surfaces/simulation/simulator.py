"""The days of a simulated community, tick by tick: people act, then gaps are closed. No choices in here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final

from sqlalchemy import Engine

from squads_pipeline.commands import community
from squads_pipeline.store import simulation_facts, situation
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.store.situation import Situation
from squads_pipeline.surfaces.simulation import world_events
from squads_pipeline.surfaces.simulation.actions import Action
from squads_pipeline.surfaces.simulation.clock import Clock
from squads_pipeline.surfaces.simulation.performing import Tally, perform_all
from squads_pipeline.surfaces.simulation.personas import FIELDS, UNLOVED, Persona, people
from squads_pipeline.surfaces.simulation.reconciling import NOTHING, Closed, close_gaps
from squads_pipeline.surfaces.simulation.turns import awake, turn

TICK: Final = timedelta(hours=4)
TICKS_PER_DAY: Final = timedelta(days=1) // TICK
SENSORS_LOOK: Final = timedelta(hours=3, minutes=50)
"""When in a tick the gaps are closed: after everybody's deeds, with time left for the drivers' runs."""

# Seats are what the community has to offer: about one new target in a week for every twenty people.
_PEOPLE_PER_TARGET_AND_TICK: Final = 20 * 7 * TICKS_PER_DAY


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate.

    Attributes:
        agents: how many people.
        days: how many days.
        seed: of all chance.
        until: the UTC midnight at which the last day ends.
    """

    agents: int
    days: int
    seed: int
    until: datetime

    @property
    def start(self) -> datetime:
        """The UTC midnight at which the first day begins."""
        return self.until - timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Beat:
    """How far a simulation is, for who watches: the tick that ended, and the community as it was then.

    Attributes:
        closed: what drivers did since the beginning.
        open_gaps: gaps that were found open when the tick ended, before they were closed.
    """

    number: int
    total: int
    moment: datetime
    seen: Situation
    closed: Closed
    open_gaps: int


@dataclass(slots=True)
class Lived:
    """What was done in a simulation."""

    tally: Tally = field(default_factory=Tally)
    closed: Closed = NOTHING


Watch = Callable[[Beat], None]


def simulate(engine: Engine, clock: Clock, plan: Plan, watch: Watch = lambda _: None) -> Lived:
    """Let a community live for the days of a plan, and close what is left of the gaps at the end.

    Every transaction is whole in itself, so that a simulation that is interrupted leaves a consistent ledger.

    Args:
        engine: on an empty database; its transactions live by the clock.
        clock: stands at the plan's start, and some minutes before its end afterwards.
        plan: what to simulate.
        watch: is told after each tick.

    Raises:
        RefusedError: the database is not empty.
    """
    chance = Random(plan.seed)  # noqa: S311  # a play, not a secret
    everybody = people(plan.agents, chance)
    lived = Lived()
    _settle(engine, everybody, chance, plan, lived)
    total = plan.days * TICKS_PER_DAY
    seen = _look(engine)
    for number in range(total):
        turns = _turns(seen, everybody, chance)
        _act(engine, clock, turns, plan, number, lived.tally)
        run_id = f"simulate:{plan.seed}:{number // TICKS_PER_DAY}:{number % TICKS_PER_DAY}"
        closed = close_gaps(engine, clock, run_id)
        lived.closed = lived.closed.plus(closed)
        seen = _look(engine)
        watch(Beat(number + 1, total, clock.now, seen, lived.closed, len(closed.gaps)))
    return lived


def _settle(engine: Engine, everybody: Sequence[Persona], chance: Random, plan: Plan, lived: Lived) -> None:
    """People come with their first tokens, and bring the first questions: one of each field, one unloved."""
    with engine.begin() as connection:
        if not simulation_facts.is_empty(connection):
            raise RefusedError(
                "This database is not empty, and a simulation needs one of its own",
                "Set SQUADS_HOME to another folder, or delete what is there with `make reset`.",
            )
        for one in everybody:
            community.add_agent(connection, one.name, kind=one.kind, tokens_micro=one.wealth_micro)
    first = [world_events.target(chance, field) for field in (*FIELDS, UNLOVED)]
    more = [world_events.target(chance) for _ in range(plan.agents // 20)]
    perform_all(engine, [*first, *more], _key(plan, "first"), lived.tally)


def _turns(seen: Situation, everybody: Sequence[Persona], chance: Random) -> list[list[Action]]:
    """What befalls the community in a tick, then what each does who is awake in it."""
    targets_per_tick = len(everybody) / _PEOPLE_PER_TARGET_AND_TICK
    return [
        list(world_events.events(seen, chance, targets_per_tick=targets_per_tick)),
        *(turn(one, seen, chance) for one in awake(everybody, chance)),
    ]


def _act(
    engine: Engine, clock: Clock, turns: list[list[Action]], plan: Plan, number: int, tally: Tally
) -> None:
    """People act one after the other, spread over a tick, until it is time to look for gaps."""
    begins = plan.start + number * TICK
    busy = [actions for actions in turns if actions]
    for place, actions in enumerate(busy):
        clock.advance(begins + SENSORS_LOOK * place / len(busy))
        perform_all(engine, actions, _key(plan, f"{number}:{place}"), tally)
    clock.advance(begins + SENSORS_LOOK)


def _look(engine: Engine) -> Situation:
    with engine.connect() as connection:
        return situation.look(connection)


def _key(plan: Plan, turn_name: str) -> str:
    return f"simulate:{plan.seed}:{turn_name}"
