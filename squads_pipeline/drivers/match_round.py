"""Closes the gap of `qf_matches`: one matching round. What a squad is due is decided in `rules`."""

from sqlalchemy import Connection

from squads_pipeline.drivers.run import NOTHING, DriverRun, Outcome
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.rules.quadratic import RULE_VERSION
from squads_pipeline.rules.rounds import Match, decide, mechanism_parameters, round_budget, weigh_standings
from squads_pipeline.store import gaps, ledger, matching, policies, runs, top_up
from squads_pipeline.store.ledger import TransferRequest
from squads_pipeline.store.stamp import Stamp

NAME = "match_round"


def match_round(connection: Connection, run: DriverRun) -> Outcome:
    """Claim every contribution that waits, weigh the squads, and pay the matches; all or nothing.

    The lock on the matching pool lets one round run at a time; the gap is read again under it.
    """
    policy = policies.current(connection)
    stamp = Stamp(NAME, run.run_id, policy_id(policy), RULE_VERSION)
    locked = top_up.lock(connection, ledger.MATCHING_POOL, policy.matching_pool_target_micro)
    if not gaps.is_open(connection, "qf_matches"):
        return NOTHING
    matching.lock_matchable_squads(connection)
    minted_micro = top_up.mint(connection, locked, policy.matching_pool_target_micro, stamp)
    pool_micro = locked.account.balance_micro + minted_micro
    budget_micro = round_budget(pool_micro, policy)
    round_id = matching.open_round(
        connection,
        mechanism=policy.mechanism,
        pool_before_micro=pool_micro,
        budget_micro=budget_micro,
        stamp=stamp,
    )
    matching.restate_standings(connection, policy.dust_micro)
    claimed = matching.claim(connection, round_id, policy.dust_micro)
    standings = matching.standings(connection)
    weights = weigh_standings(
        standings,
        policy.mechanism,
        mechanism_parameters(policy),
        lambda squads: matching.totals(connection, squads, policy.dust_micro),
    )
    matches = [
        match
        for match in decide(standings, weights, budget_micro, policy)
        if match.due_micro > 0 or match.standing.squad_id in claimed
    ]
    paid_micro = _pay(connection, round_id, matches, locked.account.id, stamp)
    matching.record_matches(connection, round_id, matches, stamp)
    runs.record(connection, units=len(claimed), moved_micro=paid_micro + minted_micro, stamp=stamp)
    return Outcome(
        units=len(claimed),
        moved_micro=paid_micro + minted_micro,
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


def _pay(
    connection: Connection, round_id: int, matches: list[Match], matching_pool_id: int, stamp: Stamp
) -> int:
    """Post the matches as one batch; returns µT paid."""
    paid = [match for match in matches if match.match_micro > 0]
    if not paid:
        return 0
    pools = ledger.find_accounts(connection, [ledger.pool(match.standing.squad_id) for match in paid])
    ledger.lock_accounts(connection, [account.id for account in pools.values()])
    requests = [
        TransferRequest(
            kind="match",
            from_account_id=matching_pool_id,
            to_account_id=pools[ledger.pool(match.standing.squad_id)].id,
            amount_micro=match.match_micro,
            key=f"match:{round_id}:{match.standing.squad_id}:0",
        )
        for match in paid
    ]
    posted = ledger.post(connection, requests, stamp)
    if posted.moved_micro != sum(match.match_micro for match in paid):
        raise AssertionError("a new round's matches were posted before")
    return posted.moved_micro
