"""The life of a squad: a target matters, a crowd funds it, three agents work, and years later it is cited."""

from sqlalchemy import Engine

from squads_pipeline.commands import contributions_made, forming, funding, outcomes, targets, work
from squads_pipeline.rules.formation import Target
from tests.examples.story import TOKEN, Story


def test_a_squad_from_its_target_to_its_dividend(engine: Engine) -> None:
    story = Story(engine)
    crowd = [f"fan-{number:02}" for number in range(20)]
    story.people("ada", "bo", "cy", "dee")
    story.people(*crowd, tokens=10)
    story.people("whale", "shrimp", tokens=1_000)

    # A target of importance 0.8 is worth a seed of 4,000 tokens.
    story.do(targets.add_target, Target("gap", "warm", "Does it warm?", 800_000))
    story.run("squads_formed")
    warm = str(story.one("SELECT id FROM squads.research_squads"))
    assert (story.status(warm), story.pool(warm)) == ("recruiting", 4_000 * TOKEN)
    assert story.balance("treasury") == 96_000 * TOKEN

    # Three agents join: the first is let in by any other, the others by members.
    story.joins("ada", warm, "dee", fit=0.9)
    story.joins("bo", warm, "ada", fit=0.8)
    story.joins("cy", warm, "bo", fit=0.7, role="reviewer")

    # Twenty fans give 10 tokens each; a whale gives 1,000 to a squad of its own, and a shrimp 1.
    story.do(forming.form, "whale", charter="Mine.", squad="deep")
    for fan in crowd:
        story.do(funding.contribute, fan, warm, 10 * TOKEN, key=f"gift of {fan}")
    story.do(funding.contribute, "whale", "deep", 1_000 * TOKEN, key="gift of the whale")
    story.do(funding.contribute, "shrimp", "deep", 1 * TOKEN, key="gift of the shrimp")

    # The crowd moves (20·√10)² = 4,000 tokens, the whale (√1000 + √1)² = 1,064.245553.
    story.later(hours=6)
    story.run("qf_matches")
    assert story.paid("match") == {"squad:deep": 1_064_245_553, f"squad:{warm}": 4_000 * TOKEN}
    assert story.pool(warm) == 8_200 * TOKEN

    # After a day the best bid leads.
    story.later(hours=18)
    story.run("squad_rosters")
    assert (story.status(warm), story.lead(warm)) == ("active", "ada")

    # Ada writes twice, bo finds something, cy accepts it with a confidence of 0.7.
    for title in ("Begun", "Measured"):
        story.do(work.log, "ada", warm, "progress", title, "Done.")
    found = story.do(work.find, "bo", warm, "evidence", "It warms", confidence_ppm=800_000).finding_id
    story.do(work.review, "cy", found, "accept", rationale="I measured too.", confidence_ppm=700_000)
    story.run("reviewed_findings", "bubbled_findings")
    assert story.rows("SELECT agent_id, via_squad FROM squads.agent_contributions ORDER BY 1") == [
        ("ada", warm),
        ("bo", warm),
        ("cy", warm),
    ]

    # One merged finding is what the squad set out for. Ada has 2 points, bo 5 + 20·0.7 = 19, cy 3: 24 in all.
    # 8,200 tokens do not divide by 24: the µT that is left over has the largest remainder, bo's.
    story.run("squad_rosters")
    assert story.status(warm) == "harvesting"
    story.run("harvest_distributions")
    assert story.paid("payout") == {
        "wallet:ada": 683_333_333,
        "wallet:bo": 6_491_666_667,
        "wallet:cy": 1_025_000_000,
    }
    assert story.life(warm) == ["forming", "recruiting", "active", "harvesting", "disbanded"]
    assert story.pool(warm) == 0

    # Dee adds to the finding outside of any squad; then it is cited. Who came by the squad weighs twice: 2, 2, 2, 1.
    story.later(days=400)
    story.do(contributions_made.credit, "dee", f"finding:{found}", "data", "set 1", "operator")
    story.do(
        outcomes.record, "finding", str(found), "cited", evidence="https://doi.org/x", recorded_by="operator"
    )
    story.run("credit_dividends")
    assert story.paid("dividend") == {
        "wallet:ada": 14_285_715,
        "wallet:bo": 14_285_714,
        "wallet:cy": 14_285_714,
        "wallet:dee": 7_142_857,
    }
    assert story.holds()
