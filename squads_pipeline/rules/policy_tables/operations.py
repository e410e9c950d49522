"""The policy's table [operations]: when something is said to be late. What a parameter is: `parameters`."""

from dataclasses import dataclass, field

from squads_pipeline.rules.parameters import described, whole


@dataclass(frozen=True, kw_only=True)
class Operations:
    """The table [operations]; durations in seconds."""

    max_gap_age_seconds: int = field(
        default=3_600,
        metadata=described(
            "operations",
            "max_gap_age_seconds",
            whole(60, 2_592_000, "seconds"),
            "Work that could have been done for longer than this is said to be late.",
        ),
    )
