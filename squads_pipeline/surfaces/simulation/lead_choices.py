"""What leads do with squads: fork them, merge them, ask for the harvest. Amounts in µT."""

from collections.abc import Iterator
from random import Random
from typing import Final

from squads_pipeline.rules.money import MICRO_PER_TOKEN
from squads_pipeline.store.situation import Situation, SquadSeen
from squads_pipeline.surfaces.simulation import evidence
from squads_pipeline.surfaces.simulation.actions import Disband, Fork, Harvest, Merge
from squads_pipeline.surfaces.simulation.funding_choices import field_of
from squads_pipeline.surfaces.simulation.personas import Persona

_FORKS: Final = 0.6
_PROPOSES: Final = 0.6
_AGREES: Final = 0.8
_HARVESTS: Final = 0.3
_DISBANDS: Final = 0.3
_GIVES_UP: Final = 0.3
_ENOUGH_FINDINGS: Final = 2
_ENOUGH_ENTRIES: Final = 3
_LEAST_POOL_MICRO: Final = 500 * MICRO_PER_TOKEN


def leading(me: Persona, seen: Situation, chance: Random) -> Iterator[Fork | Merge | Harvest | Disband]:
    """At most one change for each squad that somebody leads."""
    for squad_id in seen.homes.get(me.name, ()):
        squad = seen.squads[squad_id]
        if squad.lead != me.name or squad.status != "active":
            continue
        change = (
            _agree(me, squad, seen, chance)
            or _propose(me, squad, seen, chance)
            or _fork(me, squad, chance)
            or _end(me, squad, chance)
        )
        if change is not None:
            yield change


def disbanding(me: Persona, seen: Situation, chance: Random) -> Iterator[Disband]:
    """Who formed a squad may give it up when half of its time to recruit is over and nobody has come."""
    for squad in seen.squads.values():
        alone = squad.created_by == me.name and {seat.agent_id for seat in squad.seats} <= {me.name}
        if alone and squad.status == "recruiting" and _half_over(squad, seen) and chance.random() < _DISBANDS:
            yield Disband(me.name, squad.squad_id)


def _half_over(squad: SquadSeen, seen: Situation) -> bool:
    until = squad.recruits_until
    return until is not None and seen.at - squad.formed_at > until - seen.at


def _fork(me: Persona, squad: SquadSeen, chance: Random) -> Fork | None:
    """A child for a question that came up, with a tenth to two fifths of the pool."""
    if squad.pool_micro < _LEAST_POOL_MICRO or chance.random() >= me.ambition * _FORKS:
        return None
    what = evidence.subject(field_of(squad), chance)
    number = f"{chance.getrandbits(32):08x}"
    return Fork(
        agent=me.name,
        parent=squad.squad_id,
        squad=f"fork-{number}",
        name=f"{what[0].upper()}{what[1:]} (fork {number})",
        charter=f"Settle what {what} has to do with it.",
        amount_micro=squad.pool_micro * chance.randint(10, 40) // 100,
    )


def _propose(me: Persona, squad: SquadSeen, seen: Situation, chance: Random) -> Merge | None:
    """A merger with another active squad whose target is of the same type."""
    if chance.random() >= me.ambition * _PROPOSES:
        return None
    others = [
        other.squad_id
        for other in seen.squads.values()
        if other.status == "active" and other.squad_id != squad.squad_id
        if other.target_type == squad.target_type
    ]
    return Merge(me.name, squad.squad_id, chance.choice(others)) if others else None


def _agree(me: Persona, squad: SquadSeen, seen: Situation, chance: Random) -> Merge | None:
    """Agreement to a merger that the other lead proposed."""
    for absorbed, into, proposer in seen.proposals:
        other = absorbed if into == squad.squad_id else into
        if proposer == me.name or squad.squad_id not in (absorbed, into) or other not in seen.squads:
            continue
        if seen.squads[other].status == "active" and chance.random() < _AGREES:
            return Merge(me.name, absorbed, into)
    return None


def _end(me: Persona, squad: SquadSeen, chance: Random) -> Harvest | Disband | None:
    """A lead asks for the harvest early once there is something to harvest, and gives up what leads nowhere."""
    findings = sum(seat.findings_authored for seat in squad.seats)
    entries = sum(seat.journal_entries for seat in squad.seats)
    if findings >= _ENOUGH_FINDINGS and chance.random() < _HARVESTS:
        return Harvest(me.name, squad.squad_id)
    if not findings and entries >= _ENOUGH_ENTRIES and chance.random() < _GIVES_UP:
        return Disband(me.name, squad.squad_id)
    return None
