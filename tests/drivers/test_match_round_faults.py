"""Two rounds at once, contributions during a round, and kill -9 between any two statements."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from squads_pipeline.commands import community, funding
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.quadratic import match_round as rule
from squads_pipeline.store import database, policies
from tests.drivers.killing import kill_9

TOKEN = 1_000_000
AGENTS = [f"agent{n}" for n in range(8)]
SQUADS = ["u", "v", "w"]


@pytest.fixture(autouse=True)
def funded(engine: Engine) -> None:
    with engine.begin() as connection:
        policies.adopt(connection, Policy(settle_count=1), adopted_by="test", reason="test")
        for agent in AGENTS:
            community.add_agent(connection, agent, tokens_micro=10_000 * TOKEN)
        for squad in SQUADS:
            community.add_squad(connection, squad)


def contribute(engine: Engine, agent: str, number: int) -> None:
    with engine.begin() as connection:
        squad = SQUADS[number % len(SQUADS)]
        funding.contribute(connection, agent, squad, (1 + number % 7) * TOKEN, key=f"{agent}:{number}")


def claims(engine: Engine) -> Counter[int]:
    """Contribution → number of rounds that have it."""
    with engine.connect() as connection:
        return Counter(
            dict(
                connection.execute(
                    text("""SELECT g.id, count(c.round_id) FROM squads.squad_grants AS g
                            LEFT JOIN squads.qf_claims AS c ON c.contribution_id = g.id
                            WHERE g.purpose = 'contribution' GROUP BY g.id""")
                ).all()
            )
        )


def assert_sums_agree(engine: Engine) -> None:
    """Money is conserved, and the standings are what the contributions add up to."""
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT sum(balance_micro) FROM squads.accounts")) == 0
        rows = connection.execute(
            text("""SELECT squad_id, agent_id, amount_micro FROM squads.squad_grants
                    JOIN squads.qf_claims ON contribution_id = id""")
        ).all()
        standing: dict[str, int] = dict(
            connection.execute(text("SELECT squad_id, matched_micro FROM squads.qf_standings")).all()
        )
        paid: dict[str, int] = dict(
            connection.execute(
                text("""SELECT squad_id, sum(amount_micro)::bigint FROM squads.squad_grants
                        WHERE purpose = 'quadratic_funding' GROUP BY 1""")
            ).all()
        )
    assert {squad: amount for squad, amount in standing.items() if amount} == paid
    due = rule([tuple(row) for row in rows], 10**18, dust=TOKEN, min_contributors=2)
    assert paid == {squad: amount for squad, amount in due.items() if amount}


def test_two_rounds_at_once(engine: Engine, database_url: str) -> None:
    for number, agent in enumerate(AGENTS * 5):
        contribute(engine, agent, number)
    start = threading.Barrier(2)

    def one(name: str) -> int:
        own = database.engine(database_url)
        start.wait()
        outcome = run_driver(own, match_round, DriverRun(name))
        own.dispose()
        return outcome.units

    with ThreadPoolExecutor(2) as threads:
        units = sorted(threads.map(one, ["first", "second"]))
    assert units == [0, len(SQUADS)]
    assert set(claims(engine).values()) == {1}


def test_contributions_during_rounds_are_neither_lost_nor_matched_twice(
    engine: Engine, database_url: str
) -> None:
    each = 40
    working = threading.Semaphore(0)

    def contributor(agent: str) -> None:
        own = database.engine(database_url)
        for number in range(each):
            contribute(own, agent, number)
        own.dispose()
        working.release()

    def matcher(name: str) -> int:
        own = database.engine(database_url)
        rounds = 0
        while not working.acquire(blocking=False):
            rounds += run_driver(own, match_round, DriverRun(name)).units > 0
        working.release()
        own.dispose()
        return rounds

    with ThreadPoolExecutor(len(AGENTS) + 2) as threads:
        rounds = [threads.submit(matcher, name) for name in ("first", "second")]
        for done in [threads.submit(contributor, agent) for agent in AGENTS]:
            done.result()
        made = sum(one.result() for one in rounds)
    run_driver(engine, match_round, DriverRun("last"))
    assert made > 1, "the rounds were meant to overlap with contributions"
    seen = claims(engine)
    assert len(seen) == len(AGENTS) * each
    assert set(seen.values()) == {1}
    assert_sums_agree(engine)


def test_a_squad_cannot_close_while_a_round_weighs_it(engine: Engine) -> None:
    for number, agent in enumerate(AGENTS):
        contribute(engine, agent, number)
    with engine.begin() as matching, engine.connect() as closing:
        match_round(matching, DriverRun("open"))
        closing.execute(text("SET lock_timeout = '200ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            closing.execute(text("UPDATE squads.research_squads SET status = 'harvesting'"))


def test_kill_9_between_any_two_statements(engine: Engine, database_url: str) -> None:
    for number, agent in enumerate(AGENTS * 3):
        contribute(engine, agent, number)

    def rows() -> int:
        with engine.connect() as connection:
            return int(
                connection.scalar(
                    text("""SELECT (SELECT count(*) FROM squads.qf_claims)
                                   + (SELECT count(*) FROM squads.transfers WHERE kind = 'match')""")
                )
                or 0
            )

    killed_before = 0
    while rows() == 0:
        kill_9(database_url, "qf_matches", killed_before)
        killed_before += 1
    # The last one died after its commit: everything is there, and once.
    assert killed_before > 10, "the driver has more statements than that"
    run_driver(engine, match_round, DriverRun("after"))
    assert set(claims(engine).values()) == {1}
    assert_sums_agree(engine)
