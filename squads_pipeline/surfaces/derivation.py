"""The tree of what a payment rests on, from stored facts; what rules give again is marked equal or different."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from squads_pipeline.rules import formation
from squads_pipeline.rules.money import format_tokens
from squads_pipeline.rules.pledges import amount_micro as pledge_amount
from squads_pipeline.rules.roots import root
from squads_pipeline.rules.rounds import decide, round_budget, weight_from_sums
from squads_pipeline.store import derivations, ledger, policies, rounds
from squads_pipeline.store.derivations import Given, Moved
from squads_pipeline.surfaces.nodes import MOST, Node, by_kind, in_short


def of_transfer(connection: Connection, moved: Moved) -> Node:
    """Why a transfer was made, down to the facts."""
    explain = _BY_KIND.get(moved.kind, _as_asked)
    said = (
        f"transfer {moved.id}: {moved.kind} of {format_tokens(moved.amount_micro)} from {moved.payer} "
        f"to {moved.receiver}, {moved.posted_at:%Y-%m-%d %H:%M} UTC"
    )
    facts = {
        "transfer": moved.id,
        "kind": moved.kind,
        "from": moved.payer,
        "to": moved.receiver,
        "amount_micro": moved.amount_micro,
        "key": moved.key,
        "reason": moved.reason,
        "posted_at": moved.posted_at.isoformat(),
        "policy": moved.policy_id,
        "driver": moved.driver,
    }
    return Node(said, facts, explain(connection, moved))


def _as_asked(_: Connection, moved: Moved) -> list[Node]:
    return [Node(f"{moved.driver}: {moved.because}", {"because": moved.because})]


def _checked(name: str, stored: int, recomputed: int) -> Node:
    """A number that the rules give again from what is stored."""
    verdict = "equal" if stored == recomputed else "different"
    said = f"recomputed {name}: {format_tokens(recomputed)}, {verdict}"
    return Node(said, {"recomputed": name, f"{name}_micro": recomputed, "verdict": verdict})


def _match(connection: Connection, moved: Moved) -> list[Node]:
    round_id, squad = int(moved.key.split(":")[1]), moved.receiver_owner or ""
    found = derivations.round_of(connection, round_id)
    stored = rounds.decided(connection, round_id)
    if found is None or squad not in stored:
        return _as_asked(connection, moved)
    policy, one = policies.by_id(connection, found["policy_id"]), stored[squad]
    standings = [each.standing for each in stored.values()]
    certain = {each.squad_id: weight_from_sums(each, found["mechanism"]) for each in standings}
    weights = {
        name: stored[name].weight_micro if weight is None else weight for name, weight in certain.items()
    }
    again = {
        each.standing.squad_id: each for each in decide(standings, weights, found["budget_micro"], policy)
    }
    opened = Node(
        f"round {round_id}, {found['mechanism']}, policy {found['policy_id']}: the matching pool held "
        f"{format_tokens(found['pool_before_micro'])}, the budget was {format_tokens(found['budget_micro'])}",
        {"round": round_id, **{name: value for name, value in found.items() if name.endswith("_micro")}},
        [_checked("budget", found["budget_micro"], round_budget(found["pool_before_micro"], policy))],
    )
    decided = Node(
        f"weight {format_tokens(one.weight_micro)}, matched before {format_tokens(one.standing.matched_micro)}, "
        f"due {format_tokens(one.due_micro)}, cap {format_tokens(one.cap_micro)}: {one.reason}",
        {
            "weight_micro": one.weight_micro,
            "matched_before_micro": one.standing.matched_micro,
            "due_micro": one.due_micro,
            "cap_micro": one.cap_micro,
            "match_micro": one.match_micro,
            "reason": one.reason,
        },
        [
            _checked("weight", one.weight_micro, weights[squad]),
            _checked("due", one.due_micro, again[squad].due_micro),
            _checked("match", moved.amount_micro, again[squad].match_micro),
        ],
    )
    return [
        opened,
        decided,
        _contributors(connection, round_id, squad, policy.dust_micro, one.standing.root_sum),
    ]


def _contributors(connection: Connection, round_id: int, squad: str, dust_micro: int, root_sum: int) -> Node:
    """Those whose money counted, with their totals and roots, and their contributions below them."""
    by_agent: dict[str, list[Given]] = {}
    for one in derivations.given(connection, round_id, squad):
        by_agent.setdefault(one.agent_id, []).append(one)
    totals = {agent: sum(each.amount_micro for each in gifts) for agent, gifts in by_agent.items()}
    weighing = {agent: total for agent, total in totals.items() if total >= max(dust_micro, 1)}
    verdict = "equal" if sum(map(root, weighing.values())) == root_sum else "different"
    order = sorted(totals, key=lambda agent: (-totals[agent], agent))
    nodes = [_contributor(agent, totals[agent], by_agent[agent], agent in weighing) for agent in order[:MOST]]
    if len(order) > MOST:
        nodes.append(Node(f"… and {len(order) - MOST:,} more"))
    said = f"{len(weighing):,} contributors; recomputed sum of roots: {verdict}"
    return Node(said, {"contributors": len(weighing), "root_sum": str(root_sum), "verdict": verdict}, nodes)


def _contributor(agent: str, total: int, gifts: Sequence[Given], weighs: bool) -> Node:
    # A root in √µT, of which a thousand are √token.
    scaled = f"{root(total) // 10**15 / 10**6:,.6f}" if weighs else "dust, weighs nothing"
    gave = [
        Node(
            f"transfer {one.transfer_id}: {format_tokens(one.amount_micro)}, claimed by round {one.round_id}",
            {"transfer": one.transfer_id, "amount_micro": one.amount_micro, "round": one.round_id},
        )
        for one in sorted(gifts, key=lambda one: (-one.amount_micro, one.transfer_id))[:MOST]
    ]
    if len(gifts) > MOST:
        gave.append(Node(f"… and {len(gifts) - MOST:,} more"))
    facts = {"agent": agent, "total_micro": total, "root": str(root(total)) if weighs else None}
    return Node(f"{agent}: {format_tokens(total)} in all, root {scaled}", facts, gave)


def _contribution(connection: Connection, moved: Moved) -> list[Node]:
    paid = derivations.pledge_of(connection, moved.id)
    if paid is None:
        return [Node(f"given by {moved.payer_owner}: {moved.because}", {"agent": moved.payer_owner})]
    policy = policies.by_id(connection, paid["policy_id"])
    again = pledge_amount(paid["balance_before_micro"], paid["reserve_micro"], policy)
    names = ", ".join(map(str, paid["squads"])) or "any squad"
    said = (
        f"pledge {paid['pledge_id']} to {names}, reserve {format_tokens(paid['reserve_micro'])}: cycle "
        f"{paid['cycle']}, place {paid['slot']}, the wallet held {format_tokens(paid['balance_before_micro'])}"
    )
    facts = {
        name: paid[name] for name in ("pledge_id", "cycle", "slot", "balance_before_micro", "reserve_micro")
    }
    return [Node(said, facts, [_checked("amount", moved.amount_micro, again)])]


def _seed(connection: Connection, moved: Moved) -> list[Node]:
    formed = derivations.formation_of(connection, moved.receiver_owner or "")
    if formed is None:
        return _as_asked(connection, moved)
    rate = policies.by_id(connection, formed["policy_id"]).seed_rate_micro
    said = (
        f"target {formed['artifact_type']} {formed['artifact_id']} of importance "
        f"{format_tokens(formed['importance_ppm'])} at a rate of {format_tokens(rate)}: "
        f"seed {format_tokens(formed['seed_micro'])}"
    )
    again = formation.seed_micro(formed["importance_ppm"], rate)
    return [Node(said, {**formed, "seed_rate_micro": rate}, [_checked("seed", formed["seed_micro"], again)])]


def _payout(connection: Connection, moved: Moved) -> list[Node]:
    squad, agent = moved.payer_owner or "", moved.receiver_owner or ""
    pool = derivations.distribution_of(connection, squad)
    share = derivations.share_of(connection, squad, agent)
    if pool is None or share is None:
        return _as_asked(connection, moved)
    policy = policies.by_id(connection, share["policy_id"])
    points = {
        "journal entries": (share["journal_entries"], policy.points_per_entry),
        "findings authored": (share["findings_authored"], policy.points_per_finding),
        "confidence of merged findings": (share["merged_confidence"], policy.points_per_merged),
        "reviews": (share["reviews"], policy.points_per_review),
    }
    scored = [
        Node(f"{count} {name} of {each} points", {name: str(count)}) for name, (count, each) in points.items()
    ]
    checks = []
    if pool["manner"] == "by_score" and pool["total_score"]:
        part = pool["pool_micro"] * int(share["score"] * 10**6) // int(pool["total_score"] * 10**6)
        checks.append(_checked("share", moved.amount_micro, part + share["rounded_up"]))
    return [
        Node(
            f"the pool of {squad}, {format_tokens(pool['pool_micro'])}, was shared out {pool['manner']}, "
            f"total score {pool['total_score']}",
            {
                "manner": pool["manner"],
                "pool_micro": pool["pool_micro"],
                "total_score": str(pool["total_score"]),
            },
            [_grants(connection, squad)],
        ),
        Node(
            f"{agent}, {share['role']}: score {share['score']}",
            {"agent": agent, "role": share["role"], "score": str(share["score"])},
            [*scored, *checks],
        ),
    ]


def _grants(connection: Connection, squad: str) -> Node:
    """What filled a pool, by kind; matches with all that they rest on."""
    account = ledger.pool(squad)
    came = [one for one in derivations.of_account(connection, account) if one.receiver == account]
    return Node(
        f"filled by {format_tokens(sum(one.amount_micro for one in came))}",
        {"granted_micro": sum(one.amount_micro for one in came)},
        by_kind(came, lambda one: of_transfer(connection, one) if one.kind == "match" else in_short(one)),
    )


def _dividend(connection: Connection, moved: Moved) -> list[Node]:
    parts = moved.key.split(":")
    number = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else -1
    paid = derivations.dividend_of(connection, number, moved.receiver_owner or "")
    if paid is None:
        return _as_asked(connection, moved)
    steps = [
        Node(", ".join(f"{name} {value}" for name, value in one.items()), one) for one in paid["derivation"]
    ]
    return [
        Node(
            f"outcome {paid['id']}: {paid['artifact_type']}:{paid['artifact_id']} was {paid['kind']} "
            f"({paid['evidence']}), worth {format_tokens(paid['amount_micro'])} to {paid['agents']} agents",
            {name: paid[name] for name in ("id", "kind", "artifact_type", "artifact_id", "amount_micro")},
        ),
        Node(
            f"{paid['contributions']} contributions, {paid['via_squad']} through squads, weight {paid['weight']}",
            {"contributions": paid["contributions"], "weight": str(paid["weight"])},
            steps,
        ),
    ]


def _refund(connection: Connection, moved: Moved) -> list[Node]:
    pool = derivations.distribution_of(connection, moved.payer_owner or "")
    if pool is None:
        return _as_asked(connection, moved)
    said = f"the pool held {format_tokens(pool['pool_micro'])} and had nobody to pay: {pool['manner']}"
    return [Node(said, {"manner": pool["manner"], "pool_micro": pool["pool_micro"]})]


_BY_KIND: Final[Mapping[str, Callable[[Connection, Moved], list[Node]]]] = {
    "match": _match,
    "contribution": _contribution,
    "seed": _seed,
    "payout": _payout,
    "dividend": _dividend,
    "refund": _refund,
}
