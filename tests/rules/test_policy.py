"""The policy: the packaged file is the default, and every mistake is named with its remedy."""

import dataclasses
import json
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import squads_pipeline
from squads_pipeline.rules.parameters import Parameter
from squads_pipeline.rules.policy import (
    Change,
    Policy,
    PolicyError,
    describe,
    diff,
    from_json,
    parse_policy,
    policy_id,
    to_json,
)
from squads_pipeline.rules.policy_schema import parameters

PACKAGED = (Path(squads_pipeline.__file__).parent / "policy.toml").read_text(encoding="utf-8")


def with_line(old: str, new: str) -> str:
    """Return the packaged policy with one line changed."""
    assert PACKAGED.count(f"\n{old}\n") == 1, old
    return PACKAGED.replace(f"\n{old}\n", f"\n{new}\n")


def test_the_packaged_file_holds_the_defaults() -> None:
    assert parse_policy(PACKAGED) == Policy()


def test_the_packaged_file_explains_each_parameter() -> None:
    lines = PACKAGED.splitlines()
    for doc in describe():
        at = next(
            index for index, line in enumerate(lines) if line.startswith(doc.name.split(".")[1] + " = ")
        )
        above = lines[:at][::-1]
        comment = " ".join(above[: above.index("")][::-1])
        assert comment.startswith("# "), doc.name
        if doc.unit == "name":
            assert all(f'"{name}"' in comment for name in doc.bounds.split(", ")), doc.name
        else:
            assert doc.bounds.removesuffix(f" {doc.unit}") in comment, doc.name


@pytest.mark.parametrize(
    ("old", "new", "field", "value"),
    [
        ('dust = "1"', "dust = 3", "dust_micro", 3_000_000),
        ('dust = "1"', 'dust = "0.000001"', "dust_micro", 1),
        ('dust = "1"', 'dust = "1000000"', "dust_micro", 10**12),
        ("settle_count = 1000", "settle_count = 10_000_000", "settle_count", 10_000_000),
        ("settle_after_seconds = 21600", "settle_after_seconds = 0", "settle_after_seconds", 0),
        ('max_match_fraction = "0.25"', 'max_match_fraction = "1/3"', "max_match_fraction", Fraction(1, 3)),
        ('max_match_fraction = "0.25"', "max_match_fraction = 1", "max_match_fraction", Fraction(1)),
        ('mechanism = "quadratic"', 'mechanism = "pairwise"', "mechanism", "pairwise"),
        ('matching_pool_target = "100000"', 'matching_pool_target = "0"', "matching_pool_target_micro", 0),
        ('treasury_target = "100000"', 'treasury_target = "0"', "treasury_target_micro", 0),
        ('min_importance = "0.5"', 'min_importance = "2/3"', "min_importance", Fraction(2, 3)),
        ('seed_rate = "5000"', "seed_rate = 1", "seed_rate_micro", 1_000_000),
        ("recruit_window_seconds = 86400", "recruit_window_seconds = 60", "recruit_window_seconds", 60),
        ("max_per_run = 5", "max_per_run = 10_000", "max_per_run", 10_000),
    ],
)
def test_a_changed_line_changes_one_field(old: str, new: str, field: str, value: object) -> None:
    changes: dict[str, Any] = {field: value}
    assert parse_policy(with_line(old, new)) == dataclasses.replace(Policy(), **changes)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('dust = "1"', 'dust = "-0.000001"', "'-0.000001' is not allowed; .*allowed: 0 to 1,000,000 tokens"),
        ('dust = "1"', 'dust = "1000000.000001"', "is not allowed"),
        ('dust = "1"', "dust = 1.5", r"matching\.dust = 1\.5 is a TOML float, .*; write it in quotes"),
        ('dust = "1"', 'dust = "0.0000001"', "up to six decimals"),
        ('dust = "1"', "dust = true", "not an amount of tokens"),
        ('dust = "1"', 'dust = "one"', "not an amount of tokens"),
        ("settle_count = 1000", "settle_count = 0", "allowed: 1 to 10,000,000 contributions"),
        ("settle_count = 1000", "settle_count = 10_000_001", "is not allowed"),
        ("settle_count = 1000", 'settle_count = "1000"', "not a whole number; write digits without quotes"),
        ("settle_count = 1000", "settle_count = 1000.0", "not a whole number"),
        ("settle_count = 1000", "settle_count = true", "not a whole number"),
        ('max_match_fraction = "0.25"', "max_match_fraction = 0.25", "write it in quotes"),
        ('max_match_fraction = "0.25"', 'max_match_fraction = "0"', "above 0, at most 1"),
        ('max_match_fraction = "0.25"', 'max_match_fraction = "1.01"', "is not allowed"),
        ('max_match_fraction = "0.25"', 'max_match_fraction = "1/0"', "is not a fraction"),
        ('max_match_fraction = "0.25"', 'max_match_fraction = "1e999999999"', "is not a fraction"),
        ('mechanism = "quadratic"', 'mechanism = "linear"', "'linear' .*quadratic, clr, pairwise"),
        ('mechanism = "quadratic"', "mechanism = 1", "in quotes"),
        ('pairwise_bound = "25"', 'pairwise_bound = "0"', "1 to 1,000,000 tokens"),
        ('min_importance = "0.5"', "min_importance = 0.5", "write it in quotes"),
        ('seed_rate = "5000"', 'seed_rate = "1000000.1"', "0 to 1,000,000 tokens"),
        ("recruit_window_seconds = 86400", "recruit_window_seconds = 59", "60 to 2,592,000 seconds"),
        ("max_per_run = 5", "max_per_run = 0", "1 to 10,000 units"),
        ('dust = "1"', "", r"matching\.dust is missing; add it to \[matching\]"),
        ('dust = "1"', 'dust = "1"\nmechanims = "clr"', "did you mean matching.mechanism?"),
        ('dust = "1"', 'dust = "1"\nzzz = 1', "matching.zzz is not a parameter; remove it"),
        (
            'dust = "1"',
            'dust = "1"\n[treasure]\nx = 1',
            r"\[treasure\] is not a table .*did you mean treasury",
        ),
        ('dust = "1"', 'dust "1"', "not valid TOML"),
    ],
)
def test_a_wrong_line_is_named_with_its_remedy(old: str, new: str, problem: str) -> None:
    with pytest.raises(PolicyError, match=problem):
        parse_policy(with_line(old, new))


def test_all_problems_come_at_once() -> None:
    text = with_line('dust = "1"', "dust = 0.5").replace("settle_count", "setle_count")
    with pytest.raises(PolicyError) as caught:
        parse_policy(text.replace("min_contributors = 2", "min_contributors = 0"))
    assert [problem.split(" ")[0] for problem in caught.value.problems] == [
        "matching.settle_count",
        "matching.setle_count",
        "matching.dust",
        "matching.min_contributors",
    ]
    assert str(caught.value).splitlines() == list(caught.value.problems)


def test_an_empty_file_misses_every_parameter() -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy("")
    assert len(caught.value.problems) == len(dataclasses.fields(Policy))


@pytest.mark.parametrize(
    "changes",
    [
        {"dust_micro": -1},
        {"dust_micro": 10**12 + 1},
        {"min_contributors": True},
        {"max_match_fraction": 0.25},
        {"max_match_fraction": Fraction(0)},
        {"mechanism": "linear"},
    ],
)
def test_no_policy_exists_out_of_bounds(changes: dict[str, Any]) -> None:
    with pytest.raises(PolicyError, match=next(iter(changes))):
        Policy(**changes)


def another(parameter: Parameter, value: object) -> object:
    """An allowed value of a parameter that is not the given one."""
    if isinstance(value, str):
        return next(name for name in parameter.kind.allowed.split(", ") if name != value)
    return (value + 1) / 2 if isinstance(value, Fraction) else int(str(value)) + 1


def test_the_id_depends_on_values_and_on_nothing_else() -> None:
    assert policy_id(Policy()) == policy_id(parse_policy(PACKAGED + "\n# a comment\n"))
    canonical = json.dumps(dict(sorted(to_json(Policy()).items())), separators=(",", ":"))
    assert policy_id(Policy()) == sha256(canonical.encode()).hexdigest()[:16]
    changed: list[dict[str, Any]] = [
        {name: another(parameter, getattr(Policy(), name))} for name, parameter in parameters()
    ]
    assert len({policy_id(Policy(**change)) for change in [{}, *changed]}) == len(changed) + 1


def test_json_is_exact_both_ways() -> None:
    policy = Policy(max_match_fraction=Fraction(1, 3), dust_micro=1, mechanism="clr")
    stored = to_json(policy)
    assert stored["max_match_fraction"] == "1/3"
    assert stored["dust_micro"] == 1
    assert from_json(stored) == policy


def test_an_older_policy_has_the_defaults_of_what_came_later() -> None:
    stored = to_json(Policy(dust_micro=1))
    del stored["excess"]
    assert from_json(stored) == Policy(dust_micro=1)


@pytest.mark.parametrize(
    ("stored", "problem"),
    [
        ({"dust": 1}, "dust is not a parameter"),
        ({"dust_micro": "1"}, "not of type int"),
        ({"dust_micro": -1}, "dust_micro = -1 is not allowed"),
        ({"dust_micro": 1.0}, "not of type int"),
        ({"max_match_fraction": "5/4"}, "is not allowed"),
        ({"max_match_fraction": 0.25}, "write it in quotes"),
        ({"mechanism": None}, "not of type str"),
    ],
)
def test_a_stored_policy_that_is_wrong_is_refused(stored: dict[str, object], problem: str) -> None:
    with pytest.raises(PolicyError, match=problem):
        from_json(stored)


def test_describe_and_diff_speak_the_language_of_the_file() -> None:
    docs = {doc.name: doc for doc in describe()}
    assert len(docs) == len(dataclasses.fields(Policy))
    assert all(doc.description.endswith(".") for doc in docs.values())
    target = docs["treasury.matching_pool_target"]
    assert (target.unit, target.default, target.bounds) == ("tokens", "100000", "0 to 1,000,000,000 tokens")
    assert diff(Policy(), Policy()) == []
    assert diff(Policy(), Policy(max_match_fraction=Fraction(1, 3), dust_micro=1_500_000)) == [
        Change("matching.dust", "1", "1.5"),
        Change("matching.max_match_fraction", "1/4", "1/3"),
    ]
