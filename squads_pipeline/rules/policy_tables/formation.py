"""The policy's table [formation]: parameters of forming squads, and of how long they last.

What a parameter is stands in `parameters`.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from squads_pipeline.rules.parameters import described, share, token_amount, whole


@dataclass(frozen=True, kw_only=True)
class Formation:
    """The table [formation]; money in µT, shares as exact fractions."""

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
    recruit_extensions: int = field(
        default=1,
        metadata=described(
            "formation",
            "recruit_extensions",
            whole(0, 10, "times"),
            "A squad that nobody has joined when its window ends recruits this many times more.",
        ),
    )
    max_members: int = field(
        default=8,
        metadata=described(
            "formation",
            "max_members",
            whole(1, 1_000, "members"),
            "A squad takes no more members than this, observers not counted.",
        ),
    )
    active_window_seconds: int = field(
        default=432_000,
        metadata=described(
            "formation",
            "active_window_seconds",
            whole(60, 31_536_000, "seconds"),
            "A squad works for this long before its harvest.",
        ),
    )
    fork_fraction: Fraction = field(
        default=Fraction(1, 2),
        metadata=described(
            "formation",
            "fork_fraction",
            share(),
            "The most of its pool that a squad may give to a fork.",
        ),
    )
    max_fork_depth: int = field(
        default=3,
        metadata=described(
            "formation",
            "max_fork_depth",
            whole(0, 10, "forks"),
            "How many forks may follow upon each other, the first squad not counted.",
        ),
    )
