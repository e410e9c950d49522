"""Closes the gap of `squad_rosters`: edges that squads take by themselves, and bids that rules decide."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from squads_pipeline.commands.leading import fill_leads
from squads_pipeline.drivers.run import NOTHING, DriverRun, Outcome
from squads_pipeline.drivers.units import MOST, close_due
from squads_pipeline.rules.bids import Fate, carried_out, fate_of_bid
from squads_pipeline.rules.judgement import NOBODY, Judge
from squads_pipeline.rules.lifecycle import ACTIVATED, EXTENDED, HARVESTED, OPENED
from squads_pipeline.rules.policy import Policy, policy_id
from squads_pipeline.rules.rosters import RULE_VERSION, Step, next_step
from squads_pipeline.store import members, policies, rosters, runs, squad_events
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.store.members import Decision
from squads_pipeline.store.stamp import Stamp

NAME = "fill_rosters"
GAP = "squad_rosters"

_SQUAD, _BID = "squad:", "bid:"
_COUNTED = {OPENED: "opened", EXTENDED: "extended", ACTIVATED: "activated", HARVESTED: "harvests_begun"}


def fill_rosters(connection: Connection, run: DriverRun, judge: Judge = NOBODY) -> Outcome:
    """Take the edges that are due, and decide the bids that rules decide, or that a judge has an answer to.

    By default nobody is asked: a bid waits for a person or an agent, and lapses when its time is over.
    """
    policy = policies.current(connection)
    stamp = Stamp(NAME, run.run_id, policy_id(policy), RULE_VERSION)
    outcome = _judge(connection, judge, policy)
    # What a judge decided holds squads; those of the gap come in a run of their own, so that the order of locks holds.
    if not outcome.units:
        outcome = close_due(connection, GAP, run, partial(_close, connection, policy, stamp))
    if outcome.units:
        runs.record(connection, units=outcome.units, moved_micro=0, stamp=stamp)
    return outcome


def _close(connection: Connection, policy: Policy, stamp: Stamp, units: Sequence[str]) -> Outcome:
    """Close some units, squads before bids: what a squad becomes decides about the bids for it."""
    squads = [unit.removeprefix(_SQUAD) for unit in units if unit.startswith(_SQUAD)]
    bids = [int(unit.removeprefix(_BID)) for unit in units if unit.startswith(_BID)]
    rosters.lock(connection, squads, bids)
    steps = _step(connection, squads, policy, stamp)
    fates = _decide(connection, bids, policy)
    done = {_SQUAD + squad for squad in steps} | {f"{_BID}{bid}" for bid in fates}
    _require_closed(connection, [unit for unit in units if unit not in done])
    counted = Counter(_COUNTED[step.edge] for step in steps.values())
    counted.update(f"bids_{fate.status}" for fate in fates.values())
    return Outcome(len(done), 0, dict(counted)) if done else NOTHING


def _step(connection: Connection, squads: Sequence[str], policy: Policy, stamp: Stamp) -> dict[str, Step]:
    """Take the edges that the rule finds for locked squads; squad → what it took."""
    found = {one.squad_id: next_step(one, policy) for one in rosters.standings(connection, squads)}
    steps = {squad: step for squad, step in found.items() if step is not None}
    for step in dict.fromkeys(steps.values()):
        _take(connection, [squad for squad, taken in steps.items() if taken == step], step, policy, stamp)
    return steps


def _take(connection: Connection, squads: Sequence[str], step: Step, policy: Policy, stamp: Stamp) -> None:
    """Let squads take an edge; an activation also finds who leads."""
    if step.edge in (OPENED, EXTENDED):
        rosters.recruit(connection, squads, policy.recruit_window_seconds)
    elif step.edge == ACTIVATED:
        rosters.activate(connection, squads, policy.active_window_seconds)
        fill_leads(connection, squads)
    else:
        rosters.harvest(connection, squads)
    squad_events.record(connection, squads, [step.edge], reason=step.reason, actor=NAME, stamp=stamp)


def _decide(connection: Connection, bids: Sequence[int], policy: Policy) -> dict[int, Fate]:
    """Decide the pending bids of locked squads whose fate the rule knows; bid → fate."""
    found = {one.bid_id: fate_of_bid(one, policy.max_members) for one in members.waiting(connection, bids)}
    fates = {bid: fate for bid, fate in found.items() if fate is not None}
    members.decide(connection, [Decision(bid, fate.status, NAME, fate.reason) for bid, fate in fates.items()])
    return fates


def _require_closed(connection: Connection, untouched: Sequence[str]) -> None:
    """Make sure that what was left alone is no longer missing: view and rule must not differ in silence."""
    left = rosters.still_due(connection, untouched)
    if left:
        unit, reason = next(iter(left.items()))
        raise RefusedError(
            f"The gap says of {unit} that {reason}, and no rule closes it", "Look at the squad's row."
        )


def _judge(connection: Connection, judge: Judge, policy: Policy) -> Outcome:
    """Decide what a judge has an answer to; it is asked before anything is locked."""
    if judge is NOBODY:
        return NOTHING
    asked = {
        one.bid_id: judge.fit_of_bid(charter=one.charter, pitch=one.pitch, role=one.role)
        for one in members.questions(connection, MOST)
    }
    verdicts = {bid: verdict for bid, verdict in asked.items() if verdict is not None}
    rosters.lock(connection, [], list(verdicts))
    waiting = members.waiting(connection, list(verdicts))
    carried = carried_out(waiting, verdicts, policy.max_members)
    decisions = [
        Decision(bid, "accepted" if one.accept else "declined", one.judge, one.rationale, one.fit_ppm)
        for bid, one in carried.items()
    ]
    members.decide(connection, decisions)
    fill_leads(connection, sorted({one.squad_id for one in waiting if one.status == "active"}))
    counted = Counter(f"bids_{one.status}" for one in decisions)
    return Outcome(len(decisions), 0, dict(counted))
