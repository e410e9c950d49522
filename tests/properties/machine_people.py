"""Steps of histories: agents, targets and squads come, and agents join and leave."""

from functools import partial

import hypothesis.strategies as st
from hypothesis.stateful import rule

from squads_pipeline.commands import (
    forming,
    joining,
    targets,
)
from squads_pipeline.rules.formation import Target
from tests.properties.economy_machine import AMOUNTS, ANY, Machine, pick


class People(Machine):
    """Who is there, and about what."""

    @rule(micro=AMOUNTS)
    def an_agent_comes(self, micro: int) -> None:
        self.add_agent(self.named("agent"), micro)

    @rule(importance_ppm=st.integers(0, 1_000_000), number=ANY)
    def a_target_is_found(self, importance_ppm: int, number: int) -> None:
        kind = ("gap", "hypothesis")[number % 2]
        self.must(targets.add_target, Target(kind, self.named("target"), "Why?", importance_ppm))

    @rule(who=ANY)
    def an_agent_forms_a_squad(self, who: int) -> None:
        agent, squad = self.agent(who), self.named("squad")
        form = partial(forming.form, agent=agent, charter="Find out.", squad=squad)
        assert self.must(form).status == "recruiting"
        self.repeatable.append(lambda: self._is_over(squad) or self.must(form).repeated)

    def _is_over(self, squad: str) -> bool:
        return squad in {one.id for one in self.economy.squads("disbanded")}

    @rule(who=ANY, where=ANY, how=ANY, role=st.sampled_from(["researcher", "reviewer", "observer"]))
    def an_agent_joins(self, who: int, where: int, how: int, role: str) -> None:
        agent = self.agent(who)
        squad = pick(self.economy.squads("recruiting", "active"), where)
        if squad is None:
            return
        bid = self.do(joining.join, agent, squad.id, pitch="I can help.", role=role)
        if bid is not None and how % 4:
            for decider in self.economy.agents():
                decision = partial(joining.decide, decider=decider, bid_id=bid.bid_id, accept=how % 4 < 3)
                if self.do(decision, rationale="so", fit_ppm=how * 10_000) is not None:
                    break

    @rule(which=ANY)
    def a_member_leaves(self, which: int) -> None:
        member = pick(self.economy.members("active") + self.economy.members("recruiting"), which)
        if member is not None:
            self.must(joining.leave, member.agent_id, member.squad_id)
