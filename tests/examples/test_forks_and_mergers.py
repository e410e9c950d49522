"""Squads that fork and merge: money is conserved, and what was done anywhere counts in the end."""

from sqlalchemy import Engine

from squads_pipeline.commands import forking, forming, funding, harvesting, merging, work
from tests.examples.story import TOKEN, Story


def test_a_fork_comes_home_and_scores_add(engine: Engine) -> None:
    story = Story(engine)
    story.people("ada", "bo", "fan", tokens=100)
    story.do(forming.form, "ada", charter="Heat?", squad="heat")
    story.joins("bo", "heat", "ada")
    story.do(funding.sponsor, "fan", "heat", 100 * TOKEN, key="sponsored")
    story.later(days=1)
    story.run("squad_rosters")

    # Ada opens a fork with 40 of the 100 tokens; half would be the most.
    story.do(forking.fork, "ada", "heat", charter="Cold?", amount_micro=40 * TOKEN, squad="cold")
    assert (story.pool("heat"), story.pool("cold")) == (60 * TOKEN, 40 * TOKEN)
    story.joins("bo", "cold", "ada", fit=0.9)
    story.later(days=1)
    story.run("squad_rosters")
    assert (story.status("cold"), story.lead("cold")) == ("active", "ada")

    # Ada writes once in heat; bo once in heat and twice in cold.
    for agent, squad in (("ada", "heat"), ("bo", "heat"), ("bo", "cold"), ("bo", "cold")):
        story.do(work.log, agent, squad, "note", "Noted", "So.")

    # Ada leads both, so that the fork comes home at her word.
    merged = story.do(merging.merge, "ada", "cold", "heat")
    assert (merged.merged, merged.swept_micro) == (True, 40 * TOKEN)
    assert (story.status("cold"), story.pool("cold"), story.pool("heat")) == ("disbanded", 0, 100 * TOKEN)

    # One point to three.
    story.do(harvesting.harvest, "ada", "heat")
    story.reconcile()
    assert story.paid("payout") == {"wallet:ada": 25 * TOKEN, "wallet:bo": 75 * TOKEN}
    assert story.holds()


def test_a_squad_that_has_merged_merges_too(engine: Engine) -> None:
    story = Story(engine)
    squads = {"one": "ada", "two": "bo", "three": "cy"}
    story.people(*squads.values(), tokens=30)
    for squad, agent in squads.items():
        story.do(forming.form, agent, charter="Why?", squad=squad)
        story.do(funding.sponsor, agent, squad, 10 * TOKEN, key=f"own money of {agent}")
    story.later(days=1)
    story.run("squad_rosters")
    for times, (squad, agent) in enumerate(squads.items(), start=1):
        for _ in range(times):
            story.do(work.log, agent, squad, "note", "Noted", "So.")
    found = story.do(work.find, "ada", "one", "evidence", "It is").finding_id

    # One goes into two, and two into three: each time both leads have to say so.
    for squad, into in (("one", "two"), ("two", "three")):
        assert not story.do(merging.merge, squads[squad], squad, into).merged
        assert story.do(merging.merge, squads[into], squad, into).merged
    assert story.rows("SELECT id, merged_into FROM squads.research_squads ORDER BY id") == [
        ("one", "three"),
        ("three", None),
        ("two", "three"),
    ]
    assert story.pool("three") == 30 * TOKEN

    # What was found in the first squad is reviewed in the last: 1 + 5 + 20·0.5 = 16 points, 2 + 3 and 3.
    story.do(work.review, "bo", found, "accept", rationale="Yes.")
    story.run("reviewed_findings", "bubbled_findings")
    story.do(harvesting.harvest, "cy", "three")
    story.reconcile()
    assert story.paid("payout") == {
        "wallet:ada": 20 * TOKEN,
        "wallet:bo": 6_250_000,
        "wallet:cy": 3_750_000,
    }
    assert [story.life(squad)[-1] for squad in squads] == ["disbanded"] * 3
    assert story.holds()
