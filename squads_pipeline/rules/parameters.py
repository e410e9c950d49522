"""The kinds of policy parameter: how a value is read, bounded, stored and shown; no parameter is named here.

Everything that is wrong with a value is raised as a ValueError whose text goes on after the parameter's name
and the value, such as `is not a whole number; write digits …`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, cast

from squads_pipeline.rules.money import MICRO_PER_TOKEN, format_tokens, parse_tokens

Value = int | str | Fraction
"""A value as the policy holds it: durations in seconds, money in µT, shares as Fraction, choices by name."""

METADATA_KEY: Final = "parameter"

# Bounded in length, because a Fraction of "1e999999999" would be written out in memory.
_SHARE: Final = re.compile(r"\d{1,18}(\.\d{1,18}|/0*[1-9]\d{0,17})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kind:
    """What the values of a parameter have in common; made by `whole`, `token_amount`, `share`, `ratio` or `choice`."""

    unit: str
    allowed: str
    """The allowed values in words."""
    type: type[Value]
    """The exact type of a value."""
    read: Callable[[object], Value]
    """Reads what a policy file holds; raises ValueError for a wrong type. Bounds are for `check`."""
    within: Callable[[Any], bool]
    """Whether a value of the right type is in bounds."""
    show: Callable[[Any], str] = str
    """Writes a value as a person would in the policy file, without quotes."""

    def check(self, value: object) -> None:
        """Raise ValueError if `value` is of the wrong type (bool is not int) or out of bounds."""
        if type(value) is not self.type:
            raise ValueError(f"is not of type {self.type.__name__}; give one")
        if not self.within(value):
            raise ValueError("is not allowed; choose another value")

    def accept(self, raw: object) -> Value:
        """Return the value of what a policy file holds. Raises ValueError for a value that is not allowed."""
        value = self.read(raw)
        self.check(value)
        return value

    def restore(self, stored: object) -> Value:
        """Undo `to_stored`. Raises ValueError for a value that is not allowed."""
        if self.type is Fraction:
            return self.accept(stored)
        self.check(stored)
        return cast(Value, stored)  # which check has just made sure of

    def problem(self, name: str, value: object, error: ValueError) -> str:
        """Say what is wrong with the value of the parameter `name`, and what is allowed."""
        return f"{name} = {value!r} {error} (allowed: {self.allowed})"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its place in the policy file, its kind and bounds, and what it does."""

    table: str
    key: str
    kind: Kind
    description: str

    @property
    def name(self) -> str:
        """The full name as people write it, such as `matching.dust`."""
        return f"{self.table}.{self.key}"


def described(table: str, key: str, kind: Kind, description: str) -> Mapping[str, Parameter]:
    """Return the `metadata` that makes a dataclass field a policy parameter."""
    return {METADATA_KEY: Parameter(table, key, kind, description)}


def to_stored(value: Value) -> str | int:
    """Return a value as JSON holds it exactly: a fraction as text such as `1/4`, all else as it is."""
    return str(value) if isinstance(value, Fraction) else value


def whole(lowest: int, highest: int, unit: str) -> Kind:
    """Return the kind of whole numbers from `lowest` to `highest`, both allowed."""
    allowed = f"{lowest:,} to {highest:,} {unit}"
    return Kind(unit, allowed, int, _read_whole, lambda value: lowest <= value <= highest)


def token_amount(lowest: int, highest: int) -> Kind:
    """Return the kind of money from `lowest` to `highest` whole tokens, both allowed, held in µT."""

    def within(micro: int) -> bool:
        return lowest * MICRO_PER_TOKEN <= micro <= highest * MICRO_PER_TOKEN

    return Kind("tokens", f"{lowest:,} to {highest:,} tokens", int, _read_tokens, within, _show_tokens)


def share() -> Kind:
    """Return the kind of exact fractions above 0 and at most 1."""
    return Kind("fraction", "above 0, at most 1", Fraction, _read_share, lambda value: 0 < value <= 1)


def ratio(lowest: int, highest: int) -> Kind:
    """Return the kind of exact numbers from `lowest` to `highest`, both allowed."""
    allowed = f"{lowest:,} to {highest:,}"
    return Kind("ratio", allowed, Fraction, _read_share, lambda value: lowest <= value <= highest)


def choice(names: tuple[str, ...]) -> Kind:
    """Return the kind of one name out of `names`."""
    return Kind("name", ", ".join(names), str, _read_name, lambda name: name in names)


def _read_whole(raw: object) -> int:
    if type(raw) is not int:
        raise ValueError("is not a whole number; write digits without quotes or a decimal point")
    return raw


def _read_tokens(raw: object) -> int:
    _refuse_float(raw)
    if type(raw) is int:
        return raw * MICRO_PER_TOKEN
    if isinstance(raw, str):
        return _read_token_text(raw)
    raise ValueError('is not an amount of tokens; write it in quotes, such as "12.5"')


def _read_token_text(text: str) -> int:
    try:
        return parse_tokens(text)
    except ValueError:
        raise ValueError('is not an amount of tokens; write up to six decimals, such as "12.5"') from None


def _show_tokens(micro: int) -> str:
    return format_tokens(micro).replace(",", "")  # a policy file takes no thousands separators


def _read_share(raw: object) -> Fraction:
    _refuse_float(raw)
    if type(raw) is int:
        return Fraction(raw)
    if isinstance(raw, str) and _SHARE.fullmatch(raw):
        return Fraction(raw)
    raise ValueError('is not a fraction; write it in quotes, such as "0.25" or "1/4"')


def _read_name(raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueError("is not a name; write one of the names in quotes")
    return raw


def _refuse_float(raw: object) -> None:
    if isinstance(raw, float):
        raise ValueError("is a TOML float, which is not exact; write it in quotes")
