"""How contributors' totals become a squad's weight: one function per mechanism, and their registry by name.

A mechanism knows no budget, cap or history. To add one, write a function of `Mechanism`'s type and name it in
`MECHANISMS`; the policy can then choose it.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isqrt
from types import MappingProxyType
from typing import Final

from squads_pipeline.rules.roots import ROOT_SCALE, exact_weight

DEFAULT_PAIRWISE_BOUND_MICRO: Final = 25_000_000
"""25 tokens: two agents who give 25 tokens each to the same things count half as a pair."""

Totals = Mapping[str, Mapping[str, int]]
"""squad → contributor → total in µT, every total positive."""


@dataclass(frozen=True, slots=True)
class MechanismParameters:
    """The numbers that some mechanism needs; each reads its own."""

    pairwise_bound_micro: int = DEFAULT_PAIRWISE_BOUND_MICRO

    def __post_init__(self) -> None:
        if type(self.pairwise_bound_micro) is not int:
            raise TypeError(f"pairwise_bound is an int in µT, not {self.pairwise_bound_micro!r}")
        if self.pairwise_bound_micro < 1:
            raise ValueError(f"pairwise_bound must be at least 1 µT, not {self.pairwise_bound_micro}")


Mechanism = Callable[[Totals, MechanismParameters], dict[str, int]]
"""Squads' totals → squads' weights in µT, an entry for each squad given."""


def quadratic(totals: Totals, _parameters: MechanismParameters) -> dict[str, int]:
    """Weigh a squad by ⌊(Σ√c)²⌋: the quadratic funding level (Buterin, Hitzig, Weyl 2019)."""
    return {squad: exact_weight(given.values()) for squad, given in totals.items()}


def clr(totals: Totals, parameters: MechanismParameters) -> dict[str, int]:
    """Weigh a squad by ⌊(Σ√c)²⌋ less Σc: what is missing between its contributions and the quadratic level.

    Never negative, as (Σ√c)² is Σc plus the products of all pairs.
    """
    return {
        squad: weight - sum(totals[squad].values()) for squad, weight in quadratic(totals, parameters).items()
    }


def pairwise(totals: Totals, parameters: MechanismParameters) -> dict[str, int]:
    """Weigh a squad by Σ 2·√(cᵢcⱼ)·M / (M + kᵢⱼ) over its pairs of contributors, floored.

    kᵢⱼ is Σ√(cᵢcⱼ) over all squads that the pair shares, M the bound in µT: the more two agents fund the same
    squads, the less their pair counts, so a ring of accounts is subsidised by at most 2·M per pair (Buterin
    2019, "Pairwise coordination subsidies: a new quadratic funding design"). M without limit gives `clr`.

    Terms are floored at ROOT_SCALE decimals before they are summed, so the result depends on no order and is
    at most 1 µT below the real number. Time grows with the square of a squad's contributors, memory with the
    pairs that one contributor is in.
    """
    unit = 10**ROOT_SCALE
    bound = parameters.pairwise_bound_micro * unit
    members = {squad: sorted(given) for squad, given in totals.items()}
    weights = dict.fromkeys(totals, 0)
    for one, squads in _squads_of(totals).items():
        # All pairs of one contributor with those who come later, so that each pair is seen once and whole.
        pairs = [pair for squad in squads for pair in _pair_roots(squad, totals[squad], members[squad], one)]
        overlap: Counter[str] = Counter()
        for _, other, size in pairs:
            overlap[other] += size
        for squad, other, size in pairs:
            weights[squad] += 2 * size * bound // (bound + overlap[other])
    return {squad: weight // unit for squad, weight in weights.items()}


def _squads_of(totals: Totals) -> Mapping[str, list[str]]:
    """Turn squad → contributors into contributor → squads."""
    squads_of: defaultdict[str, list[str]] = defaultdict(list)
    for squad, given in totals.items():
        for contributor in given:
            squads_of[contributor].append(squad)
    return squads_of


def _pair_roots(
    squad: str, given: Mapping[str, int], members: Sequence[str], one: str
) -> Iterator[tuple[str, str, int]]:
    """Yield (squad, other, ⌊√(cᵢcⱼ) · 10^ROOT_SCALE⌋) for each contributor to the squad who comes after one."""
    # The root of the product, not the product of roots: equal contributions then lose nothing.
    scaled = given[one] * 10 ** (2 * ROOT_SCALE)
    for other in members[bisect_right(members, one) :]:
        yield squad, other, isqrt(scaled * given[other])


MECHANISMS: Final[Mapping[str, Mechanism]] = MappingProxyType(
    {"quadratic": quadratic, "clr": clr, "pairwise": pairwise}
)


def weigh(totals: Totals, mechanism: str, parameters: MechanismParameters) -> dict[str, int]:
    """Return each squad's weight in µT under the named mechanism. Raises ValueError if there is none."""
    if mechanism not in MECHANISMS:
        raise ValueError(f"unknown mechanism {mechanism!r}; choose one of {', '.join(MECHANISMS)}")
    return MECHANISMS[mechanism](totals, parameters)
