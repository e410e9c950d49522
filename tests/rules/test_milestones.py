"""Milestones: each single fact flips the answer."""

import pytest

from squads_pipeline.rules.milestones import named, why_not_met

TWO = {"measure": "findings_bubbled", "at_least": 2}


def test_a_criterion_is_met_when_its_measure_reaches_it() -> None:
    assert why_not_met([TWO, "nonsense"], "findings_bubbled", {"findings_bubbled": 2}) is None


@pytest.mark.parametrize(
    ("criteria", "measured", "reason"),
    [
        ([TWO], {"findings_bubbled": 1}, "1 of 2"),
        ([TWO], {}, "it cannot be measured"),
        (
            [{"measure": "findings_bubbled", "at_least": "2"}],
            {"findings_bubbled": 2},
            "it cannot be measured",
        ),
        (
            [{"measure": "findings_bubbled", "at_least": True}],
            {"findings_bubbled": 2},
            "it cannot be measured",
        ),
        ([], {"findings_bubbled": 2}, "there is none of this measure"),
        ([TWO, {"measure": "findings_bubbled", "at_least": 3}], {"findings_bubbled": 2}, "2 of 3"),
    ],
)
def test_each_fact_alone_keeps_it_from_being_met(
    criteria: list[object], measured: dict[str, int], reason: str
) -> None:
    assert why_not_met(criteria, "findings_bubbled", measured) == reason


@pytest.mark.parametrize("criterion", [{}, {"measure": 7}, "findings_bubbled", None])
def test_what_names_no_measure_has_none(criterion: object) -> None:
    assert named(criterion) is None
