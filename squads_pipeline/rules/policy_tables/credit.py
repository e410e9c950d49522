"""The policy's table [credit]: the parameters of dividends. What a parameter is: `parameters`."""

from dataclasses import dataclass, field
from fractions import Fraction

from squads_pipeline.rules.parameters import described, ratio, share, token_amount, whole


@dataclass(frozen=True, kw_only=True)
class Credit:
    """The table [credit]; money in µT, shares as exact fractions."""

    dividend_cited_micro: int = field(
        default=50_000_000,
        metadata=described(
            "credit",
            "dividend_cited",
            token_amount(0, 1_000_000),
            "Dividend of an outcome that says that an artifact was cited.",
        ),
    )
    dividend_replicated_micro: int = field(
        default=200_000_000,
        metadata=described(
            "credit",
            "dividend_replicated",
            token_amount(0, 1_000_000),
            "Dividend of an outcome that says that an artifact was replicated.",
        ),
    )
    dividend_adopted_micro: int = field(
        default=500_000_000,
        metadata=described(
            "credit",
            "dividend_adopted",
            token_amount(0, 1_000_000),
            "Dividend of an outcome that says that an artifact was adopted.",
        ),
    )
    max_depth: int = field(
        default=3,
        metadata=described(
            "credit",
            "max_depth",
            whole(0, 10, "steps"),
            "How many steps of provenance a dividend goes back.",
        ),
    )
    hop_damping: Fraction = field(
        default=Fraction(1, 2),
        metadata=described(
            "credit",
            "hop_damping",
            share(),
            "What an artifact one step further back weighs, as part of the one before.",
        ),
    )
    squad_multiplier: Fraction = field(
        default=Fraction(2),
        metadata=described(
            "credit",
            "squad_multiplier",
            ratio(1, 10),
            "Weight of a contribution made through a squad, against 1 for an ordinary one.",
        ),
    )
    repeat_bonus: Fraction = field(
        default=Fraction(1, 20),
        metadata=described(
            "credit",
            "repeat_bonus",
            share(),
            "Added to an agent's weight at an artifact for each contribution after the first.",
        ),
    )
    repeat_bonus_cap: Fraction = field(
        default=Fraction(1, 2),
        metadata=described(
            "credit",
            "repeat_bonus_cap",
            share(),
            "The most that further contributions add.",
        ),
    )
    refuted_weight: Fraction = field(
        default=Fraction(1, 2),
        metadata=described(
            "credit",
            "refuted_weight",
            share(),
            "What an artifact that was refuted weighs in later dividends, for each refutation.",
        ),
    )
