"""Dividends: how far credit goes back, what a contribution weighs, who gets what. No SQL, no clock, no floats.

Weights are exact fractions. They become integers over their common denominator where money is divided, so that
neither the order of rows nor a query plan can change a digit.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from operator import attrgetter
from types import MappingProxyType
from typing import Final

from squads_pipeline.rules.apportion import apportion
from squads_pipeline.rules.artifacts import Artifact
from squads_pipeline.rules.policy import Policy

RULE_VERSION: Final = "1"

PAID: Final = "paid"
REFUTED: Final = "refuted"
NOBODY: Final = "nobody to credit"
WORTHLESS: Final = "worth nothing under the policy"

_AMOUNTS: Final[Mapping[str, Callable[[Policy], int]]] = MappingProxyType(
    {
        "cited": attrgetter("dividend_cited_micro"),
        "replicated": attrgetter("dividend_replicated_micro"),
        "adopted": attrgetter("dividend_adopted_micro"),
        "refuted": lambda _: 0,
    }
)


@dataclass(frozen=True, slots=True, order=True)
class Credit:
    """What an agent did for one artifact on the way back from an outcome.

    Attributes:
        agent_id: who.
        artifact: for what.
        hops: steps of provenance from the outcome's artifact, the fewest there are.
        refutations: how often the artifact was refuted before the outcome was recorded.
        contributions: the agent's contributions to it, at least one.
        via_squad: how many of them were made through a squad.
    """

    agent_id: str
    artifact: Artifact
    hops: int
    refutations: int
    contributions: int
    via_squad: int

    def __post_init__(self) -> None:
        if min(self.hops, self.refutations, self.via_squad, self.contributions - self.via_squad) < 0:
            raise ValueError("hops, refutations and contributions are not negative")
        if self.contributions == 0:
            raise ValueError("who did nothing has no credit")


@dataclass(frozen=True, slots=True)
class Share:
    """An agent's share of a dividend in µT, and how it came about; the weight counts within the outcome only."""

    agent_id: str
    contributions: int
    via_squad: int
    weight: int
    derivation: Sequence[Mapping[str, str | int]]
    share_micro: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What becomes of an outcome: what it is worth in µT, why so, and the shares of it by agent."""

    amount_micro: int
    reason: str
    shares: Sequence[Share]

    @property
    def paid_micro(self) -> int:
        """What is paid, µT: the amount or nothing."""
        return sum(share.share_micro for share in self.shares)

    @property
    def agents(self) -> int:
        """Agents who are paid something."""
        return sum(share.share_micro > 0 for share in self.shares)


def amount_micro(kind: str, policy: Policy) -> int:
    """What an outcome is worth, in µT; a refutation nothing.

    Raises:
        ValueError: the kind of outcome is unknown, so that nothing is paid for it.
    """
    if kind not in _AMOUNTS:
        raise ValueError(f"an outcome of kind {kind!r} is unknown and pays nothing")
    return _AMOUNTS[kind](policy)


def distances(
    start: Artifact, sources: Mapping[Artifact, Collection[Artifact]], max_depth: int
) -> dict[Artifact, int]:
    """How many steps of provenance lead from an artifact to each that it derives from, itself included.

    Breadth first: an artifact counts once, at its smallest distance, however many ways lead there and though
    they lead in circles.

    Args:
        start: where to begin.
        sources: artifact → what it was derived from.
        max_depth: steps at most.
    """
    found = {start: 0}
    edge = [start]
    for hops in range(1, max_depth + 1):
        edge = list(dict.fromkeys(source for artifact in edge for source in sources.get(artifact, ())))
        edge = [source for source in edge if source not in found]
        found |= dict.fromkeys(edge, hops)
    return found


def artifact_weight(hops: int, refutations: int, policy: Policy) -> Fraction:
    """What an artifact weighs: less with each step from the outcome, and with each refutation before it."""
    return policy.hop_damping**hops * policy.refuted_weight**refutations


def mean_multiplier(contributions: int, via_squad: int, policy: Policy) -> Fraction:
    """The mean over an agent's contributions: the policy's multiplier through a squad, else one."""
    return (via_squad * policy.squad_multiplier + (contributions - via_squad)) / Fraction(contributions)


def repeat_factor(contributions: int, policy: Policy) -> Fraction:
    """What further contributions to the same artifact add, up to the policy's cap; at least one."""
    return 1 + min(policy.repeat_bonus_cap, policy.repeat_bonus * (contributions - 1))


def settle(kind: str, credited: Iterable[Credit], policy: Policy) -> Settlement:
    """Decide an outcome: shares in proportion to weights by largest remainder, ties to the lower agent id.

    Args:
        kind: cited, replicated, adopted or refuted.
        credited: what each agent did for each artifact, an agent and an artifact once together.
        policy: what is paid, and what things weigh.

    Raises:
        ValueError: the kind is unknown, or an agent is credited twice for one artifact.
    """
    amount = amount_micro(kind, policy)
    if amount == 0:
        return Settlement(0, REFUTED if kind == "refuted" else WORTHLESS, ())
    shares = _shares(amount, sorted(credited), policy)
    if not shares:
        return Settlement(amount, NOBODY, ())
    if sum(share.share_micro for share in shares) != amount:
        raise AssertionError(f"the shares of {amount} µT do not sum to it")
    return Settlement(amount, PAID, shares)


def affordable(settlements: Sequence[Settlement], funds_micro: int) -> list[bool]:
    """Which outcomes can be paid in their order: each is paid whole while there is enough for it, or waits.

    One that is too dear for what is left holds none of the later ones up.
    """
    left = funds_micro
    can = []
    for one in settlements:
        can.append(one.paid_micro <= left)
        left -= one.paid_micro * can[-1]
    return can


def _shares(amount: int, credited: Sequence[Credit], policy: Policy) -> list[Share]:
    by_agent: dict[str, list[Credit]] = defaultdict(list)
    for credit in credited:
        by_agent[credit.agent_id].append(credit)
    if sum(map(len, by_agent.values())) != len({(one.agent_id, one.artifact) for one in credited}):
        raise ValueError("an agent is credited twice for one artifact")
    weights = _integers([sum((_weight(one, policy) for one in own), Fraction()) for own in by_agent.values()])
    return [
        Share(
            agent_id=agent,
            contributions=sum(one.contributions for one in own),
            via_squad=sum(one.via_squad for one in own),
            weight=weight,
            derivation=[_derived(one, policy) for one in own],
            share_micro=share,
        )
        for (agent, own), weight, share in zip(
            by_agent.items(), weights, apportion(amount, weights) if weights else [], strict=True
        )
    ]


def _weight(credit: Credit, policy: Policy) -> Fraction:
    return (
        mean_multiplier(credit.contributions, credit.via_squad, policy)
        * repeat_factor(credit.contributions, policy)
        * artifact_weight(credit.hops, credit.refutations, policy)
    )


def _integers(weights: Sequence[Fraction]) -> list[int]:
    """The smallest integers that stand to each other as the weights do."""
    common = lcm(*(weight.denominator for weight in weights))
    scaled = [weight.numerator * (common // weight.denominator) for weight in weights]
    divisor = gcd(*scaled) or 1
    return [weight // divisor for weight in scaled]


def _derived(credit: Credit, policy: Policy) -> dict[str, str | int]:
    """A credit with what became of it, fractions as text, for the record."""
    return {
        "artifact": str(credit.artifact),
        "hops": credit.hops,
        "refutations": credit.refutations,
        "contributions": credit.contributions,
        "via_squad": credit.via_squad,
        "multiplier": str(mean_multiplier(credit.contributions, credit.via_squad, policy)),
        "repeat_factor": str(repeat_factor(credit.contributions, policy)),
        "artifact_weight": str(artifact_weight(credit.hops, credit.refutations, policy)),
        "weight": str(_weight(credit, policy)),
    }
