"""What befalls a community from outside: questions come up and are settled, findings prove good or bad."""

from collections.abc import Iterator
from random import Random
from typing import Final

from squads_pipeline.rules.formation import Target
from squads_pipeline.rules.money import MICRO_PER_TOKEN
from squads_pipeline.store.situation import FindingSeen, Situation
from squads_pipeline.surfaces.simulation import evidence
from squads_pipeline.surfaces.simulation.actions import AddTarget, CloseTarget, Derive, Happen, Reward
from squads_pipeline.surfaces.simulation.personas import FIELDS, UNLOVED

_CLOSES_ANSWERED: Final = 0.1
_CLOSES_OTHERS: Final = 0.002
_HAPPENS: Final = 0.04
_BUILDS_ON: Final = 0.5
_REWARDS: Final = 0.4
JOURNAL: Final = "journal_entries"
ENOUGH_ENTRIES: Final = 5
"""What the squads that people form set out to write down, among other things; a milestone that earns a bonus."""

_TYPES: Final = ("gap", "hypothesis", "challenge", "analysis")


def target(chance: Random, field: str | None = None) -> AddTarget:
    """A new question; a third of them matter too little for a squad, and some interest nobody."""
    chosen = field or chance.choices((*FIELDS, UNLOVED), (*(3 for _ in FIELDS), 1))[0]
    artifact_id = f"{chosen}-{chance.getrandbits(32):08x}"
    importance_ppm = chance.randint(250, 1_000) * 1_000
    kind = chance.choices(_TYPES, (5, 3, 1, 1))[0]
    return AddTarget(Target(kind, artifact_id, evidence.question(chosen, chance), importance_ppm))


def events(
    seen: Situation, chance: Random, *, targets_per_tick: float
) -> Iterator[AddTarget | CloseTarget | Derive | Happen | Reward]:
    """What happens in a tick: new targets, closed ones, outcomes with what they came from, bonuses."""
    for _ in range(int(targets_per_tick) + (chance.random() < targets_per_tick % 1)):
        yield target(chance)
    for one in seen.targets:
        if chance.random() < (_CLOSES_ANSWERED if one.answered else _CLOSES_OTHERS):
            yield CloseTarget(one.artifact_type, one.artifact_id)
    for finding in seen.merged:
        if chance.random() < _HAPPENS:
            yield from _becomes(finding, chance)
    for squad in seen.squads.values():
        noted = sum(seat.journal_entries for seat in squad.seats)
        met = squad.status == "active" and JOURNAL in squad.criteria and noted >= ENOUGH_ENTRIES
        if met and chance.random() < _REWARDS:
            yield Reward(squad.squad_id, JOURNAL, chance.randint(10, 200) * MICRO_PER_TOKEN)


def _becomes(finding: FindingSeen, chance: Random) -> Iterator[Derive | Happen]:
    """What becomes of a finding: the shaky are refuted; of the sound, later work is built and cited too."""
    artifact = f"finding:{finding.finding_id}"
    if not evidence.is_sound(finding.summary):
        yield Happen("finding", str(finding.finding_id), "refuted", f"failed replication of {artifact}")
        return
    kind = chance.choices(("cited", "replicated", "adopted", "refuted"), (10, 4, 2, 1))[0]
    if chance.random() < _BUILDS_ON:
        paper = f"analysis:paper-{finding.finding_id}"
        yield Derive(paper, artifact, "derived_from")
        yield Happen("analysis", paper.partition(":")[2], kind, f"what became of {paper}")
    yield Happen("finding", str(finding.finding_id), kind, f"what became of {artifact}")
