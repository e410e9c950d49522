"""What members do while a squad works and harvests: journal, findings, reviews. The sloppy find too much."""

from collections.abc import Iterator
from random import Random
from typing import Final

from squads_pipeline.store.situation import FindingSeen, Situation
from squads_pipeline.surfaces.simulation import evidence
from squads_pipeline.surfaces.simulation.actions import Find, Log, Review
from squads_pipeline.surfaces.simulation.funding_choices import field_of
from squads_pipeline.surfaces.simulation.personas import Persona

_LOGS: Final = 0.5
_FINDS: Final = 0.2
_REVIEWS: Final = 0.15
_REVIEWS_OF_OTHERS: Final = 0.01
_ENTRY_TYPES: Final = ("progress", "note", "decision", "block", "milestone")
_FINDING_TYPES: Final = ("evidence", "hypothesis", "kg_edge", "analysis", "wiki_edit")


def working(me: Persona, seen: Situation, chance: Random) -> Iterator[Log | Find]:
    """Journal entries, and now and then a finding; observers watch."""
    for squad_id in seen.homes.get(me.name, ()):
        squad = seen.squads[squad_id]
        role = next(seat.role for seat in squad.seats if seat.agent_id == me.name)
        if squad.status != "active" or role == "observer":
            continue
        field = field_of(squad)
        if chance.random() < _LOGS:
            entry_type = chance.choices(_ENTRY_TYPES, (8, 4, 2, 1, 1))[0]
            title = evidence.work(field, chance)
            yield Log(me.name, squad_id, entry_type, title, f"{title}; more tomorrow.")
        if chance.random() < _FINDS:
            title, summary, confidence_ppm = evidence.claim(field, chance, sound=chance.random() < me.rigour)
            kind = chance.choices(_FINDING_TYPES, (8, 4, 2, 2, 1))[0]
            yield Find(me.name, squad_id, kind, title, summary, confidence_ppm)


def reviewing(me: Persona, seen: Situation, chance: Random) -> Iterator[Review]:
    """Verdicts on others' findings, mostly of one's own squads; what nobody gets to misses its window."""
    homes = seen.homes.get(me.name, ())
    for finding in seen.pending:
        squad = seen.squads.get(finding.squad_id)
        if squad is None or me.name in (finding.author, *finding.reviewers):
            continue
        looks = _REVIEWS if finding.squad_id in homes else _REVIEWS_OF_OTHERS * (field_of(squad) == me.field)
        if chance.random() < looks:
            yield judge(me, finding, chance)


def judge(me: Persona, finding: FindingSeen, chance: Random) -> Review:
    """A verdict by the sample that the finding names; the lenient let small ones pass."""
    enough = evidence.is_sound(finding.summary) or chance.random() >= me.strictness
    rationale = "the sample carries it" if enough else "the sample is too small to say"
    confidence_ppm = chance.randint(600, 950) * 1_000
    return Review(me.name, finding.finding_id, "accept" if enough else "reject", rationale, confidence_ppm)
