"""What the policy learns from outcomes: payouts against credit, and one proposal. No SQL. Reviewers: `reviewers`.

Payouts of harvests are compared with what the agents were credited for when outcomes came in. The proposal is the
one weight of a score, moved by one step, under which the same work would have been paid more as it turned out to be
worth. It is a step and not a leap, because the next calibration sees what became of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from squads_pipeline.rules.apportion import apportion
from squads_pipeline.rules.millionths import format_ppm
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.policy_schema import parameters
from squads_pipeline.rules.ranks import doubled_ranks, rank_correlation_ppm
from squads_pipeline.rules.reviewers import Judged, Reviewer, rate
from squads_pipeline.rules.scoring import Work, score_ppm

RULE_VERSION: Final = "1"

WEIGHTS: Final = ("points_per_entry", "points_per_finding", "points_per_merged", "points_per_review")
"""The parameters that may be proposed to change: the weights of a member's score."""

STEP: Final = 5
"""A step is a fifth of a weight, at least one point."""

LEAST_AGENTS: Final = 5
"""Of fewer agents a rank correlation says nothing."""

LEAST_GAIN_PPM: Final = 20_000
"""A change is proposed if it raises the rank correlation by this much, 0.02."""


@dataclass(frozen=True, slots=True)
class Member(Work):
    """What a member did in a squad, and what it was paid, in µT."""

    paid_micro: int


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool that was shared out among members, in µT."""

    squad_id: str
    pool_micro: int
    members: Sequence[Member]


@dataclass(frozen=True, slots=True)
class Compared:
    """An agent's payouts and credit in µT, with twice the rank of each."""

    agent_id: str
    paid_micro: int
    credit_micro: int
    paid_rank_doubled: int
    credit_rank_doubled: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A weight moved by one step, and the rank correlation that the same work would have had."""

    parameter: str
    value: int
    correlation_ppm: int | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was found, and what is proposed: None, with the reason, if the evidence asks for nothing."""

    correlation_ppm: int | None
    agents: Sequence[Compared]
    reviewers: Sequence[Reviewer]
    candidates: Sequence[Candidate]
    proposal: Candidate | None
    reason: str


def calibrate(
    pools: Sequence[Pool], credit_micro: Mapping[str, int], judged: Iterable[Judged], policy: Policy
) -> Calibration:
    """Compare what was paid under a policy with what became of the work, and propose at most one change.

    Args:
        pools: those shared out under the policy's weights.
        credit_micro: agent → dividends so far, µT. A refutation takes nothing from it: it pays nothing.
        judged: reviews of findings of which it is known what became.
        policy: gave the payouts.
    """
    paid = _totals(pools, {pool.squad_id: [one.paid_micro for one in pool.members] for pool in pools})
    agents = sorted(paid)
    credit = [credit_micro.get(agent, 0) for agent in agents]
    payouts = [paid[agent] for agent in agents]
    ranks = zip(agents, payouts, credit, doubled_ranks(payouts), doubled_ranks(credit), strict=True)
    correlation = rank_correlation_ppm(payouts, credit)
    candidates: list[Candidate] = []
    if correlation is not None and len(agents) >= LEAST_AGENTS:
        candidates = [
            replace(one, correlation_ppm=_correlation(pools, credit_micro, proposed(policy, one)))
            for one in steps(policy)
        ]
    proposal, reason = _choose(len(agents), correlation, candidates)
    return Calibration(
        correlation, [Compared(*one) for one in ranks], rate(judged), candidates, proposal, reason
    )


def steps(policy: Policy) -> list[Candidate]:
    """Each weight moved one step up and one down, as far as its bounds allow; not compared yet."""
    kinds = {name: parameter.kind for name, parameter in parameters()}
    moved = []
    for name in WEIGHTS:
        value = getattr(policy, name)
        step = max(1, value // STEP)
        moved += [
            Candidate(name, there, None)
            for there in (value + step, value - step)
            if kinds[name].within(there)
        ]
    return moved


def proposed(policy: Policy, change: Candidate) -> Policy:
    """The policy with one weight changed."""
    changes: dict[str, int] = {change.parameter: change.value}
    return replace(policy, **changes)  # type: ignore[arg-type]  # a weight is a whole number


def shares(pool: Pool, policy: Policy) -> list[int]:
    """What a policy's weights give the members of a pool, µT: by score, or equal parts if nobody has any."""
    scores = [score_ppm(member, policy) for member in pool.members]
    if not any(scores):
        scores = [int(member.role != "observer") for member in pool.members]
    return apportion(pool.pool_micro, scores) if any(scores) else [0] * len(scores)


def _totals(pools: Iterable[Pool], paid: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """Agent → µT over all pools."""
    totals: dict[str, int] = defaultdict(int)
    for pool in pools:
        for member, share in zip(pool.members, paid[pool.squad_id], strict=True):
            totals[member.agent_id] += share
    return totals


def _correlation(pools: Sequence[Pool], credit_micro: Mapping[str, int], policy: Policy) -> int | None:
    paid = _totals(pools, {pool.squad_id: shares(pool, policy) for pool in pools})
    return rank_correlation_ppm(list(paid.values()), [credit_micro.get(agent, 0) for agent in paid])


def _choose(
    agents: int, correlation: int | None, candidates: Sequence[Candidate]
) -> tuple[Candidate | None, str]:
    """The best step if it is worth it, the earlier parameter first among equals; and why."""
    if agents < LEAST_AGENTS:
        return None, f"payouts of {agents} agents are too few to compare; it takes {LEAST_AGENTS}"
    if correlation is None:
        return None, "payouts or credit are the same for all, so that nothing follows"
    known = [(one.correlation_ppm, one) for one in candidates if one.correlation_ppm is not None]
    best_ppm, best = max(known, key=lambda one: one[0], default=(correlation, None))
    gain = best_ppm - correlation
    if best is None or gain < LEAST_GAIN_PPM:
        return None, f"no step raises the rank correlation by {format_ppm(LEAST_GAIN_PPM)} or more"
    return (
        best,
        f"the rank correlation would have been {format_ppm(best_ppm)} instead of {format_ppm(correlation)}",
    )
