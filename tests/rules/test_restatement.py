"""What a restatement moves: nobody below zero, gains before losses, and every µT of a difference accounted for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squads_pipeline.rules.restatement import Correction, Holder, correct

ADA, BOB = 1, 2


def holders(ada: int = 0, bob: int = 0, *, ada_open: bool = True) -> dict[int, Holder]:
    return {ADA: Holder(ada, ada_open), BOB: Holder(bob, is_open=True)}


@pytest.mark.parametrize(
    ("differences", "held", "expected"),
    [
        ([(ADA, 5)], holders(), [Correction(5, 0, 0)]),
        ([(ADA, -5)], holders(ada=9), [Correction(-5, 0, 0)]),
        ([(ADA, -5)], holders(ada=3), [Correction(-3, 2, 0)]),
        ([(ADA, -5)], holders(), [Correction(0, 5, 0)]),
        ([(ADA, 5)], holders(ada_open=False), [Correction(0, 0, 5)]),
        ([(ADA, 0)], holders(ada_open=False), [Correction(0, 0, 0)]),
        # What it is owed pays for what it owes, whichever comes first.
        ([(ADA, -5), (ADA, 4)], holders(ada=1), [Correction(-5, 0, 0), Correction(4, 0, 0)]),
        ([(ADA, -5), (ADA, -5)], holders(ada=7), [Correction(-5, 0, 0), Correction(-2, 3, 0)]),
        ([(ADA, -5), (BOB, 5)], holders(ada=2), [Correction(-2, 3, 0), Correction(5, 0, 0)]),
    ],
)
def test_what_moves(
    differences: list[tuple[int, int]], held: dict[int, Holder], expected: list[Correction]
) -> None:
    assert correct(differences, held) == expected


def test_a_closed_payer_gives_what_is_taken_and_no_more() -> None:
    short = correct([(ADA, -5), (BOB, 5)], holders(ada=2), from_recovered=True)
    assert short == [Correction(-2, 3, 0), Correction(2, 0, 3)]
    # Nobody is there to get it: then it is not taken.
    assert correct([(ADA, -5)], holders(ada=9), from_recovered=True) == [Correction(0, 5, 0)]


def test_who_is_unknown_or_overdrawn_is_refused() -> None:
    for held in ({}, {ADA: Holder(-1, is_open=True)}):
        with pytest.raises(ValueError, match="nothing is known"):
            correct([(ADA, 5)], held)


@given(
    st.lists(st.tuples(st.sampled_from([ADA, BOB]), st.integers(-50, 50)), max_size=8),
    st.integers(0, 60),
    st.integers(0, 60),
    st.booleans(),
)
def test_every_difference_is_accounted_for_and_nobody_falls_below_zero(
    differences: list[tuple[int, int]], ada: int, bob: int, from_recovered: bool
) -> None:
    decided = correct(differences, holders(ada, bob), from_recovered=from_recovered)
    left = {ADA: ada, BOB: bob}
    for (holder, amount), one in zip(differences, decided, strict=True):
        assert amount == one.moved_micro - one.unrecovered_micro + one.undeliverable_micro
        assert min(one.unrecovered_micro, one.undeliverable_micro) == 0
        assert one.moved_micro * amount >= 0
        left[holder] += one.moved_micro
    assert min(left.values()) >= 0
    if from_recovered:
        assert sum(one.moved_micro for one in decided) == 0
