"""The daily top-up: once a day, whoever else has meanwhile done it."""

from dataclasses import replace

from sqlalchemy import Connection

from squads_pipeline.rules.policy import policy_id
from squads_pipeline.store import ledger, policies, top_up
from squads_pipeline.store.stamp import Stamp

TARGET = 1_000


def test_it_fills_up_to_the_level(connection: Connection) -> None:
    locked = top_up.lock(connection, ledger.TREASURY, TARGET)
    assert top_up.mint(connection, locked, TARGET, _stamp(connection)) == TARGET
    assert ledger.find_accounts(connection, [ledger.TREASURY])[ledger.TREASURY].balance_micro == TARGET


def test_an_account_at_its_level_needs_no_lock_on_issuance(connection: Connection) -> None:
    locked = top_up.lock(connection, ledger.TREASURY, 0)
    assert locked.issuance is None
    assert top_up.mint(connection, locked, 0, _stamp(connection)) == 0


def test_who_comes_second_mints_nothing_even_if_the_money_is_spent(connection: Connection) -> None:
    """Both looked before either had the lock; the first filled up and paid out before the second got it."""
    first = top_up.lock(connection, ledger.TREASURY, TARGET)
    second = replace(first, account=replace(first.account, balance_micro=10))
    assert top_up.mint(connection, first, TARGET, _stamp(connection)) == TARGET
    assert top_up.mint(connection, second, TARGET, _stamp(connection)) == 0


def _stamp(connection: Connection) -> Stamp:
    return Stamp("test", "test", policy_id(policies.current(connection)), "1")
