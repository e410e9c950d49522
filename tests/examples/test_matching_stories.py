"""What a round pays: nobody for themselves, no dust, no more than the cap, and the same however it is cut."""

from sqlalchemy import Engine

from squads_pipeline.commands import community, funding
from tests.examples.story import TOKEN, Story


def _squads(story: Story, *names: str) -> None:
    for name in names:
        story.do(community.add_squad, name)


def _give(story: Story, squad: str, **gifts: float) -> None:
    """Agent → tokens; agents come when they give."""
    for agent, tokens in gifts.items():
        micro = round(tokens * TOKEN)
        if not story.rows("SELECT FROM squads.agents WHERE id = :id", id=agent):
            story.people(agent, tokens=1_000)
        number = story.one("SELECT count(*) FROM squads.transfers")
        story.do(funding.contribute, agent, squad, micro, key=f"gift {number}")


def test_alone_nobody_is_matched_and_dust_weighs_once_it_has_grown(engine: Engine) -> None:
    story = Story(engine)
    _squads(story, "lone", "dusty")
    _give(story, "lone", ada=100)
    _give(story, "dusty", bo=4, cy=0.999999)
    story.later(hours=6)
    story.run("qf_matches")
    assert story.paid("match") == {}

    # A millionth more, and cy weighs: (√4 + √1)² = 9 tokens. Ada is alone still, whatever she gives.
    _give(story, "dusty", cy=0.000001)
    _give(story, "lone", ada=100)
    story.later(hours=6)
    story.run("qf_matches")
    assert story.paid("match") == {"squad:dusty": 9 * TOKEN}
    assert story.holds()


def test_what_a_cap_cuts_off_goes_to_the_others(engine: Engine) -> None:
    # A pool of 400 tokens gives a round a budget of 100 and each squad at most 25.
    story = Story(engine, matching_pool_target_micro=400 * TOKEN)
    due = {"a": 25, "b": 10, "c": 5, "d": 5, "e": 2.5}
    _squads(story, *due)
    for squad, tokens in due.items():
        _give(story, squad, ada=tokens, bo=tokens)
    story.later(hours=6)
    story.run("qf_matches")

    # Due are 100, 40, 20, 20 and 10: a reaches the cap, then, with its excess, b does, and the rest is paid in full.
    assert story.paid("match") == {
        "squad:a": 25 * TOKEN,
        "squad:b": 25 * TOKEN,
        "squad:c": 20 * TOKEN,
        "squad:d": 20 * TOKEN,
        "squad:e": 10 * TOKEN,
    }
    # What a and b are still due is paid later: at midnight the pool is topped up, and the cap is 25 once more.
    _give(story, "e", cy=0.5)
    story.later(hours=6)
    story.run("qf_matches")
    assert story.paid("match")["squad:b"] == 40 * TOKEN
    assert story.paid("match")["squad:a"] == 50 * TOKEN
    assert story.holds()


def test_many_rounds_pay_what_one_pays(engine: Engine) -> None:
    story = Story(engine)
    _squads(story, "cut", "whole")
    for agent, tokens in {"ada": 4, "bo": 9, "cy": 16}.items():
        _give(story, "cut", **{agent: tokens})
        story.later(hours=6)
        story.run("qf_matches")
    assert story.paid("match") == {
        "squad:cut": 81 * TOKEN
    }  # 0, then (2 + 3)² = 25, then (2 + 3 + 4)² less 25

    _give(story, "whole", ada=4, bo=9, cy=16)
    story.later(hours=6)
    story.run("qf_matches")
    assert story.paid("match") == {"squad:cut": 81 * TOKEN, "squad:whole": 81 * TOKEN}
    # Window by window, as the replaced system matched, no window has two contributors, and nobody is paid.
    assert story.one("SELECT count(*) FROM squads.qf_rounds") == 4
    assert story.holds()
