"""Who forms squads, bids for seats, decides bids, and goes away again."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Final

from squads_pipeline.store.situation import BidSeen, Situation, SquadSeen
from squads_pipeline.surfaces.simulation import evidence
from squads_pipeline.surfaces.simulation.actions import Decide, Form, Join, Leave, Withdraw
from squads_pipeline.surfaces.simulation.funding_choices import field_of, interest
from squads_pipeline.surfaces.simulation.personas import Persona
from squads_pipeline.surfaces.simulation.world_events import ENOUGH_ENTRIES, JOURNAL

Criteria = tuple[Mapping[str, object], ...]

_FORMS: Final = 0.06
_FORMS_WITHOUT_CRITERIA: Final = 0.4
_JOINS: Final = 0.5
_WITHDRAWS: Final = 0.03
_LEAVES: Final = 0.01
_COMPLETES: Final = 0.05
_DECIDES: Final = 0.5
# However large a community is, few of a field take it on themselves to decide for a squad that nobody is in yet.
_DECIDERS_AWAKE: Final = 12
_MOST_SEATS: Final = 8
_LEAST_FIT_PPM: Final = 400_000
_TYPES: Final = ("hypothesis", "challenge", "analysis")
_ROLES: Final = ("researcher", "reviewer", "observer")
_CRITERIA: Final[Criteria] = (
    {"measure": "findings_bubbled", "at_least": 2},
    {"measure": JOURNAL, "at_least": ENOUGH_ENTRIES},
)
_EXPERT: Final = "I have worked on"
_PITCHES: Final = (_EXPERT + " {} for years.", "I would like to learn about {}.")


def forming(me: Persona, seen: Situation, chance: Random) -> Iterator[Form]:
    """The ambitious form squads of their own; some say only later what success would be."""
    for squad in seen.squads.values():
        if squad.status == "forming" and squad.created_by == me.name and chance.random() < _COMPLETES:
            yield _form(me, squad.target_type, squad.target_id, _CRITERIA)
    if me.seats <= len(seen.homes.get(me.name, ())) or chance.random() >= me.ambition * _FORMS:
        return
    criteria = () if chance.random() < _FORMS_WITHOUT_CRITERIA else _CRITERIA
    yield _form(me, chance.choice(_TYPES), f"{me.field}-{chance.getrandbits(32):08x}", criteria)


def _form(me: Persona, target_type: str, target_id: str, criteria: Criteria) -> Form:
    what = target_id.replace("-", " ")
    charter = f"Find out what {what} tells us, and what it does not."
    return Form(me.name, f"own-{target_id}", what, charter, target_type, target_id, criteria)


def joining(me: Persona, seen: Situation, chance: Random) -> Iterator[Join]:
    """A bid for a seat in one squad of one's interest, while one wants more seats."""
    mine = {bid.squad_id for bid in seen.bids if bid.agent_id == me.name}
    if len(seen.homes.get(me.name, ())) + len(mine) >= me.seats or chance.random() >= _JOINS:
        return
    choices = [
        (squad, weight)
        for squad in seen.squads.values()
        if squad.status in ("recruiting", "active") and squad.squad_id not in mine and not squad.has(me.name)
        if len(squad.seats) < _MOST_SEATS and (weight := interest(me, squad)) > 0
    ]
    if not choices:
        return
    squad = chance.choices([one for one, _ in choices], [weight for _, weight in choices])[0]
    role = chance.choices(_ROLES, (8, 2, 1))[0]
    expert = field_of(squad) == me.field
    pitch = _PITCHES[not expert].format(evidence.subject(field_of(squad), chance))
    yield Join(me.name, squad.squad_id, role, pitch)


def withdrawing(me: Persona, seen: Situation, chance: Random) -> Iterator[Withdraw | Leave]:
    """Second thoughts about bids, and about seats that come to nothing."""
    for bid in seen.bids:
        if bid.agent_id == me.name and chance.random() < _WITHDRAWS:
            yield Withdraw(me.name, bid.bid_id)
    for squad_id in seen.homes.get(me.name, ()):
        squad = seen.squads[squad_id]
        if squad.status == "active" and squad.lead != me.name and chance.random() < _LEAVES:
            yield Leave(me.name, squad_id)


def deciding(me: Persona, seen: Situation, chance: Random) -> Iterator[Decide]:
    """Those of a squad look at its bids; where nobody is there yet, somebody of the field does."""
    for_others = _DECIDERS_AWAKE / max(len(seen.wallets), 1)
    for bid in seen.bids:
        squad = seen.squads.get(bid.squad_id)
        if squad is None or bid.agent_id == me.name:
            continue
        inside = insiders(squad, seen) - {bid.agent_id}
        others = not inside and field_of(squad) == me.field
        if chance.random() < (_DECIDES if me.name in inside else others * for_others):
            yield judge(me.name, bid, chance)


def insiders(squad: SquadSeen, seen: Situation) -> set[str]:
    """Who has a say in a squad: its members, and the agent who formed it."""
    creator = squad.created_by
    members = {seat.agent_id for seat in squad.seats}
    return members if creator is None or creator not in seen.wallets else members | {creator}


def judge(decider: str, bid: BidSeen, chance: Random) -> Decide:
    """What a bid is worth to who reads its pitch."""
    expert = bid.pitch.startswith(_EXPERT)
    fit_ppm = chance.randint(600, 950) * 1_000 if expert else chance.randint(200, 700) * 1_000
    accept = fit_ppm >= _LEAST_FIT_PPM
    rationale = "the pitch fits the charter" if accept else "the pitch says little about the charter"
    return Decide(decider, bid.bid_id, accept, rationale, fit_ppm)
