"""Where the columns of marts come from: `asset.column` names that recur. No tables."""

# What moves money by itself. Mints, sponsorships, bonuses, forks and mergers are made by commands and are in no asset.
SEED = "squads_formed.seed_micro"
GIFTS = ("contributions.amount_micro", "pledged_contributions.amount_micro")
MATCH = "qf_matches.match_micro"
PAYOUT = "harvest_distributions.share_micro"
DIVIDEND = "credit_dividends.share_micro"

OF_POOLS = (SEED, *GIFTS, MATCH, PAYOUT)
OF_WALLETS = (*GIFTS, PAYOUT, DIVIDEND)
OF_ALL = (*OF_POOLS, DIVIDEND)
JUDGED = (MATCH, PAYOUT, DIVIDEND)

# A target is covered until the pool of its squad is shared out.
COVER = ("squads_formed.artifact_id", "research_squads.target_artifact_id", "harvest_distributions.squad_id")
ENDS = ("research_squads.recruitment_closes_at", "research_squads.target_disband_at")


def lineage(*columns: str) -> dict[str, list[str]]:
    """A column's ``info`` that says what it is made of, for columns that are no amounts."""
    return {"lineage": list(columns)}
