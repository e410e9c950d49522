"""A treasury that runs short: seeds in arrears and a dividend wait for the next day, and lose nothing by it."""

from sqlalchemy import Engine

from squads_pipeline.commands import contributions_made, outcomes, targets
from squads_pipeline.rules.formation import Target
from tests.examples.story import TOKEN, Story


def test_a_short_treasury_pays_later(engine: Engine) -> None:
    story = Story(engine, treasury_target_micro=6_000 * TOKEN)
    story.people("ada", "bo")
    for target, importance_ppm in (("big", 1_000_000), ("middle", 800_000), ("small", 500_000)):
        story.do(targets.add_target, Target("gap", target, f"How {target}?", importance_ppm))

    # Seeds of 5,000, 4,000 and 2,500: the first is paid, the second in part, for the third there is nothing.
    story.run("squads_formed")
    seeds = """SELECT target_artifact_id, status, balance_micro FROM squads.research_squads AS squad
               JOIN squads.accounts AS pool ON pool.name = 'squad:' || squad.id ORDER BY 1"""
    assert story.rows(seeds) == [
        ("big", "recruiting", 5_000 * TOKEN),
        ("middle", "recruiting", 1_000 * TOKEN),
    ]
    assert story.balance("treasury") == 0

    # Ada and bo have helped with an analysis that is adopted: 500 tokens, which the treasury does not have.
    for agent in ("ada", "bo"):
        story.do(contributions_made.credit, agent, "analysis:a", "data", f"set of {agent}", "operator")
    story.later(hours=1)
    story.do(outcomes.record, "analysis", "a", "adopted", evidence="All do.", recorded_by="operator")
    assert story.run("credit_dividends").units == 0
    assert story.run("squads_formed").moved_micro == 0

    # The next day's top-up of 6,000 pays the dividend whole, the 3,000 in arrears, and the third seed.
    story.later(days=1)
    story.run("credit_dividends", "squads_formed")
    assert story.paid("dividend") == {"wallet:ada": 250 * TOKEN, "wallet:bo": 250 * TOKEN}
    assert story.rows(seeds) == [
        ("big", "recruiting", 5_000 * TOKEN),
        ("middle", "recruiting", 4_000 * TOKEN),
        ("small", "recruiting", 2_500 * TOKEN),
    ]
    assert story.balance("treasury") == 0
    assert story.holds()
