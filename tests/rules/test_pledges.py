"""What a pledge pays: each single fact flips the answer, and every µT is exact."""

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest

from squads_pipeline.rules.pledges import (
    Payment,
    Wallet,
    amount_micro,
    cycle_of,
    payments,
    preferred,
    refusal,
)
from squads_pipeline.rules.policy import Policy

TOKEN = 1_000_000
POLICY = Policy()
WALLET = Wallet(consented=True, active=True, balance_micro=100 * TOKEN, reserve_micro=99 * TOKEN)


def test_a_wallet_that_just_meets_every_guard_pays() -> None:
    assert refusal(WALLET, ["x", "y"], POLICY) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"consented": False}, "no pledge in force"),
        ({"consented": None}, "not known whether the agent has a pledge"),
        ({"active": False}, "not active"),
        ({"active": None}, "not known whether the agent is active"),
        ({"balance_micro": 100 * TOKEN - 1, "reserve_micro": 0}, "below pledges.min_balance"),
        ({"balance_micro": None}, "balance is not known"),
        ({"reserve_micro": 99 * TOKEN + 1}, "above the reserve is less"),
        ({"reserve_micro": None}, "reserve is not known"),
    ],
)
def test_each_fact_of_the_wallet_alone_refuses(change: dict[str, Any], reason: str) -> None:
    wallet = replace(WALLET, **change)
    assert reason in str(refusal(wallet, [], POLICY))
    assert payments(wallet, ["x"], [], POLICY) == []


@pytest.mark.parametrize(
    ("funded", "reason"),
    [
        (["x", "y", "z"], "has funded pledges.max_squads_per_cycle squads"),
        (None, "not known which squads"),
        (["x", "y", "y"], None),
    ],
)
def test_the_places_of_the_cycle_alone_refuse(funded: list[str] | None, reason: str | None) -> None:
    said = refusal(WALLET, funded, POLICY)
    assert said is None if reason is None else reason in str(said)
    assert len(payments(WALLET, ["w"], funded, POLICY)) == (reason is None)


@pytest.mark.parametrize(
    ("balance", "reserve", "amount"),
    [
        (100 * TOKEN, 0, 5 * TOKEN),  # a twentieth
        (100 * TOKEN + 19, 0, 5 * TOKEN),  # rounded down to the µT
        (100 * TOKEN + 20, 0, 5 * TOKEN + 1),
        (1_000 * TOKEN, 0, 50 * TOKEN),
        (1_000 * TOKEN - 20, 0, 50 * TOKEN - 1),
        (2**63 - 1, 0, 50 * TOKEN),  # the cap
        (20 * TOKEN - 20, 0, 1 * TOKEN),  # the minimum
        (100 * TOKEN, 97 * TOKEN, 3 * TOKEN),  # what is left above the reserve
    ],
)
def test_amounts(balance: int, reserve: int, amount: int) -> None:
    assert amount_micro(balance, reserve, POLICY) == amount


def test_the_cap_is_above_the_minimum() -> None:
    odd = Policy(pledge_min_contribution_micro=9 * TOKEN, pledge_max_contribution_micro=2 * TOKEN)
    assert amount_micro(100 * TOKEN, 0, odd) == 2 * TOKEN


def test_what_cannot_be_spent_is_no_amount() -> None:
    with pytest.raises(ValueError, match="reserve"):
        amount_micro(100 * TOKEN, 100 * TOKEN, POLICY)


@pytest.mark.parametrize(
    ("moment", "seconds", "cycle"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 3600, 0),
        (datetime(1970, 1, 1, 0, 59, 59, 999_999, tzinfo=UTC), 3600, 0),
        (datetime(1970, 1, 1, 1, tzinfo=UTC), 3600, 1),
        (datetime(1969, 12, 31, 23, 59, tzinfo=UTC), 3600, -1),
        (datetime(2026, 2, 3, 9, 30, tzinfo=UTC), 3600, 491_697),
        (datetime(2026, 2, 3, 9, 30, tzinfo=UTC), 86_400, 20_487),
    ],
)
def test_cycles_are_counted_from_the_epoch(moment: datetime, seconds: int, cycle: int) -> None:
    assert cycle_of(moment, seconds) == cycle


def test_the_order_of_squads() -> None:
    every = {"a", "b", "c", "d", "e"}
    assert list(preferred([], ["c"], ["b", "c"], ["e", "b", "a"], every)) == ["c", "b", "e", "a"]
    assert list(preferred(["d", "z", "a"], ["c"], ["b"], ["e"], every)) == ["d", "a"]
    assert list(preferred(["z"], ["c"], ["b"], ["e"], every)) == []


def test_each_amount_follows_from_the_balance_before_it() -> None:
    wallet = Wallet(True, True, 200 * TOKEN, 0)
    assert payments(wallet, ["x", "y", "z", "w"], [], POLICY) == [
        Payment("x", 1, 200 * TOKEN, 10 * TOKEN),
        Payment("y", 2, 190 * TOKEN, 9_500_000),
        Payment("z", 3, 180_500_000, 9_025_000),
    ]


def test_a_second_payment_may_fall_below_the_threshold() -> None:
    wallet = Wallet(True, True, 100 * TOKEN, 0)
    assert [one.squad_id for one in payments(wallet, ["x", "y"], [], POLICY)] == ["x"]


def test_what_was_funded_before_is_passed_over_and_keeps_its_place() -> None:
    wallet = Wallet(True, True, 1_000 * TOKEN, 0)
    policy = Policy(pledge_balance_fraction=Fraction(1, 100))
    planned = payments(wallet, ["x", "y", "z"], ["x"], policy)
    assert [(one.squad_id, one.slot) for one in planned] == [("y", 2), ("z", 3)]
