"""The policy's table [matching]: the parameters of matching rounds. What a parameter is: `parameters`."""

from dataclasses import dataclass, field
from fractions import Fraction

from squads_pipeline.rules.allotment import EXCESSES, SATURATIONS
from squads_pipeline.rules.mechanisms import DEFAULT_PAIRWISE_BOUND_MICRO, MECHANISMS
from squads_pipeline.rules.parameters import choice, described, share, token_amount, whole


@dataclass(frozen=True, kw_only=True)
class Matching:
    """The table [matching]; money in µT, shares as exact fractions."""

    settle_after_seconds: int = field(
        default=21_600,
        metadata=described(
            "matching",
            "settle_after_seconds",
            whole(0, 604_800, "seconds"),
            "A round opens once the oldest unclaimed contribution is this old.",
        ),
    )
    settle_count: int = field(
        default=1_000,
        metadata=described(
            "matching",
            "settle_count",
            whole(1, 10_000_000, "contributions"),
            "A round opens at once when this many contributions are unclaimed.",
        ),
    )
    dust_micro: int = field(
        default=1_000_000,
        metadata=described(
            "matching",
            "dust",
            token_amount(0, 1_000_000),
            "A contributor's total to a squad weighs nothing until it reaches this.",
        ),
    )
    min_contributors: int = field(
        default=2,
        metadata=described(
            "matching",
            "min_contributors",
            whole(1, 1_000, "contributors"),
            "A squad with fewer distinct contributors is matched nothing.",
        ),
    )
    max_match_fraction: Fraction = field(
        default=Fraction(1, 4),
        metadata=described(
            "matching", "max_match_fraction", share(), "The most of a round's budget that one squad may get."
        ),
    )
    round_budget_fraction: Fraction = field(
        default=Fraction(1, 4),
        metadata=described(
            "matching", "round_budget_fraction", share(), "A round's budget as part of the matching pool."
        ),
    )
    mechanism: str = field(
        default="quadratic",
        metadata=described(
            "matching", "mechanism", choice(tuple(MECHANISMS)), "How contributions become a squad's weight."
        ),
    )
    saturation: str = field(
        default="scale_down",
        metadata=described(
            "matching",
            "saturation",
            choice(SATURATIONS),
            "Whether a budget larger than what is due is kept (scale_down) or spent (always_distribute).",
        ),
    )
    excess: str = field(
        default="redistribute",
        metadata=described(
            "matching",
            "excess",
            choice(EXCESSES),
            "Whether what a cap cuts off goes to other squads (redistribute) or stays (truncate).",
        ),
    )
    pairwise_bound_micro: int = field(
        default=DEFAULT_PAIRWISE_BOUND_MICRO,
        metadata=described(
            "matching",
            "pairwise_bound",
            token_amount(1, 1_000_000),
            "Under the pairwise mechanism, the overlap at which a pair of contributors counts half.",
        ),
    )
