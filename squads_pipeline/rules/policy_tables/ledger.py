"""The policy's table [ledger]: when transfers are sealed. What a parameter is: `parameters`."""

from dataclasses import dataclass, field

from squads_pipeline.rules.parameters import described, whole


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The table [ledger]; durations in seconds."""

    seal_after_seconds: int = field(
        default=300,
        metadata=described(
            "ledger",
            "seal_after_seconds",
            whole(0, 604_800, "seconds"),
            "Transfers are sealed once the oldest that is not has waited this long.",
        ),
    )
