"""Sharing out a pool: the manner by each single fact, exact shares, refunds in proportion."""

import pytest

from squads_pipeline.rules.distribution import Scored, Share, refunds, share_out

ADA = Scored("ada", "lead", 3)
BOB = Scored("bob", "researcher", 1)
EYE = Scored("eye", "observer", 9)
IDLE = [Scored("ada", "lead", 0), Scored("bob", "reviewer", 0), Scored("eye", "observer", 0)]


def shares(pool_micro: int, members: list[Scored]) -> dict[str, int]:
    return {one.agent_id: one.share_micro for one in share_out(pool_micro, members).shares}


def test_a_pool_is_shared_by_score() -> None:
    division = share_out(100, [BOB, ADA])
    assert division.manner == "by_score"
    assert division.shares == (Share("ada", 75, rounded_up=False), Share("bob", 25, rounded_up=False))


def test_the_largest_remainder_gets_the_odd_unit_and_ties_go_to_the_lower_id() -> None:
    thirds = [Scored(name, "researcher", 1) for name in ("c", "a", "b")]
    assert share_out(100, thirds).shares == (
        Share("a", 34, rounded_up=True),
        Share("b", 33, rounded_up=False),
        Share("c", 33, rounded_up=False),
    )
    assert shares(101, [ADA, BOB]) == {"ada": 76, "bob": 25}  # 75.75 and 25.25


def test_an_observer_gets_nothing_whatever_its_score() -> None:
    assert shares(100, [ADA, BOB, EYE]) == {"ada": 75, "bob": 25, "eye": 0}


def test_without_scores_all_but_observers_get_equal_parts() -> None:
    division = share_out(101, IDLE)
    assert division.manner == "equal_parts"
    assert shares(101, IDLE) == {"ada": 51, "bob": 50, "eye": 0}


@pytest.mark.parametrize(
    ("pool_micro", "members", "abandoned", "manner"),
    [
        (1, [ADA], False, "by_score"),
        (1, IDLE, False, "equal_parts"),
        (1, [EYE], False, "refund"),
        (1, [], False, "refund"),
        (1, [ADA], True, "refund"),
        (0, [ADA], False, "empty"),
        (0, [], True, "empty"),
    ],
)
def test_each_fact_decides_the_manner(
    pool_micro: int, members: list[Scored], *, abandoned: bool, manner: str
) -> None:
    division = share_out(pool_micro, members, abandoned=abandoned)
    assert division.manner == manner
    paid = sum(one.share_micro for one in division.shares)
    assert paid == (pool_micro if manner in ("by_score", "equal_parts") else 0)


@pytest.mark.parametrize(
    ("pool_micro", "members"), [(-1, [ADA]), (1, [Scored("ada", "lead", -1)]), (1, [ADA, ADA])]
)
def test_what_cannot_be_is_refused(pool_micro: int, members: list[Scored]) -> None:
    with pytest.raises(ValueError, match=r"not negative|one share"):
        share_out(pool_micro, members)


def test_refunds_follow_the_grants() -> None:
    granted = {"wallet:ada": 300, "treasury": 100, "matching_pool": 600}
    assert refunds(500, granted) == {"matching_pool": 300, "treasury": 50, "wallet:ada": 150}
    assert refunds(1, granted) == {"matching_pool": 1}
    assert refunds(0, {}) == {}


def test_there_is_nobody_to_refund() -> None:
    with pytest.raises(ValueError, match="nobody"):
        refunds(1, {})
