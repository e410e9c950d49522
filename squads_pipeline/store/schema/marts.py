"""Tables for analysts, a UTC day at a time, derived from facts and replaceable at any time. No queries."""

from sqlalchemy import BigInteger, Column, Date, Integer, PrimaryKeyConstraint, Table, Text

from squads_pipeline.store.schema.base import MARTS, metadata, micro, wide_micro


def _lineage(*columns: str) -> dict[str, list[str]]:
    return {"lineage": list(columns)}


_MATCH_AND_GIFT = ("contributions.amount_micro", "qf_matches.match_micro")

squad_pools = Table(
    "squad_pools",
    metadata,
    Column("effective_on", Date, nullable=False, comment="UTC day of the statement"),
    Column(
        "squad_id",
        Text,
        nullable=False,
        comment="Squad",
        info=_lineage("research_squads.id", "qf_matches.squad_id"),
    ),
    micro("opening_micro", "Pool at the start of the day, in µT", lineage=_MATCH_AND_GIFT),
    micro("seeds_micro", "Seeds received, in µT"),
    micro("contributions_micro", "Contributions received, in µT", lineage=["contributions.amount_micro"]),
    micro("matches_micro", "Matches received, in µT", lineage=["qf_matches.match_micro"]),
    micro("other_grants_micro", "Sponsorships, bonuses, forks, merges and corrections received, in µT"),
    micro("payouts_micro", "Money that left the pool, in µT; not negative"),
    micro("closing_micro", "Pool at the end of the day, in µT", lineage=_MATCH_AND_GIFT),
    PrimaryKeyConstraint("effective_on", "squad_id"),
    schema=MARTS,
    comment="A squad's statement for a day: opening, what came in by source, what went out, closing.",
)

mechanism_comparison = Table(
    "mechanism_comparison",
    metadata,
    Column("effective_on", Date, nullable=False, comment="UTC day of the round"),
    Column("round_id", BigInteger, nullable=False, comment="Round", info=_lineage("qf_matches.round_id")),
    Column("squad_id", Text, nullable=False, comment="Squad", info=_lineage("qf_matches.squad_id")),
    Column("mechanism", Text, nullable=False, comment="Mechanism: quadratic, clr or pairwise"),
    Column(
        "contributors",
        Integer,
        nullable=False,
        comment="Contributors that weigh, after dust",
        info=_lineage("qf_matches.contributors"),
    ),
    wide_micro(
        "weight_micro",
        "Weight of the squad under the mechanism, in µT",
        lineage=["qf_matches.root_sum", "contributions.amount_micro"],
    ),
    micro(
        "match_micro",
        "What the round would have paid under the mechanism, in µT",
        lineage=["qf_matches.match_micro", "contributions.amount_micro"],
    ),
    micro("paid_micro", "What the round paid, in µT", lineage=["qf_matches.match_micro"]),
    PrimaryKeyConstraint("effective_on", "round_id", "squad_id", "mechanism"),
    schema=MARTS,
    comment="What each mechanism would have paid in each round, beside what was paid.",
)
