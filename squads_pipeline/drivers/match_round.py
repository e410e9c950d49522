"""Closes the gap of `qf_matches`: one matching round. What a squad is due is decided in `rules`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from squads_pipeline.drivers import units
from squads_pipeline.drivers.run import NOTHING, DriverRun, Outcome
from squads_pipeline.rules.policy import Policy, policy_id
from squads_pipeline.rules.quadratic import RULE_VERSION
from squads_pipeline.rules.rounds import Match, decide, mechanism_parameters, round_budget, weigh_standings
from squads_pipeline.store import gap_failures, gaps, ledger, locks, matching, policies, runs, top_up
from squads_pipeline.store.ledger import TransferRequest
from squads_pipeline.store.matching import Claimed
from squads_pipeline.store.stamp import Stamp
from squads_pipeline.store.top_up import Locked

NAME = "match_round"
GAP = "qf_matches"
_UNIT = "squad:"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a round goes by: the policy, the stamp of its facts, and the matching pool under its lock."""

    policy: Policy
    stamp: Stamp
    locked: Locked


def match_round(connection: Connection, run: DriverRun) -> Outcome:
    """Claim every contribution that waits, weigh the squads, and pay the matches; all or nothing.

    The lock on the matching pool lets one round run at a time; the gap is read again under it. Squads share one
    budget, so a squad whose data fails is not matched by itself later on: it is found by trial and put aside,
    and the round is what it would be without that squad. Its contributions wait for a round that can weigh it.
    """
    policy = policies.current(connection)
    stamp = Stamp(NAME, run.run_id, policy_id(policy), RULE_VERSION)
    locked = top_up.lock(connection, ledger.MATCHING_POOL, policy.matching_pool_target_micro)
    if not gaps.is_open(connection, GAP):
        return NOTHING
    terms = Terms(policy, stamp, locked)
    locks.lock_matchable_squads(connection)
    aside = {
        unit.removeprefix(_UNIT): error for unit, error in gap_failures.put_aside(connection, GAP).items()
    }
    try:
        outcome, failed = _round_if_any(connection, terms, aside), dict[str, str]()
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        failed = _failing(connection, terms, aside)
        if not failed:
            raise
        outcome = _round_if_any(connection, terms, aside | failed)
    _remember(connection, failed, aside, run)
    if failed:
        outcome = units.merged(outcome, Outcome(0, 0, {"units_failed": len(failed)}))
    return outcome


def _failing(connection: Connection, terms: Terms, aside: Mapping[str, str]) -> dict[str, str]:
    """The squads that no round can weigh or pay now, each with its error."""
    concerned = [squad for squad in matching.concerned(connection) if squad not in aside]

    def attempt(squads: Collection[str]) -> None:
        _round(connection, terms, {*concerned, *aside} - set(squads))

    return units.failing(connection, concerned, attempt)


def _remember(
    connection: Connection, failed: Mapping[str, str], aside: Mapping[str, str], run: DriverRun
) -> None:
    """Write which squads failed, and forget those that failed before and were weighed now."""
    errors = {_UNIT + squad: error for squad, error in failed.items()}
    gap_failures.record(connection, GAP, errors, run.run_id)
    gap_failures.forget_others(connection, GAP, [_UNIT + squad for squad in (*failed, *aside)])


def _round_if_any(connection: Connection, terms: Terms, without: Mapping[str, str]) -> Outcome:
    """Run a round without some squads, which have their errors; if then nothing waits, nothing is written."""
    with connection.begin_nested() as savepoint:
        outcome = _round(connection, terms, without)
        if not outcome.units:
            savepoint.rollback()
            return NOTHING
        matching.put_aside(connection, int(outcome.facts["round"]), without)
    return outcome


def _round(connection: Connection, terms: Terms, without: Collection[str]) -> Outcome:
    """Run a round over all squads but some."""
    policy = terms.policy
    minted_micro = top_up.mint(connection, terms.locked, policy.matching_pool_target_micro, terms.stamp)
    pool_micro = terms.locked.account.balance_micro + minted_micro
    budget_micro = round_budget(pool_micro, policy)
    round_id = matching.open_round(
        connection,
        mechanism=policy.mechanism,
        pool_before_micro=pool_micro,
        budget_micro=budget_micro,
        stamp=terms.stamp,
    )
    matching.restate_standings(connection, policy.dust_micro, without)
    claimed = matching.claim(connection, round_id, policy.dust_micro, without)
    matches = _decide(connection, policy, claimed, without, budget_micro)
    paid_micro = _pay(connection, round_id, matches, terms)
    matching.record_matches(connection, round_id, matches, terms.stamp)
    moved_micro = paid_micro + minted_micro
    runs.record(connection, units=len(claimed), moved_micro=moved_micro, stamp=terms.stamp)
    return Outcome(
        units=len(claimed),
        moved_micro=moved_micro,
        facts={
            "round": round_id,
            "contributions_claimed": sum(one.contributions for one in claimed.values()),
            "claimed_micro": sum(one.amount_micro for one in claimed.values()),
            "squads_weighed": len(matches),
            "squads_matched": sum(match.match_micro > 0 for match in matches),
            "due_micro": sum(match.due_micro for match in matches),
            "budget_micro": budget_micro,
            "matched_micro": paid_micro,
            "minted_micro": minted_micro,
        },
    )


def _decide(
    connection: Connection,
    policy: Policy,
    claimed: Mapping[str, Claimed],
    without: Collection[str],
    budget_micro: int,
) -> list[Match]:
    """What each squad is due and gets, of those with something due or something claimed."""
    standings = matching.standings(connection, without)
    weights = weigh_standings(
        standings,
        policy.mechanism,
        mechanism_parameters(policy),
        lambda squads: matching.totals(connection, squads, policy.dust_micro),
    )
    return [
        match
        for match in decide(standings, weights, budget_micro, policy)
        if match.due_micro > 0 or match.standing.squad_id in claimed
    ]


def _pay(connection: Connection, round_id: int, matches: list[Match], terms: Terms) -> int:
    """Post the matches as one batch; returns µT paid."""
    paid = [match for match in matches if match.match_micro > 0]
    if not paid:
        return 0
    pools = ledger.find_accounts(connection, [ledger.pool(match.standing.squad_id) for match in paid])
    ledger.lock_accounts(connection, [account.id for account in pools.values()])
    requests = [
        TransferRequest(
            kind="match",
            from_account_id=terms.locked.account.id,
            to_account_id=pools[ledger.pool(match.standing.squad_id)].id,
            amount_micro=match.match_micro,
            key=f"match:{round_id}:{match.standing.squad_id}:0",
        )
        for match in paid
    ]
    posted = ledger.post(connection, requests, terms.stamp)
    if posted.moved_micro != sum(match.match_micro for match in paid):
        raise AssertionError("a new round's matches were posted before")
    return posted.moved_micro
