"""The demo's community: made once, among nobody else, and living by the commands that all use."""

from itertools import chain
from random import Random

import pytest
from sqlalchemy import Connection, Engine, text

from squads_pipeline.commands import community
from squads_pipeline.drivers.form_squads import form_squads
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.rules.money import MICRO_PER_TOKEN
from squads_pipeline.store import overview, policies, situation, squads
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.surfaces import demo
from squads_pipeline.surfaces.sample_community import deeds, do, newest, tell_news
from squads_pipeline.surfaces.simulation.actions import Give, Sponsor


def test_the_community_is_made_once(database_url: str, engine: Engine) -> None:
    for _ in range(2):
        demo.prepare(database_url)
    with engine.connect() as connection:
        assert overview.count_agents(connection) == len(demo.members()) == 30
        assert squads.count_by_status(connection) == {"recruiting": len(demo.SQUADS)}
        assert policies.current(connection) == demo.shortened(policies.current(connection))


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


def test_its_members_are_always_the_same() -> None:
    assert demo.members() == demo.members()
    assert len({one.name for one in demo.members()}) == 30
    assert {field for field, _, _ in demo.SQUADS.values()} <= {one.field for one in demo.members()}


def test_they_act_by_chance_and_do_what_they_chose(database_url: str, engine: Engine) -> None:
    demo.prepare(database_url)
    everybody = demo.members()
    with engine.connect() as connection:
        seen = situation.look(connection)
    chosen = [deeds(seen, everybody, chance) for chance in _chances() for _ in range(40)]
    assert chosen[:40] == chosen[40:]
    said = [do(engine, action, f"test:{number}") for number, action in enumerate(chain(*chosen[:40]))]
    assert all(line.startswith("INFO: ") for line in said)
    assert sum("refused" in line for line in said) < len(said) // 2
    with engine.connect() as connection:
        after = situation.look(connection)
    assert len(after.bids) > 3
    assert _inbox(engine) > 0


def test_a_refusal_is_said_and_leaves_nothing(database_url: str, engine: Engine) -> None:
    demo.prepare(database_url)
    rich = demo.members()[0].name
    said = do(engine, Give(rich, "nowhere", MICRO_PER_TOKEN), "one")
    assert "refused" in said
    assert _inbox(engine) == 0
    assert "refused" not in do(engine, Sponsor(rich, "open-benchmarks", MICRO_PER_TOKEN), "two")


def test_what_drivers_make_of_it_does_not_keep_it_from_starting_again(
    database_url: str, engine: Engine
) -> None:
    demo.prepare(database_url)
    assert run_driver(engine, form_squads, DriverRun("test")).units == 2
    demo.prepare(database_url)
    with engine.connect() as connection:
        assert squads.count_by_status(connection) == {"recruiting": len(demo.SQUADS) + 2}


def test_news_are_told_once(database_url: str, engine: Engine) -> None:
    demo.prepare(database_url)
    told = newest(engine)
    for member in demo.members()[:2]:
        do(engine, Give(member.name, "open-benchmarks", 10 * MICRO_PER_TOKEN), member.name)
    run_driver(engine, form_squads, DriverRun("test"))
    with engine.begin() as connection:
        connection.execute(
            text("SELECT set_config('squads.clock', (now() + interval '1 minute')::text, true)")
        )
        match_round(connection, DriverRun("test"))
    said: list[str] = []
    told = tell_news(engine, told, said.append)
    assert said[0] == "round 1: 40 tokens matched to 1 of 1 squads"
    assert sum(" is recruiting: " in line for line in said) == 2
    assert tell_news(engine, told, said.append) == told
    assert len(said) == 5


def _chances() -> list[Random]:
    return [Random(1), Random(1)]  # noqa: S311


def _inbox(engine: Engine) -> int:
    with engine.connect() as connection:
        return overview.inbox(connection).contributions
