"""The policy's table [treasury]: the parameters of the system accounts. What a parameter is: `parameters`."""

from dataclasses import dataclass, field

from squads_pipeline.rules.parameters import described, token_amount


@dataclass(frozen=True, kw_only=True)
class Treasury:
    """The table [treasury]; money in µT, shares as exact fractions."""

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
