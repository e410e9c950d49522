"""The demo's community: made once, among nobody else, and giving by the commands that all use."""

from itertools import islice

import pytest
from sqlalchemy import Connection, Engine, text

from squads_pipeline.commands import community
from squads_pipeline.drivers.form_squads import form_squads
from squads_pipeline.drivers.honour_pledges import honour_pledges
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.rules.money import MICRO_PER_TOKEN
from squads_pipeline.store import gaps, overview, policies, squads
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.surfaces import demo
from squads_pipeline.surfaces.sample_community import LARGEST_TOKENS, SEED, Gift, gifts, give, tell_rounds


def test_the_community_is_made_once(database_url: str, engine: Engine) -> None:
    for _ in range(2):
        demo.prepare(database_url)
    with engine.connect() as connection:
        assert overview.count_agents(connection) == len(demo.AGENTS) == 30
        assert squads.count_by_status(connection) == {"recruiting": 8}
        assert policies.current(connection).settle_after_seconds == demo.SETTLE_AFTER_SECONDS


def test_it_does_not_mix_with_others(connection: Connection) -> None:
    community.add_squad(connection, "real-work")
    with pytest.raises(RefusedError) as caught:
        demo.make_community(connection)
    assert "SQUADS_HOME" in caught.value.remedy
    assert overview.count_agents(connection) == 0


def test_agents_of_others_are_enough_to_keep_away(connection: Connection) -> None:
    community.add_agent(connection, "real-person")
    with pytest.raises(RefusedError):
        demo.make_community(connection)


def test_gifts_are_the_same_for_a_seed_and_heavy_in_the_tail() -> None:
    made = list(islice(gifts(SEED), 2_000))
    assert made == list(islice(gifts(SEED), 2_000))
    amounts = sorted(gift.amount_micro for gift in made)
    assert amounts[0] >= MICRO_PER_TOKEN
    assert amounts[-1] <= LARGEST_TOKENS * MICRO_PER_TOKEN
    assert amounts[len(amounts) // 2] < 3 * MICRO_PER_TOKEN
    assert amounts[-1] > 50 * MICRO_PER_TOKEN
    assert {gift.squad for gift in made} == set(demo.SQUADS)


def test_a_low_wallet_is_filled_and_the_gift_is_made_once(database_url: str, engine: Engine) -> None:
    demo.prepare(database_url)
    agent = demo.AGENTS[0]
    gift = Gift(agent, "open-benchmarks", 150 * MICRO_PER_TOKEN)
    for number in (1, 2, 3, 4, 4):
        give(engine, gift, f"gift:{number}")
    with engine.connect() as connection:
        assert overview.inbox(connection).contributions == 4
        assert overview.holdings(connection)["squad"] == 600 * MICRO_PER_TOKEN
        assert gaps.GAPS


def test_what_drivers_make_of_it_does_not_keep_it_from_starting_again(
    database_url: str, engine: Engine
) -> None:
    demo.prepare(database_url)
    assert run_driver(engine, form_squads, DriverRun("test")).units == 2
    assert run_driver(engine, honour_pledges, DriverRun("test")).units > 0
    demo.prepare(database_url)
    with engine.connect() as connection:
        assert squads.count_by_status(connection) == {"recruiting": 10}


def test_a_round_is_told_once(database_url: str, engine: Engine) -> None:
    demo.prepare(database_url)
    for agent in demo.AGENTS[:2]:
        give(engine, Gift(agent, "open-benchmarks", 10 * MICRO_PER_TOKEN), agent)
    with engine.begin() as connection:
        connection.execute(
            text("SELECT set_config('squads.clock', (now() + interval '1 minute')::text, true)")
        )
        match_round(connection, DriverRun("test"))
    said: list[str] = []
    assert tell_rounds(engine, 0, said.append) == 1
    assert tell_rounds(engine, 1, said.append) == 1
    assert said == ["round 1: 40 tokens matched to 1 of 1 squads"]
