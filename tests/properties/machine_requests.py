"""Steps of histories: requests that come twice, and those that make no sense."""

from collections.abc import Callable
from typing import Any

from hypothesis.stateful import rule
from sqlalchemy import Connection

from squads_pipeline.commands import (
    community,
    correcting,
    disbanding,
    forking,
    forming,
    funding,
    harvesting,
    joining,
    merging,
    outcomes,
    pledging,
    provenance,
    targets,
    work,
)
from squads_pipeline.rules.formation import Target
from tests.properties.economy_machine import ANY, Machine, pick
from tests.properties.ledger_model import TOKEN

Nonsense = Callable[[Connection, Any, str], object]
NONSENSE: list[Nonsense] = [
    lambda c, agent, squad: funding.contribute(c, agent, squad, 0, key="zero"),
    lambda c, agent, squad: funding.contribute(c, agent, squad, -TOKEN, key="negative"),
    lambda c, agent, squad: funding.contribute(c, agent, squad, 10**15, key="too much"),
    lambda c, agent, squad: funding.contribute(c, agent, squad, 2**70, key="beyond"),
    lambda c, agent, _: funding.contribute(c, agent, "nowhere", TOKEN, key="nowhere"),
    lambda c, _, squad: funding.contribute(c, "nobody", squad, TOKEN, key="nobody"),
    lambda c, agent, squad: funding.contribute(c, agent, squad, TOKEN, key=f"pledge:1:{agent}:{squad}"),
    lambda c, agent, squad: funding.sponsor(c, agent, squad, TOKEN, key=f"payout:{squad}:{agent}"),
    lambda c, _, squad: funding.mint(c, f"squad:{squad}", TOKEN, key="mint:pool", reason="free"),
    lambda c, *_: funding.mint(c, "issuance", TOKEN, key="mint:self", reason="free"),
    lambda c, _, squad: funding.bonus(c, squad, "glory", TOKEN, confirmed=True),
    lambda c, agent, _: community.add_agent(c, agent),
    lambda c, *_: community.add_agent(c, "no body", tokens_micro=TOKEN),
    lambda c, *_: targets.add_target(c, Target("gap", "warm", "Again", 1)),
    lambda c, *_: targets.add_target(c, Target("rumour", "r", "Is it?", 1)),
    lambda c, *_: forming.form(c, "nobody", charter="Mine.", squad="theirs"),
    lambda c, agent, _: forming.form(c, agent, charter="Mine.", squad="theirs", target_type="rumour"),
    lambda c, agent, squad: joining.join(c, agent, squad, pitch="I lead.", role="lead"),
    lambda c, _, squad: joining.join(c, "nobody", squad, pitch="I am."),
    lambda c, agent, _: joining.decide(c, agent, 10**6, accept=True, rationale="yes"),
    lambda c, _, squad: joining.leave(c, "nobody", squad),
    lambda c, _, squad: harvesting.harvest(c, "nobody", squad),
    lambda c, _, squad: disbanding.disband(c, "nobody", squad),
    lambda c, _, squad: forking.fork(c, "nobody", squad, charter="Mine.", amount_micro=0),
    lambda c, agent, squad: merging.merge(c, agent, squad, squad),
    lambda c, agent, squad: work.log(c, agent, squad, "gossip", "Psst", "Listen"),
    lambda c, _, squad: work.log(c, "nobody", squad, "note", "A note", "Noted."),
    lambda c, _, squad: work.find(c, "nobody", squad, "evidence", "It is"),
    lambda c, agent, squad: work.find(c, agent, squad, "evidence", "It is", confidence_ppm=1_000_001),
    lambda c, agent, _: work.review(c, agent, 10**6, "accept", rationale="unread"),
    lambda c, agent, _: outcomes.record(c, "finding", "1000000", "cited", evidence="e", recorded_by=agent),
    lambda c, agent, _: outcomes.record(c, "gap", "warm", "loved", evidence="e", recorded_by=agent),
    lambda c, *_: outcomes.record(c, "gap", "warm", "cited", evidence="e", recorded_by="nobody"),
    lambda c, agent, _: provenance.derive(c, "gap:warm", "gap:warm", recorded_by=agent),
    lambda c, agent, _: provenance.derive(c, "gap", "gap:warm", recorded_by=agent),
    lambda c, *_: correcting.correct(c, "1", reason=" "),
    lambda c, *_: correcting.correct(c, "10000000", reason="none"),
    lambda c, *_: correcting.correct(c, "1", reason="too much", amount_micro=10**15),
    lambda c, agent, _: pledging.pledge(c, agent, ["nowhere"]),
    lambda c, agent, _: pledging.pledge(c, agent, [], reserve_micro=-1),
    lambda c, *_: pledging.revoke(c, "nobody"),
]
"""Requests that are refused whatever the state, with the agent and the squad that they are about."""


class Requests(Machine):
    """What must change nothing."""

    @rule(which=ANY)
    def a_request_is_repeated(self, which: int) -> None:
        repeat = pick(self.repeatable, which)
        if repeat is not None:
            before = self.economy.writes()
            assert repeat()
            assert self.economy.writes() == before

    @rule(which=ANY, who=ANY, where=ANY)
    def nonsense_is_refused(self, which: int, who: int, where: int) -> None:
        agent = self.agent(who)
        squads = self.economy.squads("forming", "recruiting", "active", "harvesting", "disbanded")
        squad = squads[where % len(squads)].id if squads else "none"
        command = NONSENSE[which % len(NONSENSE)]
        assert self.economy.refused(command, agent, squad) is not None
