"""Corrections: the reverse as a new fact, never more than was moved, never below zero, never twice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, text

from squads_pipeline.commands import community, correcting, funding
from squads_pipeline.store import database
from squads_pipeline.store.errors import InsufficientFundsError, NotFoundError, RefusedError
from squads_pipeline.store.invariants import INVARIANTS

TOKEN = 1_000_000
MINT = "mint:wallet:ada:first"


@pytest.fixture
def ada(connection: Connection) -> Iterator[Connection]:
    """Ada was given 100 tokens and has passed 30 of them on to heat."""
    community.add_agent(connection, "ada", tokens_micro=100 * TOKEN)
    community.add_squad(connection, "heat")
    funding.contribute(connection, "ada", "heat", 30 * TOKEN, key="gift")
    yield connection
    for invariant in INVARIANTS.values():
        assert invariant.find(connection, None).first == (), invariant.number


def balances(connection: Connection) -> dict[str, int]:
    rows = connection.execute(
        text(
            "SELECT name, balance_micro / 1000000 AS tokens FROM squads.accounts WHERE name NOT LIKE 'matching%'"
        )
    )
    return {row.name: row.tokens for row in rows}


def test_the_whole_transfer_goes_back(ada: Connection) -> None:
    done = correcting.correct(ada, "gift", reason="the wrong squad")
    assert done.amount_micro == 30 * TOKEN
    assert done.key == f"correction:{done.original.id}:1"
    assert balances(ada)["wallet:ada"] == 100
    assert balances(ada)["squad:heat"] == 0


def test_by_number_and_in_parts(ada: Connection) -> None:
    number = str(correcting.plan(ada, "gift").original.id)
    correcting.correct(ada, number, reason="too much", amount_micro=10 * TOKEN)
    second = correcting.correct(ada, number, reason="still too much")
    assert (second.amount_micro, second.key) == (20 * TOKEN, f"correction:{number}:2")
    with pytest.raises(RefusedError, match="0 tokens are left to correct") as refused:
        correcting.correct(ada, number, reason="again")
    assert "nothing is to do" in refused.value.remedy


@pytest.mark.parametrize("amount_micro", [0, -1, 30 * TOKEN + 1])
def test_never_more_than_was_moved(ada: Connection, amount_micro: int) -> None:
    with pytest.raises(RefusedError, match="30 tokens are left to correct"):
        correcting.correct(ada, "gift", reason="r", amount_micro=amount_micro)


def test_what_was_spent_is_not_taken_back(ada: Connection) -> None:
    with pytest.raises(InsufficientFundsError, match="wallet:ada holds 70 tokens, less than the 100"):
        correcting.correct(ada, MINT, reason="minted twice")
    correcting.correct(ada, MINT, reason="minted twice", amount_micro=70 * TOKEN)
    assert balances(ada)["wallet:ada"] == 0


def test_a_correction_is_not_corrected_and_needs_its_reason(ada: Connection) -> None:
    done = correcting.correct(ada, "gift", reason="wrong")
    with pytest.raises(RefusedError, match="is a correction itself"):
        correcting.correct(ada, done.key, reason="no, right")
    with pytest.raises(RefusedError, match="without a reason"):
        correcting.correct(ada, MINT, reason=" ")


@pytest.mark.parametrize("name", ["nothing", "999", "9" * 40, ""])
def test_an_unknown_transfer_is_named(ada: Connection, name: str) -> None:
    with pytest.raises(NotFoundError, match="There is no transfer"):
        correcting.plan(ada, name)


def test_two_operators_at_once_correct_once(engine: Engine, database_url: str) -> None:
    with engine.begin() as connection:
        community.add_agent(connection, "ada", tokens_micro=100 * TOKEN)

    def one(_: int) -> bool:
        own = database.engine(database_url)
        try:
            with own.begin() as connection:
                correcting.correct(connection, MINT, reason="twice")
        except RefusedError:
            return False
        finally:
            own.dispose()
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(one, range(4))) == [False, False, False, True]
    with engine.connect() as connection:
        assert balances(connection)["wallet:ada"] == 0
