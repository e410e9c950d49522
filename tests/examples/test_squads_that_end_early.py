"""Squads whose life goes otherwise: nobody comes, the lead goes, a finding waits in vain or proves wrong."""

from sqlalchemy import Engine

from squads_pipeline.commands import (
    contributions_made,
    forming,
    funding,
    harvesting,
    joining,
    outcomes,
    targets,
    work,
)
from squads_pipeline.rules.formation import Target
from tests.examples.story import TOKEN, Story


def test_the_squad_that_nobody_joins(engine: Engine) -> None:
    story = Story(engine)
    story.people("ada", "bo", tokens=100)
    story.do(targets.add_target, Target("gap", "dull", "Why?", 600_000))
    story.run("squads_formed")
    dull = str(story.one("SELECT id FROM squads.research_squads"))
    story.do(funding.contribute, "ada", dull, 10 * TOKEN, key="ada's")
    story.do(funding.contribute, "bo", dull, 20 * TOKEN, key="bo's")
    story.later(hours=6)
    story.run("qf_matches")
    assert story.pool(dull) == 3_000 * TOKEN + 30 * TOKEN + 58_284_271  # (√10 + √20)² tokens

    # After a day it recruits for one more, then it is given up.
    story.later(hours=18)
    story.reconcile()
    assert story.life(dull) == ["forming", "recruiting", "recruiting"]
    story.later(days=1)
    story.run("harvest_distributions")
    assert story.status(dull) == "disbanded"
    assert story.paid("refund") == {
        "matching_pool": 58_284_271,
        "treasury": 3_000 * TOKEN,
        "wallet:ada": 10 * TOKEN,
        "wallet:bo": 20 * TOKEN,
    }
    assert story.holds()

    # The target still matters: another squad is formed around it.
    story.run("squads_formed")
    assert story.one("SELECT count(*) FROM squads.research_squads WHERE status = 'recruiting'") == 1


def test_the_lead_leaves_a_review_never_comes_and_a_finding_is_refuted(engine: Engine) -> None:
    story = Story(engine)
    story.people("ada", "bo", "cy", "dee", tokens=240)
    story.do(forming.form, "ada", charter="Why?", squad="why", target_id="sky")
    story.joins("bo", "why", "ada", fit=0.8)
    story.joins("cy", "why", "ada", fit=0.7, role="reviewer")
    story.do(funding.sponsor, "dee", "why", 240 * TOKEN, key="sponsored")
    story.later(days=1)
    story.run("squad_rosters")
    story.do(work.log, "ada", "why", "note", "Noted", "So.")

    # Ada leads, because who forms a squad fits best, and leaves; bo is next.
    assert story.lead("why") == "ada"
    assert story.do(joining.leave, "ada", "why").new_lead == "bo"

    # Two findings of bo's; cy accepts one.
    first, second = (story.do(work.find, "bo", "why", "evidence", "It is").finding_id for _ in range(2))
    story.do(work.review, "cy", first, "accept", rationale="Yes.")
    story.do(harvesting.harvest, "bo", "why")
    story.run("reviewed_findings", "bubbled_findings", "harvest_distributions")
    assert story.status("why") == "harvesting"

    # The other one is rejected when nobody has come for two days.
    story.later(hours=48)
    story.run("reviewed_findings")
    query = "SELECT verdict, reason FROM squads.reviewed_findings WHERE finding_id = :id"
    assert story.rows(query, id=second) == [("rejected", "review_timeout")]

    # Ada keeps her point, bo has 5 + 5 + 20·0.5 = 20, cy 3: ten tokens for each.
    story.run("harvest_distributions")
    assert story.paid("payout") == {
        "wallet:ada": 10 * TOKEN,
        "wallet:bo": 200 * TOKEN,
        "wallet:cy": 30 * TOKEN,
    }

    # A refutation pays nothing and takes nothing back.
    refute = ("finding", str(first), "refuted")
    story.do(outcomes.record, *refute, evidence="It is not.", recorded_by="operator")
    story.run("credit_dividends")
    assert story.paid("dividend") == {}
    assert story.wallet("bo") == 440 * TOKEN

    # Later the refuted finding weighs half: what it led to, a step away, gives bo and cy 2 · ½ · ½ each, dee 1.
    story.later(days=1)
    story.do(contributions_made.credit, "dee", "gap:sky", "data", "set 1", "operator")
    story.later(days=1)
    story.do(outcomes.record, "gap", "sky", "adopted", evidence="All do.", recorded_by="operator")
    story.run("credit_dividends")
    assert story.paid("dividend") == {
        "wallet:bo": 125 * TOKEN,
        "wallet:cy": 125 * TOKEN,
        "wallet:dee": 250 * TOKEN,
    }
    assert story.holds()
