"""Success criteria: what is a criterion, and when one, or all of a squad's, are met."""

import pytest

from squads_pipeline.rules.criteria import (
    MEASURES,
    criteria_met,
    measure_of,
    parse_criterion,
    why_no_criteria,
    why_no_criterion,
    why_not_met,
)
from squads_pipeline.rules.formation import SUCCESS_CRITERIA

TWO = {"measure": "findings_bubbled", "at_least": 2}

UNKNOWN_FORMS: list[object] = [
    None,
    "findings_bubbled",
    2,
    [TWO],
    {},
    {"measure": "findings_bubbled"},
    {"at_least": 1},
    {"measure": "happiness", "at_least": 1},
    {"measure": ["members"], "at_least": 1},
    {"measure": None, "at_least": 1},
    {"measure": "members", "at_least": 0},
    {"measure": "members", "at_least": -1},
    {"measure": "members", "at_least": 1.0},
    {"measure": "members", "at_least": "1"},
    {"measure": "members", "at_least": True},
    {"measure": "members", "at_least": None},
    {"measure": "members", "at_least": 1_000_000_000},
    {"measure": "members", "at_least": 1, "by": "friday"},
]
"""Forms that must never count as met, whatever has been reached."""

PLENTY = dict.fromkeys(MEASURES, 2_000_000_000)


@pytest.mark.parametrize("criterion", UNKNOWN_FORMS)
def test_an_unknown_form_is_refused_and_never_met(criterion: object) -> None:
    assert why_no_criterion(criterion) is not None
    assert not criteria_met([criterion], PLENTY)
    assert not criteria_met([TWO, criterion], PLENTY)


@pytest.mark.parametrize("criteria", [None, [], {}, "all", TWO, 7])
def test_without_a_list_of_criteria_nothing_is_met(criteria: object) -> None:
    assert not criteria_met(criteria, PLENTY)


@pytest.mark.parametrize("measure", MEASURES)
def test_each_measure_is_met_from_its_number_on(measure: str) -> None:
    criteria = [{"measure": measure, "at_least": 3}]
    assert why_no_criteria(criteria) is None
    met = {value: criteria_met(criteria, {measure: value}) for value in (0, 2, 3, 4)}
    assert met == {0: False, 2: False, 3: True, 4: True}


def test_what_is_not_known_is_not_met() -> None:
    assert not criteria_met([TWO], {"findings_bubbled": None})
    assert not criteria_met([TWO], {"members": 9})


def test_all_must_be_met() -> None:
    criteria = [TWO, {"measure": "members", "at_least": 1}]
    assert criteria_met(criteria, {"findings_bubbled": 2, "members": 1})
    assert not criteria_met(criteria, {"findings_bubbled": 2, "members": 0})
    assert not criteria_met(criteria, {"findings_bubbled": 1, "members": 1})


def test_what_is_wrong_is_told_with_its_place() -> None:
    assert why_no_criteria(SUCCESS_CRITERIA) is None
    assert why_no_criteria([]) is None
    assert why_no_criteria("two findings") == "the success criteria are no list"
    assert why_no_criteria([TWO] * 21) == "there are 21 success criteria, more than 20"
    wrong = why_no_criteria([TWO, {"measure": "happiness", "at_least": 1}])
    assert wrong == (
        "success criterion 2: 'happiness' is no measure; choose one of findings_bubbled, findings_authored, "
        "journal_entries, members"
    )


@pytest.mark.parametrize("text", ["findings_bubbled>=2", " findings_bubbled >= 2 ", "findings_bubbled≥2"])
def test_a_criterion_is_read(text: str) -> None:
    assert parse_criterion(text) == TWO


@pytest.mark.parametrize(
    "text", ["", "members", "members=2", "members>=0", "members>=x", "joy>=1", "members>=1.5"]
)
def test_what_is_no_criterion_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no criterion: .*such as findings_bubbled>=2"):
        parse_criterion(text)


def test_a_measures_criteria_are_met_when_it_reaches_them() -> None:
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
def test_each_fact_alone_keeps_a_measures_criteria_from_being_met(
    criteria: list[object], measured: dict[str, int], reason: str
) -> None:
    assert why_not_met(criteria, "findings_bubbled", measured) == reason


@pytest.mark.parametrize("criterion", [{}, {"measure": 7}, "findings_bubbled", None])
def test_what_names_no_measure_has_none(criterion: object) -> None:
    assert measure_of(criterion) is None
