"""Any history of the economy: agents act, drivers run, time passes, requests repeat. Everything that must hold does.

Hypothesis writes the histories. Money is compared to the µT with a model that shares no code with the rules, after
every step, and every invariant is checked over all of history.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Connection

from squads_pipeline.commands import (
    community,
    contributions_made,
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
from squads_pipeline.drivers.knowledge_sinks import VARIABLE
from squads_pipeline.drivers.registry import DRIVERS
from squads_pipeline.rules.formation import Target
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store.errors import IdempotencyConflictError
from tests.properties.ledger_model import TOKEN, Finding, Model
from tests.properties.living_economy import Economy
from tests.properties.watched_drivers import Watch

T = TypeVar("T")

POLICY = Policy(
    treasury_target_micro=6_000 * TOKEN,  # less than two seeds: arrears, and dividends that wait
    matching_pool_target_micro=400 * TOKEN,  # rounds that cap and scale down
    min_outcomes=2,
)
ANY = st.integers(0, 99)
"""Chooses among what there is, by its remainder."""
AMOUNTS = st.one_of(
    st.integers(1, 3 * TOKEN), st.integers(1, 120).map(lambda tokens: tokens * TOKEN), st.just(7_654_321)
)
TIDES = (7, 1, 25, 7, 49)
"""Hours between the runs that come by themselves."""
HOURS = st.sampled_from([0.2, *TIDES])

VERDICTS = st.sampled_from(["accept", "accept", "accept", "reject", None])
PPM = st.integers(0, 1_000_000)


def pick(options: Sequence[T], number: int) -> T | None:
    return options[number % len(options)] if options else None


class EconomyMachine(RuleBasedStateMachine):
    """Rules act on the economy and tell the model; the invariants compare."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.economy = Economy(connection, POLICY)
        self.model = Model(POLICY.treasury_target_micro, POLICY.matching_pool_target_micro)
        self.watch = Watch(self.economy, self.model)
        self.number = 0
        self.steps = 0
        self.repeatable: list[Callable[[], object]] = []
        self.acted = True

    def teardown(self) -> None:
        self.economy.end()

    def named(self, word: str) -> str:
        self.number += 1
        return f"{word}-{self.number}"

    def do(self, command: Callable[..., T], *arguments: Any, **named: Any) -> T | None:
        """Carry out a command that may be refused, a second later; None if it was."""
        self.acted = True
        self.economy.pass_time(timedelta(seconds=1))
        given: list[T] = []
        refusal = self.economy.refused(
            lambda connection: given.append(command(connection, *arguments, **named))
        )
        return None if refusal else given[0]

    def must(self, command: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Carry out a command that nothing stands against."""
        self.acted = True
        self.economy.pass_time(timedelta(seconds=1))
        return self.economy.do(command, *arguments, **named)

    @initialize()
    def begin(self) -> None:
        """Two squads at work, two that recruit around targets, and some money in all of them."""
        for agent in ("ada", "bo", "cy", "dee"):
            self._agent(agent, 300 * TOKEN)
        for agent, squad in (("ada", "heat"), ("bo", "cold")):
            self.must(forming.form, agent, charter="Find out.", squad=squad)
            for other in ("cy", "dee"):
                bid = self.must(joining.join, other, squad, pitch="I can help.").bid_id
                self.must(joining.decide, agent, bid, accept=True, rationale="so")
                self._give(other, squad, 9 * TOKEN + 1)
        self.must(targets.add_target, Target("gap", "warm", "Is it warm?", 700_001))
        self.must(targets.add_target, Target("gap", "mild", "Is it mild?", 900_000))
        self.economy.pass_time(timedelta(hours=25))
        for gap in ("squads_formed", "squad_rosters"):
            self.watch.drive(gap)

    def _agent(self, agent: str, micro: int) -> None:
        self.must(community.add_agent, agent, tokens_micro=micro)
        self.model.move("issuance", f"wallet:{agent}", micro)

    # Time, and the drivers, which also run by themselves every seven steps, so that every history goes on.

    @invariant()
    def the_pipeline_runs(self) -> None:
        self.steps += 1
        if self.steps % 7 == 0:
            self.everything_is_reconciled(TIDES[self.steps // 7 % len(TIDES)])

    @rule(hours=HOURS)
    def time_passes(self, hours: float) -> None:
        self.economy.pass_time(timedelta(hours=hours))

    @rule(number=ANY)
    def a_driver_runs(self, number: int) -> None:
        self.acted = True
        self.watch.drive(list(DRIVERS)[number % len(DRIVERS)])

    def everything_is_reconciled(self, hours: float) -> None:
        self.acted = True
        self.economy.pass_time(timedelta(hours=hours))
        for gap in DRIVERS:
            self.watch.drive(gap)

    # Who is there, and about what.

    @rule(micro=AMOUNTS)
    def an_agent_comes(self, micro: int) -> None:
        self._agent(self.named("agent"), micro)

    @rule(importance_ppm=st.integers(0, 1_000_000), number=ANY)
    def a_target_is_found(self, importance_ppm: int, number: int) -> None:
        kind = ("gap", "hypothesis")[number % 2]
        self.must(targets.add_target, Target(kind, self.named("target"), "Why?", importance_ppm))

    @rule(who=ANY)
    def an_agent_forms_a_squad(self, who: int) -> None:
        agent, squad = pick(self.economy.agents(), who), self.named("squad")
        form = partial(forming.form, agent=agent, charter="Find out.", squad=squad)
        assert self.must(form).status == "recruiting"
        self.repeatable.append(lambda: self._is_over(squad) or self.must(form).repeated)

    def _is_over(self, squad: str) -> bool:
        return squad in {one.id for one in self.economy.squads("disbanded")}

    @rule(who=ANY, where=ANY, how=ANY, role=st.sampled_from(["researcher", "reviewer", "observer"]))
    def an_agent_joins(self, who: int, where: int, how: int, role: str) -> None:
        agent = pick(self.economy.agents(), who)
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

    # Money.

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
        squad, agents = squads[where % len(squads)].id, self.economy.agents()
        for number in who:
            self._give(agents[number % len(agents)], squad, micro, sponsors=sponsors)

    def _give(self, agent: str, squad: str, micro: int, *, sponsors: bool = False) -> None:
        command, key = funding.sponsor if sponsors else funding.contribute, self.named("gift")
        gift = partial(command, agent=agent, squad=squad, key=key)
        may = squad in {one.id for one in self.economy.squads("recruiting", "active")}
        may &= self.model.balances[f"wallet:{agent}"] >= micro
        assert (self.do(gift, amount_micro=micro) is not None) == may
        if not may:
            return
        if sponsors:
            self.model.grant(f"wallet:{agent}", squad, micro)
        else:
            self.model.contribute(agent, squad, micro)
        self.repeatable.append(lambda: self.must(gift, amount_micro=micro).repeated)
        self.repeatable.append(lambda: self._conflicts(partial(gift, amount_micro=micro + 1)))

    def _conflicts(self, command: Callable[..., object]) -> bool:
        with pytest.raises(IdempotencyConflictError):
            self.must(command)
        return True

    @rule(who=ANY, where=st.lists(ANY, max_size=4), reserve=st.sampled_from([0, 0, 120 * TOKEN, 299 * TOKEN]))
    def an_agent_pledges(self, who: int, where: list[int], reserve: int) -> None:
        agent, squads = pick(self.economy.agents(), who), self.economy.squads("recruiting", "active")
        names = [squads[number % len(squads)].id for number in where] if squads else []
        pledge = partial(pledging.pledge, agent=agent, names=names, reserve_micro=reserve)
        self.must(pledge)

    @rule(who=ANY)
    def a_pledge_is_revoked(self, who: int) -> None:
        self.do(pledging.revoke, pick(self.economy.agents(), who))

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

    # Work, and its credit.

    @rule(which=ANY, who=ANY, verdict=VERDICTS, ppm=PPM, keyed=st.booleans())
    def a_member_works(self, which: int, who: int, verdict: str | None, ppm: int, keyed: bool) -> None:
        member = pick(self.economy.members("active"), which)
        if member is None:
            return
        if which % 3:
            self._find(member.agent_id, member.squad_id, ppm, verdict, who)
        else:
            self._log(member.agent_id, member.squad_id, self.named("entry") if keyed else None)

    def _log(self, agent: str, squad: str, key: str | None) -> None:
        log = partial(work.log, agent=agent, squad=squad, entry_type="note", title="A note", body="Noted.")
        self.must(log, key=key)
        self.model.entries.append((squad, agent))
        if key is not None:
            self.repeatable.append(lambda: self.must(log, key=key).repeated)

    def _find(self, agent: str, squad: str, ppm: int, verdict: str | None, reviewer: int) -> None:
        key = self.named("finding")
        find = partial(work.find, agent=agent, squad=squad, finding_type="evidence", title="It is", key=key)
        found = self.must(find, confidence_ppm=ppm)
        self.model.findings[found.finding_id] = Finding(squad, agent, ppm)
        self.repeatable.append(lambda: self.must(find, confidence_ppm=ppm).repeated)
        if verdict is not None:
            self._review(found.finding_id, reviewer, verdict, None)

    @rule(which=ANY, who=ANY, verdict=VERDICTS, ppm=st.none() | PPM)
    def a_finding_is_reviewed(self, which: int, who: int, verdict: str | None, ppm: int | None) -> None:
        query = "SELECT id FROM squads.squad_findings WHERE bubble_up_status = 'pending' ORDER BY id"
        finding = pick(self.economy.rows(query), which)
        if finding is not None:
            self._review(finding.id, who, verdict or "accept", ppm)

    def _review(self, finding: int, who: int, verdict: str, ppm: int | None) -> None:
        agents, known = self.economy.agents(), self.model.findings[finding]
        agent = agents[who % len(agents)]
        review = partial(work.review, agent=agent, finding_id=finding, verdict=verdict)
        said = self.do(review, rationale="read", confidence_ppm=ppm)
        assert said is None or agent != known.author
        if said is not None and not said.repeated:
            known.reviews.append((agent, verdict, ppm))

    @rule(what=ANY, kind=st.sampled_from(["cited", "replicated", "refuted", "adopted"]))
    def an_outcome_is_seen(self, what: int, kind: str) -> None:
        artifact, evidence = self._artifact(what), self.named("evidence")
        record = partial(outcomes.record, artifact_type=artifact[0], artifact_id=artifact[1], kind=kind)
        made = self.must(record, evidence=evidence, recorded_by="operator")
        self.model.outcomes[made.outcome_id] = (artifact, kind, self.economy.moment)
        self.repeatable.append(lambda: self.must(record, evidence=evidence, recorded_by="operator").repeated)

    def _artifact(self, number: int) -> tuple[str, str]:
        merged = [("finding", str(one)) for one, finding in self.model.findings.items() if finding.merged]
        found = pick([*merged, ("gap", "warm"), ("analysis", "a"), ("hypothesis", "h")], number)
        assert found is not None
        return found

    @rule(what=ANY, source=ANY)
    def an_artifact_is_derived(self, what: int, source: int) -> None:
        derived, origin = self._artifact(what), self._artifact(source)
        made = self.do(provenance.derive, ":".join(derived), ":".join(origin), recorded_by="operator")
        if made is not None and not made.repeated:
            self.model.derived.append((derived, origin, self.economy.moment))

    @rule(who=ANY, what=ANY)
    def an_agent_contributes_elsewhere(self, who: int, what: int) -> None:
        agent, artifact = pick(self.economy.agents(), who), self._artifact(what)
        if agent is None:
            return
        credit = partial(contributions_made.credit, agent=agent, artifact=":".join(artifact))
        self.must(credit, contribution_type="data", reference_id=self.named("set"), recorded_by="operator")
        self.model.made.append((agent, artifact, False, self.economy.moment))

    # Requests that come twice, and those that make no sense.

    @rule(which=ANY)
    def a_request_is_repeated(self, which: int) -> None:
        repeat = pick(self.repeatable, which)
        if repeat is not None:
            before = self.economy.writes()
            assert repeat()
            assert self.economy.writes() == before

    @rule(which=ANY, who=ANY, where=ANY)
    def nonsense_is_refused(self, which: int, who: int, where: int) -> None:
        agent = pick(self.economy.agents(), who)
        squads = self.economy.squads("forming", "recruiting", "active", "harvesting", "disbanded")
        squad = squads[where % len(squads)].id if squads else "none"
        command = NONSENSE[which % len(NONSENSE)]
        assert self.economy.refused(command, agent, squad) is not None

    @invariant()
    def the_ledger_is_the_models(self) -> None:
        held = {name: micro for name, micro in self.model.balances.items() if micro}
        assert self.economy.balances() == held
        assert sum(held.values()) == 0

    @invariant()
    def everything_holds(self) -> None:
        if self.acted:
            self.acted = False
            assert self.economy.broken() == []


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


def test_an_economy_lives(connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f"file:{tmp_path}/graph.jsonl")
    run_state_machine_as_test(
        partial(EconomyMachine, connection),
        settings=settings(
            max_examples=int(__import__("os").environ.get("N", "12")),
            stateful_step_count=40,
            derandomize="N" not in __import__("os").environ,
            deadline=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
