"""Who lives in a simulated community: names, wealth and tempers, drawn from a seed. What they do is elsewhere."""

from dataclasses import dataclass
from random import Random
from typing import Final

from squads_pipeline.rules.money import MICRO_PER_TOKEN

FIELDS: Final = ("chem", "neuro", "ocean", "stats", "tools")
"""What people care about. A field's name begins the id of each target in it."""

UNLOVED: Final = "folklore"
"""A field that nobody cares about: its squads find no members."""

# None begins another, so that names sort alike in every collation.
_FIRST_NAMES: Final = (
    "anouk",
    "bela",
    "carla",
    "deniz",
    "emil",
    "fatou",
    "goran",
    "hana",
    "imre",
    "jun",
    "kofi",
    "lena",
    "mira",
    "nadia",
    "omar",
    "petra",
    "quinn",
    "rosa",
    "sven",
    "tala",
    "umar",
    "vera",
    "wim",
    "xenia",
    "yusuf",
    "zora",
)

_KINDS: Final = ("person", "persona", "worker")

# Pareto's index of wealth: the richest fifth holds about four fifths.
_WEALTH_TAIL: Final = 1.16
_LEAST_TOKENS: Final = 40.0
_MOST_TOKENS: Final = 50_000.0

_PLEDGES: Final = 0.2


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody with tempers; each share is a chance from 0 to 1.

    Attributes:
        name: the agent's id.
        kind: person, persona or worker.
        field: what it cares about, one of `FIELDS`.
        wealth_micro: its first tokens, µT.
        zeal: how often it wakes in a tick; the lazy hardly do.
        generosity: how often it gives when awake.
        rigour: how often its findings hold.
        strictness: how much evidence it asks of others' findings.
        ambition: how often it starts something: a squad, a fork, a merger.
        seats: squads that it wants to be in at a time.
        pledges: whether it lets the driver give for it.
    """

    name: str
    kind: str
    field: str
    wealth_micro: int
    zeal: float
    generosity: float
    rigour: float
    strictness: float
    ambition: float
    seats: int
    pledges: bool


def people(count: int, chance: Random) -> tuple[Persona, ...]:
    """Draw so many people; wealth has a heavy tail, and zeal is unequal too."""
    drawn = [_draw(number, chance) for number in range(count)]
    return tuple(sorted(drawn, key=lambda one: one.name))


def _draw(number: int, chance: Random) -> Persona:
    first = _FIRST_NAMES[number % len(_FIRST_NAMES)]
    return persona(f"{first}-{number:05d}", FIELDS[number % len(FIELDS)], chance)


def persona(name: str, field: str, chance: Random) -> Persona:
    """Somebody of a name and a field, with wealth and tempers by chance."""
    tokens = min(_LEAST_TOKENS * chance.paretovariate(_WEALTH_TAIL), _MOST_TOKENS)
    return Persona(
        name=name,
        kind=chance.choice(_KINDS),
        field=field,
        wealth_micro=int(tokens) * MICRO_PER_TOKEN,
        zeal=min(0.035 * chance.paretovariate(1.2), 0.7),
        generosity=chance.betavariate(2, 5),
        rigour=chance.betavariate(4, 2),
        strictness=chance.betavariate(3, 3),
        ambition=chance.betavariate(1, 4),
        seats=chance.choice((1, 1, 2, 3)),
        pledges=chance.random() < _PLEDGES,
    )
