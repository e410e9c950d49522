"""Mechanisms compared on small rounds, with exact numbers."""

from datetime import date
from fractions import Fraction

import pandas as pd
import pytest

from squads_pipeline.marts import mechanism_comparison as comparing
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.roots import root

DAY = date(2026, 2, 3)
TOKEN = 1_000_000
LIBERAL = Policy(max_match_fraction=Fraction(1))

Gifts = dict[str, dict[str, int]]


def standings(gifts: Gifts, matched: dict[str, int], paid: dict[str, int]) -> pd.DataFrame:
    rows = [
        (
            squad,
            len(given),
            sum(map(root, given.values())),
            sum(given.values()),
            matched.get(squad, 0),
            paid.get(squad),
        )
        for squad, given in gifts.items()
    ]
    names = ["squad_id", "contributors", "root_sum", "contributed_micro", "matched_micro", "paid_micro"]
    return pd.DataFrame(rows, columns=names, dtype=object)


def compare(gifts: Gifts, *, matched: dict[str, int], paid: dict[str, int], budget: int) -> pd.DataFrame:
    given = standings(gifts, matched, paid)
    needed = comparing.undecided(given)
    totals = pd.DataFrame(
        [(squad, agent, total) for squad in needed for agent, total in gifts[squad].items()],
        columns=["squad_id", "agent_id", "total_micro"],
    )
    return comparing.compare(given, totals, effective_on=DAY, round_id=7, budget_micro=budget, policy=LIBERAL)


def paid_by(compared: pd.DataFrame) -> dict[tuple[str, str], tuple[int, int, int]]:
    amounts = compared[["weight_micro", "match_micro", "paid_micro"]].map(int)
    names = zip(compared["squad_id"], compared["mechanism"], strict=True)
    return dict(zip(names, amounts.itertuples(index=False, name=None), strict=True))


def test_each_mechanism_weighs_the_same_gifts() -> None:
    gifts = {"x": {"a": 10 * TOKEN, "b": 10 * TOKEN}}
    compared = compare(gifts, matched={}, paid={"x": 40 * TOKEN}, budget=1_000 * TOKEN)
    assert paid_by(compared) == {
        ("x", "quadratic"): (40 * TOKEN, 40 * TOKEN, 40 * TOKEN),
        ("x", "clr"): (20 * TOKEN, 20 * TOKEN, 40 * TOKEN),
        ("x", "pairwise"): (14_285_714, 14_285_714, 40 * TOKEN),
    }
    assert comparing.unpaired(compared) == []
    assert compared[["effective_on", "round_id", "contributors"]].values.tolist() == [[DAY, 7, 2]] * 3


def test_earlier_matches_and_the_budget_are_the_rounds_own() -> None:
    gifts = {"x": {"a": 10 * TOKEN, "b": 10 * TOKEN}}
    compared = compare(gifts, matched={"x": 25 * TOKEN}, paid={"x": 9 * TOKEN}, budget=9 * TOKEN)
    assert paid_by(compared) == {
        ("x", "quadratic"): (40 * TOKEN, 9 * TOKEN, 9 * TOKEN),
        ("x", "clr"): (20 * TOKEN, 0, 9 * TOKEN),
        ("x", "pairwise"): (14_285_714, 0, 9 * TOKEN),
    }


def test_a_squad_that_the_round_did_not_weigh_is_shown_only_where_it_would_be_paid() -> None:
    gifts = {"x": {"a": 10 * TOKEN, "b": 10 * TOKEN}, "alone": {"a": TOKEN}}
    compared = compare(gifts, matched={"x": 20 * TOKEN}, paid={}, budget=1_000 * TOKEN)
    assert paid_by(compared) == {("x", "quadratic"): (40 * TOKEN, 20 * TOKEN, 0)}


def test_beyond_the_bound_pairs_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    gifts = {"x": {"a": 10 * TOKEN, "b": 10 * TOKEN, "c": 10 * TOKEN}}
    given = standings(gifts, {}, {"x": 0})
    assert comparing.pairs(given) == 3
    assert comparing.compared(given) == ["quadratic", "clr", "pairwise"]
    monkeypatch.setattr(comparing, "PAIRS_BOUND", 2)
    assert comparing.compared(given) == ["quadratic", "clr"]
    compared = compare(gifts, matched={}, paid={"x": 0}, budget=1_000 * TOKEN)
    assert set(compared["mechanism"]) == {"quadratic", "clr"}
    assert comparing.unpaired(compared) == [7]


def test_totals_are_asked_for_only_where_sums_do_not_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "PAIRS_BOUND", 0)
    gifts = {"whole": {"a": 10 * TOKEN, "b": 10 * TOKEN}, "broken": {"a": 10 * TOKEN, "b": 11 * TOKEN}}
    assert comparing.undecided(standings(gifts, {}, {})) == ["whole"]


def test_without_rounds_there_is_an_empty_frame_with_all_columns() -> None:
    assert list(comparing.together([]).columns) == list(comparing.COLUMN_TYPES)
