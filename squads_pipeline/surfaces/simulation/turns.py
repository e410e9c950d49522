"""Who wakes in a tick, and what somebody who wakes does. Pure: the same chance gives the same deeds."""

from collections.abc import Iterable, Iterator
from random import Random
from typing import Final, Protocol

from squads_pipeline.store.situation import Situation
from squads_pipeline.surfaces.simulation import (
    funding_choices,
    lead_choices,
    team_choices,
    work_choices,
)
from squads_pipeline.surfaces.simulation.actions import Action
from squads_pipeline.surfaces.simulation.personas import Persona


class Habit(Protocol):
    """Something that people do: what one does of it in this situation, by chance."""

    def __call__(self, me: Persona, seen: Situation, chance: Random, /) -> Iterator[Action]:
        """Yield the actions, none most of the time."""
        ...


HABITS: Final[tuple[Habit, ...]] = (
    funding_choices.pledging,
    funding_choices.giving,
    team_choices.forming,
    team_choices.joining,
    team_choices.withdrawing,
    team_choices.deciding,
    work_choices.working,
    work_choices.reviewing,
    lead_choices.leading,
    lead_choices.disbanding,
)


def awake(people: Iterable[Persona], chance: Random) -> list[Persona]:
    """Who acts in a tick, in the order in which they do."""
    woken = [one for one in people if chance.random() < one.zeal]
    chance.shuffle(woken)
    return woken


def turn(me: Persona, seen: Situation, chance: Random) -> list[Action]:
    """Everything that somebody does when awake."""
    return [action for habit in HABITS for action in habit(me, seen, chance)]
