"""The policy's parameters: name, bounds, default, and what each does; reading and comparing is in `policy`.

To add a parameter, add a field here and a line to the packaged policy file. Its default is what the rules did
before it existed, so that facts made under an older policy can be recomputed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from fractions import Fraction

from squads_pipeline.rules.allotment import EXCESSES, SATURATIONS
from squads_pipeline.rules.mechanisms import DEFAULT_PAIRWISE_BOUND_MICRO, MECHANISMS
from squads_pipeline.rules.parameters import (
    METADATA_KEY,
    Parameter,
    choice,
    described,
    share,
    token_amount,
    whole,
)


class PolicyError(ValueError):
    """A policy that cannot be used; `problems` lists everything that is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The operator's parameters, valid by construction. Raises PolicyError for a value out of bounds."""

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
    min_importance: Fraction = field(
        default=Fraction(1, 2),
        metadata=described(
            "formation",
            "min_importance",
            share(),
            "A squad is formed around an open target of at least this importance.",
        ),
    )
    seed_rate_micro: int = field(
        default=5_000_000_000,
        metadata=described(
            "formation",
            "seed_rate",
            token_amount(0, 1_000_000),
            "The seed of a squad whose target has importance 1; others get their importance's part of it.",
        ),
    )
    recruit_window_seconds: int = field(
        default=86_400,
        metadata=described(
            "formation",
            "recruit_window_seconds",
            whole(60, 2_592_000, "seconds"),
            "A squad that was formed recruits for this long.",
        ),
    )
    max_per_run: int = field(
        default=5,
        metadata=described(
            "formation",
            "max_per_run",
            whole(1, 10_000, "units"),
            "The most squads that one run forms, the most important targets first.",
        ),
    )
    pledge_cycle_seconds: int = field(
        default=3_600,
        metadata=described(
            "pledges",
            "cycle_seconds",
            whole(60, 2_592_000, "seconds"),
            "Length of a cycle; cycles are counted from 1970-01-01 00:00 UTC.",
        ),
    )
    pledge_max_squads: int = field(
        default=3,
        metadata=described(
            "pledges",
            "max_squads_per_cycle",
            whole(1, 100, "squads"),
            "An agent's pledge funds at most this many squads in a cycle.",
        ),
    )
    pledge_min_balance_micro: int = field(
        default=100_000_000,
        metadata=described(
            "pledges",
            "min_balance",
            token_amount(0, 1_000_000_000),
            "A pledge pays nothing from a wallet that holds less than this.",
        ),
    )
    pledge_min_contribution_micro: int = field(
        default=1_000_000,
        metadata=described(
            "pledges",
            "min_contribution",
            token_amount(1, 1_000_000),
            "A pledge pays a squad no less than this.",
        ),
    )
    pledge_max_contribution_micro: int = field(
        default=50_000_000,
        metadata=described(
            "pledges",
            "max_contribution",
            token_amount(1, 1_000_000),
            "A pledge pays a squad no more than this.",
        ),
    )
    pledge_balance_fraction: Fraction = field(
        default=Fraction(1, 20),
        metadata=described(
            "pledges",
            "balance_fraction",
            share(),
            "What a pledge pays a squad, as part of the wallet's balance before the payment.",
        ),
    )
    treasury_target_micro: int = field(
        default=100_000_000_000,
        metadata=described(
            "treasury",
            "treasury_target",
            token_amount(0, 1_000_000_000),
            "The treasury, which pays the seeds, is topped up to this level once a day; 0 turns it off.",
        ),
    )
    matching_pool_target_micro: int = field(
        default=100_000_000_000,
        metadata=described(
            "treasury",
            "matching_pool_target",
            token_amount(0, 1_000_000_000),
            "The matching pool is topped up to this level once a day; 0 turns the top-up off.",
        ),
    )

    def __post_init__(self) -> None:
        problems = []
        for name, parameter in parameters():
            try:
                parameter.kind.check(getattr(self, name))
            except ValueError as error:
                problems.append(parameter.kind.problem(name, getattr(self, name), error))
        if problems:
            raise PolicyError(problems)


def parameters() -> Iterator[tuple[str, Parameter]]:
    """Yield each field name of Policy with its parameter, in the order of the policy file."""
    for each in fields(Policy):
        yield each.name, each.metadata[METADATA_KEY]
