"""The policy's table [calibration]: the parameters of calibration. What a parameter is: `parameters`."""

from dataclasses import dataclass, field

from squads_pipeline.rules.parameters import choice, described, whole


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The table [calibration]; money in µT, shares as exact fractions."""

    min_outcomes: int = field(
        default=20,
        metadata=described(
            "calibration",
            "min_outcomes",
            whole(1, 1_000_000, "outcomes"),
            "Payouts are compared with outcomes once there are this many new ones.",
        ),
    )
    adoption: str = field(
        default="operator",
        metadata=described(
            "calibration",
            "adoption",
            choice(("operator", "auto")),
            "Whether a proposed policy waits for an operator (operator) or comes into force at once (auto).",
        ),
    )
