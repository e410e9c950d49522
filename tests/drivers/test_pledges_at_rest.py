"""Pledges that cannot pay rest and cost a look nothing; whatever may let one pay wakes it, and none is missed."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from squads_pipeline.commands import community, funding, pledging
from squads_pipeline.drivers.honour_pledges import honour_pledges
from squads_pipeline.drivers.run import DriverRun
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import database, gaps, policies

TOKEN = 1_000_000
GAP = "pledged_contributions"


@pytest.fixture(autouse=True)
def found(engine: Engine) -> None:
    with engine.begin() as connection:
        adopt(connection)
        for agent in ("ada", "bob"):
            community.add_agent(connection, agent, tokens_micro=50 * TOKEN)
        community.add_squad(connection, "x")


def adopt(connection: Connection, **parameters: Any) -> None:
    # A cycle of a month, so that no test crosses into the next one.
    policy = Policy(**{"pledge_cycle_seconds": 2_592_000, **parameters})
    policies.adopt(connection, policy, adopted_by="test", reason="test")


def drive(engine: Engine) -> int:
    with engine.begin() as connection:
        return honour_pledges(connection, DriverRun("test")).units


def is_open(engine: Engine) -> bool:
    with engine.connect() as connection:
        return gaps.is_open(connection, GAP)


def resting(engine: Engine) -> dict[str, str | None]:
    with engine.connect() as connection:
        query = "SELECT agent_id, rests_for FROM squads.pledges_in_force ORDER BY 1"
        return {row.agent_id: row.rests_for for row in connection.execute(text(query))}


def settle(engine: Engine) -> None:
    """A run in which somebody pays puts all others to rest, too."""
    with engine.begin() as connection:
        community.add_agent(connection, "rich", tokens_micro=1_000 * TOKEN)
        pledging.pledge(connection, "rich", ["x"])
    assert drive(engine) >= 1
    assert not is_open(engine)


def mint(connection: Connection) -> None:
    funding.mint(connection, "wallet:ada", 60 * TOKEN, key="m", reason="test")


def pledge_anew(connection: Connection) -> None:
    pledging.pledge(connection, "ada", [])


def open_squad(connection: Connection) -> None:
    community.add_squad(connection, "z")


def reopen_squad(connection: Connection) -> None:
    connection.execute(text("UPDATE squads.research_squads SET status = 'active' WHERE id = 'y'"))


def lower(connection: Connection) -> None:
    adopt(connection, pledge_min_balance_micro=TOKEN)


def more_places(connection: Connection) -> None:
    adopt(connection, pledge_max_squads=2)


def next_cycle(connection: Connection) -> None:
    connection.execute(text("SELECT set_config('squads.clock', (now() + interval '31 days')::text, true)"))


def open_wallet(connection: Connection) -> None:
    connection.execute(text("UPDATE squads.accounts SET closed_at = NULL WHERE name = 'wallet:ada'"))


def reopen_pool(connection: Connection) -> None:
    connection.execute(text("UPDATE squads.accounts SET closed_at = NULL WHERE name = 'squad:y'"))


def poor(connection: Connection) -> None:
    pledging.pledge(connection, "ada", [])


def _enrich(connection: Connection) -> None:
    funding.mint(connection, "wallet:ada", 500 * TOKEN, key="rich", reason="test")


def without_squad(connection: Connection) -> None:
    _enrich(connection)
    community.add_squad(connection, "y")
    connection.execute(text("UPDATE squads.research_squads SET status = 'forming' WHERE id = 'y'"))
    pledging.pledge(connection, "ada", ["y"])


def funded_all(connection: Connection) -> None:
    _enrich(connection)
    pledging.pledge(connection, "ada", [])


def without_pool(connection: Connection) -> None:
    without_squad(connection)
    reopen_squad(connection)
    connection.execute(text("UPDATE squads.accounts SET closed_at = now() WHERE name = 'squad:y'"))


def without_place(connection: Connection) -> None:
    _enrich(connection)
    adopt(connection, pledge_max_squads=1)
    community.add_squad(connection, "y")
    pledging.pledge(connection, "ada", [])


def without_wallet(connection: Connection) -> None:
    pledging.pledge(connection, "ada", [])
    connection.execute(
        text("UPDATE squads.accounts SET closed_at = now(), balance_micro = 0 WHERE name = 'wallet:ada'")
    )


WAKES: list[tuple[Callable[[Connection], None], str, Callable[[Connection], None]]] = [
    (poor, "means", mint),
    (poor, "means", lower),
    (funded_all, "squads", open_squad),
    (without_squad, "squads", reopen_squad),
    (without_squad, "squads", pledge_anew),
    (without_pool, "squads", reopen_pool),
    (without_place, "places", more_places),
    (without_place, "places", next_cycle),
]


@pytest.mark.parametrize(("before", "lacks", "event"), WAKES)
def test_each_event_wakes(
    engine: Engine, before: Callable[[Connection], None], lacks: str, event: Callable[[Connection], None]
) -> None:
    with engine.begin() as connection:
        before(connection)
    settle(engine)
    assert resting(engine)["ada"] == lacks
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM squads.pledges_awake")) == 0
        event(connection)
        assert gaps.is_open(connection, GAP)
        assert "agent:ada" in {one.unit for one in gaps.units(connection, GAP, 10)}
        assert honour_pledges(connection, DriverRun("test")).units >= 1
        assert not gaps.is_open(connection, GAP)


def test_a_wallet_that_is_opened_again_wakes(engine: Engine) -> None:
    with engine.begin() as connection:
        without_wallet(connection)
    settle(engine)
    with engine.begin() as connection:
        open_wallet(connection)
        assert connection.scalars(text("SELECT agent_id FROM squads.pledges_awake")).all() == ["ada"]


@pytest.mark.parametrize("event", [mint, lower])
def test_what_commits_during_a_run_is_seen_after_it(
    engine: Engine, database_url: str, event: Callable[[Connection], None]
) -> None:
    """The run reads before the event commits, and puts to rest what the event would have let pay."""
    with engine.begin() as connection:
        poor(connection)
        pledging.pledge(connection, "bob", [])
    other = database.engine(database_url)
    with other.connect() as changing, engine.begin() as running:
        event(changing)
        honour_pledges(running, DriverRun("test"))
        running.commit()
        assert resting(engine)["ada"] == "means"
        changing.commit()
    other.dispose()
    assert is_open(engine)
    assert drive(engine) >= 1


def test_a_pledge_made_beside_money_that_arrives_is_not_missed(engine: Engine, database_url: str) -> None:
    """The money's transaction cannot see the pledge, and the run that looks at it cannot see the money."""
    other = database.engine(database_url)
    with other.connect() as paying:
        mint(paying)
        with engine.begin() as connection:
            poor(connection)
        assert drive(engine) == 0
        assert resting(engine) == {"ada": "means"}
        paying.commit()
    other.dispose()
    assert is_open(engine)
    assert drive(engine) == 1


def test_many_that_cannot_pay_are_put_to_rest_though_nobody_pays(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.agents (id, created_at)
                    SELECT 'n' || n, now() FROM generate_series(1, 501) AS n""")
        )
        connection.execute(
            text("""INSERT INTO squads.accounts (name, kind, owner_id, balance_micro, opened_at)
                    SELECT 'wallet:n' || n, 'wallet', 'n' || n, 0, now() FROM generate_series(1, 501) AS n""")
        )
        connection.execute(
            text("""INSERT INTO squads.pledges (agent_id, squads, reserve_micro, pledged_at)
                    SELECT 'n' || n, '[]', 0, now() FROM generate_series(1, 501) AS n""")
        )
        [unit] = gaps.units(connection, GAP, 10)
        assert unit.unit == "pledges:awake"
    assert drive(engine) == 0
    assert set(resting(engine).values()) == {"means"}
    assert not is_open(engine)


def test_money_into_pools_leaves_no_wakeup(engine: Engine) -> None:
    def waiting() -> int:
        with engine.connect() as connection:
            return int(connection.scalar(text("SELECT count(*) FROM squads.pledge_wakeups")) or 0)

    before = waiting()
    with engine.begin() as connection:
        funding.contribute(connection, "ada", "x", TOKEN, key="gift")
    assert waiting() == before
    with engine.begin() as connection:
        mint(connection)
    assert waiting() == before + 1
