"""Forming: seeds to the µT, importance without a float, ids that never meet, who is paid first."""

import re
from dataclasses import replace
from fractions import Fraction

import pytest

from squads_pipeline.rules.formation import (
    Target,
    can_be_seeded,
    charter,
    least_ppm,
    pay_in_order,
    seed_key,
    seed_micro,
    squad_id,
)

TARGET = Target("gap", "Sleep/clears β-amyloid?", "Does sleep clear amyloid?", 950_000)


@pytest.mark.parametrize(
    ("importance_ppm", "rate_micro", "seed"),
    [
        (1_000_000, 5_000_000_000, 5_000_000_000),
        (950_000, 5_000_000_000, 4_750_000_000),
        (333_333, 5_000_000_000, 1_666_665_000),
        (1, 999_999, 0),
        (999_999, 1_000_001, 999_999),  # 0.999999 · 1.000001 = 0.999999999999, rounded down to the µT
        (0, 5_000_000_000, 0),
        (1_000_000, 0, 0),
    ],
)
def test_a_seed_is_importance_times_rate_rounded_down(
    importance_ppm: int, rate_micro: int, seed: int
) -> None:
    assert seed_micro(importance_ppm, rate_micro) == seed


@pytest.mark.parametrize(("importance_ppm", "rate"), [(-1, 1), (1_000_001, 1), (1, -1)])
def test_no_seed_out_of_bounds(importance_ppm: int, rate: int) -> None:
    with pytest.raises(ValueError, match="importance"):
        seed_micro(importance_ppm, rate)


@pytest.mark.parametrize(
    ("share", "ppm"),
    [
        (Fraction(1, 2), 500_000),
        (Fraction(1), 1_000_000),
        (Fraction(1, 3), 333_334),
        (Fraction(1, 10**18), 1),
    ],
)
def test_the_least_importance_is_rounded_up(share: Fraction, ppm: int) -> None:
    assert least_ppm(share) == ppm


@pytest.mark.parametrize(
    ("funds", "paid"), [(0, [0, 0, 0]), (3, [3, 0, 0]), (5, [5, 0, 0]), (7, [5, 2, 0]), (99, [5, 4, 3])]
)
def test_funds_go_to_the_first_until_they_are_spent(funds: int, paid: list[int]) -> None:
    assert pay_in_order([5, 4, 3], funds) == paid


def test_a_squad_without_any_money_is_not_formed_unless_it_needs_none() -> None:
    assert can_be_seeded(0, 0)
    assert can_be_seeded(5, 1)
    assert not can_be_seeded(5, 0)


def test_an_id_is_plain_says_the_target_and_is_the_same_each_time() -> None:
    made = squad_id(TARGET)
    assert re.fullmatch(r"gap-sleep-clears-amyloid-[0-9a-f]{10}", made)
    assert squad_id(replace(TARGET, title="another", importance_ppm=1)) == made
    assert squad_id(TARGET, 2) == f"{made}-2"


@pytest.mark.parametrize("artifact", ["x" * 200, "β", "a:b", "a_b", "A-B", "a.b"])
def test_ids_fit_into_the_table_and_have_no_colon(artifact: str) -> None:
    made = squad_id(replace(TARGET, artifact_type="hypothesis", artifact_id=artifact), 999)
    assert re.fullmatch(r"[a-z0-9-]{1,100}", made)


def test_targets_that_look_alike_have_other_ids() -> None:
    alike = [replace(TARGET, artifact_id=one) for one in ("a:b", "a_b", "A-B", "a.b")]
    assert len({squad_id(one) for one in [*alike, replace(alike[0], artifact_type="challenge")]}) == 5


def test_no_payment_has_another_payment_s_key() -> None:
    keys = {seed_key(squad, n) for squad in (squad_id(TARGET), squad_id(TARGET, 2)) for n in range(1, 30)}
    assert len(keys) == 58
    assert seed_key("heat", 1) == "seed:heat"
    assert seed_key("heat", 2) == "seed:heat:2"


def test_the_charter_names_the_target() -> None:
    assert "gap “Does sleep clear amyloid?” (Sleep/clears β-amyloid?)" in charter(TARGET)
