"""Where people put their tokens: gifts, sponsorships and pledges. Amounts in µT."""

from collections.abc import Iterator
from random import Random
from typing import Final

from squads_pipeline.rules.money import MICRO_PER_TOKEN
from squads_pipeline.store.situation import Situation, SquadSeen
from squads_pipeline.surfaces.simulation.actions import Give, Pledge, Revoke, Sponsor
from squads_pipeline.surfaces.simulation.personas import UNLOVED, Persona

_FUNDABLE: Final = ("recruiting", "active")
_CENT_MICRO: Final = MICRO_PER_TOKEN // 100
# Below a contributor's dust threshold too: such gifts count only when they add up.
_LEAST_GIFT_MICRO: Final = MICRO_PER_TOKEN // 2
RICH_MICRO: Final = 500 * MICRO_PER_TOKEN
_SPONSORS: Final = 0.3
_PLEDGES: Final = 0.2
_REVOKES: Final = 0.03
_NAMES: Final = 0.3


def interest(me: Persona, squad: SquadSeen) -> int:
    """How much somebody cares about a squad: its own most, then its field; 0 for what nobody cares about."""
    field = field_of(squad)
    if field == UNLOVED:
        return 0
    if squad.has(me.name) or squad.created_by == me.name:
        return 8
    return 4 if field == me.field else 1


def field_of(squad: SquadSeen) -> str:
    """The field of a squad's target, which begins the target's id."""
    return squad.target_id.partition("-")[0]


def fundable(me: Persona, seen: Situation) -> list[tuple[SquadSeen, int]]:
    """Squads that take money and that somebody cares about, with how much."""
    liked = ((squad, interest(me, squad)) for squad in seen.squads.values() if squad.status in _FUNDABLE)
    return [(squad, weight) for squad, weight in liked if weight > 0]


def giving(me: Persona, seen: Situation, chance: Random) -> Iterator[Give | Sponsor]:
    """A gift of some hundredths of the wallet; the rich sponsor now and then, which is not matched."""
    if chance.random() >= me.generosity:
        return
    choices = fundable(me, seen)
    if not choices:
        return
    squad = _one_of(choices, chance)
    part_micro = _part(seen.wallets.get(me.name, 0), chance.randint(5, 120))
    if part_micro >= _LEAST_GIFT_MICRO:
        yield Give(me.name, squad.squad_id, part_micro)
    left_micro = seen.wallets.get(me.name, 0) - part_micro
    if left_micro >= RICH_MICRO and chance.random() < _SPONSORS:
        sponsored_micro = _part(left_micro, chance.randint(2, 20))
        if sponsored_micro >= MICRO_PER_TOKEN:
            yield Sponsor(me.name, _one_of(choices, chance).squad_id, sponsored_micro)


def pledging(me: Persona, seen: Situation, chance: Random) -> Iterator[Pledge | Revoke]:
    """Consent that keeps half of the first wealth; some name their squads, and a few take it back."""
    if not me.pledges:
        return
    if me.name in seen.pledging:
        if chance.random() < _REVOKES:
            yield Revoke(me.name)
        return
    if chance.random() >= _PLEDGES:
        return
    named: tuple[str, ...] = ()
    if chance.random() < _NAMES:
        choices = fundable(me, seen)
        named = tuple(dict.fromkeys(_one_of(choices, chance).squad_id for _ in choices[:3]))
    yield Pledge(me.name, named, me.wealth_micro // 2)


def _one_of(choices: list[tuple[SquadSeen, int]], chance: Random) -> SquadSeen:
    return chance.choices([squad for squad, _ in choices], [weight for _, weight in choices])[0]


def _part(balance_micro: int, thousandths: int) -> int:
    """So many thousandths of a balance, in whole hundredths of a token."""
    return max(balance_micro, 0) * thousandths // 1_000 // _CENT_MICRO * _CENT_MICRO
