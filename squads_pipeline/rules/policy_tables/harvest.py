"""The policy's table [harvest]: the parameters of reviews and the harvest. What a parameter is: `parameters`."""

from dataclasses import dataclass, field

from squads_pipeline.rules.parameters import described, whole


@dataclass(frozen=True, kw_only=True)
class Harvest:
    """The table [harvest]; money in µT, shares as exact fractions."""

    review_window_seconds: int = field(
        default=172_800,
        metadata=described(
            "harvest",
            "review_window_seconds",
            whole(60, 31_536_000, "seconds"),
            "A finding that nobody has reviewed is rejected when its squad has harvested for this long.",
        ),
    )
    reviews_needed: int = field(
        default=1,
        metadata=described(
            "harvest",
            "reviews_needed",
            whole(1, 100, "reviews"),
            "A finding is decided by the majority once it has this many reviews; a tie rejects it.",
        ),
    )
    points_per_entry: int = field(
        default=1,
        metadata=described(
            "harvest",
            "points_per_entry",
            whole(0, 1_000_000, "points"),
            "Score of a member for each journal entry.",
        ),
    )
    points_per_finding: int = field(
        default=5,
        metadata=described(
            "harvest",
            "points_per_finding",
            whole(0, 1_000_000, "points"),
            "Score of a member for each finding authored, whatever became of it.",
        ),
    )
    points_per_merged: int = field(
        default=20,
        metadata=described(
            "harvest",
            "points_per_merged",
            whole(0, 1_000_000, "points"),
            "Score of a member for each of its findings that was merged, times its confidence.",
        ),
    )
    points_per_review: int = field(
        default=3,
        metadata=described(
            "harvest",
            "points_per_review",
            whole(0, 1_000_000, "points"),
            "Score of a member for each review of another member's finding.",
        ),
    )
