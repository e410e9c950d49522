"""One imported row: each field alone can refuse it, and equal facts have one key."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from squads_pipeline.rules.contribution_rows import ContributionRow, Refusal, read_row
from squads_pipeline.rules.money import Rounding

NOW = datetime(2026, 3, 1, tzinfo=UTC)
GOOD: dict[str, str | None] = {
    "round": "spring",
    "project_id": "squad-1",
    "contributor_id": "agent:7",
    "amount": "12.5",
    "ts": "2026-02-01T12:00:00+02:00",
}


def read(
    changed: dict[str, str | None] | None = None, *, rounding: Rounding = "refuse", at: datetime | None = None
) -> ContributionRow | Refusal:
    return read_row(7, GOOD | (changed or {}), rounding=rounding, at=at, now=NOW)


def key(changed: dict[str, str | None], *, rounding: Rounding = "refuse", at: datetime | None = None) -> str:
    result = read(changed, rounding=rounding, at=at)
    assert isinstance(result, ContributionRow), result
    return result.key


def test_a_good_row_is_understood() -> None:
    assert read() == ContributionRow(
        row=7,
        squad="squad-1",
        agent="agent:7",
        amount_micro=12_500_000,
        occurred_at=datetime(2026, 2, 1, 10, tzinfo=UTC),
        round_label="spring",
        key=key({}),
    )


@pytest.mark.parametrize(
    ("field", "value", "reason", "remedy"),
    [
        ("project_id", None, "is missing", "fill in project_id"),
        ("project_id", "  ", "is missing", "fill in project_id"),
        ("project_id", "a b", "is not an id", "letters, digits"),
        ("project_id", "-a", "is not an id", "beginning with"),
        ("project_id", "a" * 101, "is not an id", "1 to 100"),
        ("project_id", "squad\n1", "is not an id", "letters, digits"),
        ("contributor_id", "", "is missing", "fill in contributor_id"),
        ("contributor_id", "josé", "is not an id", "letters, digits"),
        ("amount", None, "is missing", "fill in amount"),
        ("amount", "ten", "is not a number", "1234.5"),
        ("amount", "NaN", "is not a finite number", "12.5"),
        ("amount", "0", "zero moves nothing", "above zero"),
        ("amount", "-0.000", "zero moves nothing", "above zero"),
        ("amount", "-5", "is negative", "refund"),
        ("amount", "0.0000001", "more than six decimals", "--round half-even"),
        ("amount", "1e30", "too large", "at most"),
        ("ts", None, "is missing", "one time for the whole file"),
        ("ts", "yesterday", "is not a time", "2026-01-31T12:00:00Z"),
        ("ts", "0001-01-01T00:00:00+14:00", "is not a time", "2026-01-31T12:00:00Z"),
        ("ts", "2026-02-01T12:00:00", "has no offset", "Z for UTC"),
        ("ts", "2026-02-01", "has no offset", "Z for UTC"),
        ("ts", "2026-03-01T00:00:00.000001Z", "lies in the future", "correct it"),
        ("round", "r" * 101, "is not a label", "100 printable"),
        ("round", "a\x00b", "is not a label", "100 printable"),
        ("round", "a\nb", "is not a label", "100 printable"),
    ],
)
def test_each_field_alone_can_refuse(field: str, value: str | None, reason: str, remedy: str) -> None:
    refusal = read({field: value})
    assert isinstance(refusal, Refusal), refusal
    assert (refusal.row, refusal.field, refusal.value) == (7, field, value or "")
    assert reason in refusal.reason
    assert remedy in refusal.remedy


@pytest.mark.parametrize(
    "changed",
    [
        {"project_id": "a" * 100},
        {"project_id": "A1._:-"},
        {"amount": "0.000001"},
        {"amount": "9223372036854.775807"},
        {"ts": "2026-03-01T00:00:00Z"},  # now is not the future
        {"ts": "2026-03-01T05:00:00+05:00"},
        {"round": "r" * 100},
        {"round": "Frühling 2026"},
    ],
)
def test_the_last_value_inside_a_bound_is_taken(changed: dict[str, str | None]) -> None:
    assert isinstance(read(changed), ContributionRow)


def test_rounding_is_taken_only_when_asked_and_never_to_zero() -> None:
    rounded = read({"amount": "1.0000015"}, rounding="half-even")
    assert isinstance(rounded, ContributionRow)
    assert rounded.amount_micro == 1_000_002
    to_zero = read({"amount": "0.0000005"}, rounding="half-even")
    assert isinstance(to_zero, Refusal)
    assert to_zero.reason == "rounds to zero, which moves nothing"
    zero = read({"amount": "0.00000000"}, rounding="half-even")
    assert isinstance(zero, Refusal)
    assert zero.reason == "zero moves nothing"


def test_one_time_for_the_file_stands_in_for_a_missing_ts_only() -> None:
    at = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    missing, given = read({"ts": " "}, at=at), read(at=at)
    assert isinstance(missing, ContributionRow)
    assert isinstance(given, ContributionRow)
    assert missing.occurred_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert missing.occurred_at.tzinfo is UTC
    assert given.occurred_at == datetime(2026, 2, 1, 10, tzinfo=UTC)
    for wrong in (at.replace(tzinfo=None), NOW + timedelta(seconds=1)):
        assert isinstance(read({"ts": None}, at=wrong), Refusal)


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": "12.500"},
        {"amount": "1.25e1"},
        {"ts": "2026-02-01T10:00:00Z"},
        {"ts": "20260201T100000+0000"},
        {"project_id": " squad-1\t"},
        {"contributor_id": "agent:7 "},
        {"round": " spring "},
    ],
)
def test_other_spellings_of_the_same_facts_have_one_key(changed: dict[str, str | None]) -> None:
    assert key(changed) == key({})


def test_different_facts_have_different_keys() -> None:
    facts: list[dict[str, str | None]] = [
        {},
        {"round": "summer"},
        {"round": None},
        {"round": "squad-1"},
        {"project_id": "squad-2"},
        {"contributor_id": "agent:8"},
        {"project_id": "agent:7", "contributor_id": "squad-1"},
        {"amount": "12.500001"},
        {"ts": "2026-02-01T12:00:00.000001+02:00"},
    ]
    keys = [key(changed) for changed in facts]
    assert len(set(keys)) == len(keys)


def test_the_key_is_pinned_because_imports_of_the_past_carry_it() -> None:
    assert key({}) == "import:84415938203536506c8a6c09959a9cc19c4dbf38"
    assert key({"round": ""}) == key({"round": None})
