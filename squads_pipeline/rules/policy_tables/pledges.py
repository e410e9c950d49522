"""The policy's table [pledges]: the parameters of pledges. What a parameter is: `parameters`."""

from dataclasses import dataclass, field
from fractions import Fraction

from squads_pipeline.rules.parameters import described, share, token_amount, whole


@dataclass(frozen=True, kw_only=True)
class Pledges:
    """The table [pledges]; money in µT, shares as exact fractions."""

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
