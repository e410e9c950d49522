"""How contributors' totals become a squad's weight: one function per mechanism, and their registry by name.

A mechanism knows no budget, cap or history. To add one, write a function of `Mechanism`'s type and name it in
`MECHANISMS`; the policy can then choose it.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isqrt
from types import MappingProxyType
from typing import Final, NamedTuple

from squads_pipeline.rules.roots import ROOT_SCALE, exact_weight

DEFAULT_PAIRWISE_BOUND_MICRO: Final = 25_000_000
"""25 tokens: two agents who give 25 tokens each to the same things count half as a pair."""

_FEW_AMOUNTS: Final = 300
"""Up to so many different amounts roots of their products are remembered: at most 45,150, in some 20 MB."""

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
    terms = _terms(totals, parameters.pairwise_bound_micro)
    weights = dict.fromkeys(totals, 0)
    # All pairs of one contributor with those who come later, so that each pair is seen once and whole.
    for rows in _rows_of_each(totals):
        for squad, weight in _weights_of(rows, terms):
            weights[squad] += weight
    return {squad: weight // 10**ROOT_SCALE for squad, weight in weights.items()}


class _Row(NamedTuple):
    """A contributor's pairs in a squad with those who come after it: who they are, and cᵢcⱼ."""

    squad: str
    others: Sequence[str]
    products: Sequence[int]


class _Terms(NamedTuple):
    """What a pair comes to, in units of 10^-ROOT_SCALE µT.

    Attributes:
        root: √(cᵢcⱼ), floored, of cᵢcⱼ.
        shared: the pair's term in a squad, of its root there and kᵢⱼ.
        alone: the term of a pair that shares one squad, as most do, of cᵢcⱼ: kᵢⱼ is the root then.
    """

    root: Callable[[int], int]
    shared: Callable[[int, int], int]
    alone: Callable[[int], int]


def _terms(totals: Totals, bound_micro: int) -> _Terms:
    """Where few amounts are given, the same products come again and again: roots are remembered then."""
    square = 10 ** (2 * ROOT_SCALE)
    bound = bound_micro * 10**ROOT_SCALE
    amounts = {amount for given in totals.values() for amount in given.values()}
    remembered: Callable[[Callable[[int], int]], Callable[[int], int]]
    remembered = cache if len(amounts) <= _FEW_AMOUNTS else lambda function: function
    # The root of the product, not the product of roots: equal contributions then lose nothing.
    root = remembered(lambda product: isqrt(product * square))

    def shared(size: int, overlap: int) -> int:
        return 2 * size * bound // (bound + overlap)

    def alone(product: int) -> int:
        size = root(product)
        return shared(size, size)

    return _Terms(root, shared, remembered(alone))


def _weights_of(rows: Sequence[_Row], terms: _Terms) -> Iterator[tuple[str, int]]:
    """Yield what a contributor's pairs add to each of its squads."""
    again = _met_again(rows)
    mixed = []
    for row in rows:
        if again.isdisjoint(row.others):
            yield row.squad, sum(map(terms.alone, row.products))
        else:
            mixed.append((row, list(map(terms.root, row.products))))
    overlap = _overlaps(again, mixed)
    for row, sizes in mixed:
        # Whom the contributor meets once shares with it what this root is.
        yield row.squad, sum(map(terms.shared, sizes, map(overlap.get, row.others, sizes)))


def _rows_of_each(totals: Totals) -> Iterator[list[_Row]]:
    """Yield the pairs of one contributor after the other, squad by squad."""
    members = {squad: sorted(given) for squad, given in totals.items()}
    amounts = {squad: [totals[squad][name] for name in names] for squad, names in members.items()}
    for one, squads in _squads_of(totals).items():
        rows = []
        for squad in squads:
            later = bisect_right(members[squad], one)
            own = totals[squad][one]
            products = [own * amount for amount in amounts[squad][later:]]
            rows.append(_Row(squad, members[squad][later:], products))
        yield rows


def _met_again(rows: Sequence[_Row]) -> set[str]:
    """Those whom a contributor meets in several squads."""
    met: set[str] = set()
    again: set[str] = set()
    for row in rows:
        again |= met.intersection(row.others)
        met.update(row.others)
    return again


def _overlaps(again: set[str], mixed: Iterable[tuple[_Row, Sequence[int]]]) -> dict[str, int]:
    """Sum the roots of each pair that shares several squads."""
    overlap = dict.fromkeys(again, 0)
    for row, sizes in mixed:
        for other, size in zip(row.others, sizes, strict=True):
            if other in again:
                overlap[other] += size
    return overlap


def _squads_of(totals: Totals) -> Mapping[str, list[str]]:
    """Turn squad → contributors into contributor → squads."""
    squads_of: defaultdict[str, list[str]] = defaultdict(list)
    for squad, given in totals.items():
        for contributor in given:
            squads_of[contributor].append(squad)
    return squads_of


MECHANISMS: Final[Mapping[str, Mechanism]] = MappingProxyType(
    {"quadratic": quadratic, "clr": clr, "pairwise": pairwise}
)


def weigh(totals: Totals, mechanism: str, parameters: MechanismParameters) -> dict[str, int]:
    """Return each squad's weight in µT under the named mechanism. Raises ValueError if there is none."""
    if mechanism not in MECHANISMS:
        raise ValueError(f"unknown mechanism {mechanism!r}; choose one of {', '.join(MECHANISMS)}")
    return MECHANISMS[mechanism](totals, parameters)
