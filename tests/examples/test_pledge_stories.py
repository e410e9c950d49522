"""A pledge within a cycle: three squads, however often it is tried, and whatever is pledged anew."""

from sqlalchemy import Engine

from squads_pipeline.commands import community, pledging
from tests.examples.story import TOKEN, Story


def test_a_pledge_funds_three_squads_an_hour(engine: Engine) -> None:
    story = Story(engine)
    story.people("ada", tokens=1_000)
    squads = ["first", "second", "third", "fourth"]
    for squad in squads:
        story.do(community.add_squad, squad)
    story.do(pledging.pledge, "ada", squads)

    # A twentieth of what she holds each time, from 1,000 tokens down.
    story.run("pledged_contributions")
    paid = {"squad:first": 50_000_000, "squad:second": 47_500_000, "squad:third": 45_125_000}
    assert story.paid("contribution") == paid

    # The hour is not over: tried again, revoked, pledged anew for the fourth alone, nothing more is paid.
    story.later(minutes=30)
    assert story.run("pledged_contributions").units == 0
    story.do(pledging.revoke, "ada")
    story.do(pledging.pledge, "ada", ["fourth"])
    assert story.run("pledged_contributions").units == 0
    story.later(minutes=29, seconds=59)
    assert story.run("pledged_contributions").units == 0
    assert story.paid("contribution") == paid

    # The next hour has three places, and this pledge one squad: a twentieth of 857.375 tokens.
    story.later(seconds=1)
    story.run("pledged_contributions")
    assert story.paid("contribution") == paid | {"squad:fourth": 42_868_750}
    assert story.wallet("ada") == 814_506_250

    # A reserve is kept: of 814.50625 tokens all but 814 may go, which is less than the least that a squad gets.
    story.do(pledging.pledge, "ada", ["fourth"], reserve_micro=814 * TOKEN)
    story.later(hours=1)
    assert story.run("pledged_contributions").units == 0
    assert story.holds()
