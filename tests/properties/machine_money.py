"""Steps of histories: money is minted, given, pledged, corrected, and moved from pool to pool."""

from functools import partial

import hypothesis.strategies as st
from hypothesis.stateful import rule

from squads_pipeline.commands import (
    correcting,
    disbanding,
    forking,
    funding,
    harvesting,
    merging,
    pledging,
)
from tests.properties.economy_machine import AMOUNTS, ANY, Machine, pick
from tests.properties.ledger_model import TOKEN


class Money(Machine):
    """Everything that moves money but the drivers."""

    @rule(account=ANY, micro=AMOUNTS)
    def tokens_are_minted(self, account: int, micro: int) -> None:
        names = ["treasury", "matching_pool", *(f"wallet:{agent}" for agent in self.economy.agents())]
        name, key = names[account % len(names)], self.named("mint")
        mint = partial(funding.mint, account=name, amount_micro=micro, key=key, reason="more")
        assert self.must(mint).moved_micro == micro
        self.model.move("issuance", name, micro)
        self.repeatable.append(lambda: self.must(mint).replayed)

    @rule(who=st.lists(ANY, min_size=1, max_size=3), where=ANY, micro=AMOUNTS, sponsors=st.booleans())
    def agents_give(self, who: list[int], where: int, micro: int, sponsors: bool) -> None:
        squads = self.economy.squads("recruiting", "active") + self.economy.squads("harvesting", "disbanded")
        squad = squads[where % len(squads)].id
        for number in who:
            self.give(self.agent(number), squad, micro, sponsors=sponsors)

    @rule(who=ANY, where=st.lists(ANY, max_size=4), reserve=st.sampled_from([0, 0, 120 * TOKEN, 299 * TOKEN]))
    def an_agent_pledges(self, who: int, where: list[int], reserve: int) -> None:
        agent, squads = self.agent(who), self.economy.squads("recruiting", "active")
        names = [squads[number % len(squads)].id for number in where] if squads else []
        pledge = partial(pledging.pledge, agent=agent, names=names, reserve_micro=reserve)
        self.must(pledge)

    @rule(who=ANY)
    def a_pledge_is_revoked(self, who: int) -> None:
        self.do(pledging.revoke, self.agent(who))

    @rule(which=ANY, part=st.integers(1, 4))
    def a_transfer_is_corrected(self, which: int, part: int) -> None:
        transfer = pick(
            self.economy.rows(
                """SELECT transfer.id, transfer.amount_micro, payer.name AS payer, receiver.name AS receiver
                   FROM squads.transfers AS transfer
                   JOIN squads.accounts AS payer ON payer.id = from_account_id
                   JOIN squads.accounts AS receiver ON receiver.id = to_account_id ORDER BY transfer.id DESC"""
            ),
            which,
        )
        if transfer is None:
            return
        micro = max(1, transfer.amount_micro // part)
        made = self.do(correcting.correct, str(transfer.id), reason="a mistake", amount_micro=micro)
        if made is not None:
            self.model.correct(transfer.payer, transfer.receiver, micro)

    @rule(where=ANY, part=st.integers(0, 120))
    def a_squad_forks(self, where: int, part: int) -> None:
        squad = pick(self.economy.squads("active"), where)
        if squad is None or squad.lead is None:
            return
        micro, child = self.model.balances[f"squad:{squad.id}"] * part // 200, self.named("fork")
        fork = partial(forking.fork, agent=squad.lead, parent=squad.id, charter="Closer.", squad=child)
        made = self.do(fork, amount_micro=micro)
        if made is not None and micro:
            assert part <= 100
            self.model.grant(f"squad:{squad.id}", child, micro)

    @rule(one=ANY, other=ANY)
    def a_squad_merges(self, one: int, other: int) -> None:
        squad, into = pick(self.economy.squads("active"), one), pick(self.economy.squads("active"), other)
        if squad is None or into is None:
            return
        for lead in (squad.lead, into.lead):
            merged = self.do(merging.merge, lead, squad.id, into.id) if lead else None
            if merged is not None and merged.merged:
                self.model.merge(squad.id, into.id)
                break

    @rule(where=ANY, asks=st.booleans())
    def a_squad_ends(self, where: int, asks: bool) -> None:
        squad = pick(self.economy.squads("recruiting", "active", "harvesting"), where)
        if squad is None:
            return
        if asks:
            self.do(harvesting.harvest, squad.lead or "ada", squad.id)
            return
        recruiting = {one.id for one in self.economy.squads("recruiting")}
        ended = self.do(disbanding.disband, None, squad.id)
        if ended is not None and ended.manner is not None:
            self.watch.shared_out(ended.pool_micro, recruiting)

    @rule(where=ANY, micro=AMOUNTS, confirmed=st.booleans())
    def a_success_is_rewarded(self, where: int, micro: int, confirmed: bool) -> None:
        squad = pick(self.economy.squads("recruiting", "active"), where)
        if squad is None:
            return
        reward = partial(funding.bonus, squad=squad.id, criterion="findings_bubbled", confirmed=confirmed)
        given = self.do(reward, amount_micro=micro)
        if given is not None and not given.repeated:
            self.model.grant("treasury", squad.id, micro)
