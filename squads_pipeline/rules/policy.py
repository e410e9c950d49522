"""What may be done with a policy: read it, name it by content, store it, explain it, compare it.

Its parameters stand in `policy_schema`; where the text of a policy comes from is for the caller to know.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from typing import Any, Final

from squads_pipeline.rules.parameters import Parameter, to_stored
from squads_pipeline.rules.policy_schema import Policy, PolicyError, parameters

__all__ = [
    "Change",
    "ParameterDoc",
    "Policy",
    "PolicyError",
    "describe",
    "diff",
    "from_json",
    "parse_policy",
    "policy_id",
    "to_json",
]

_ID_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class ParameterDoc:
    """One row of the parameter reference, as text; `name` is the full name such as `matching.dust`."""

    name: str
    unit: str
    default: str
    bounds: str
    description: str


@dataclass(frozen=True, slots=True)
class Change:
    """One parameter that differs between two policies, shown as in the policy file."""

    name: str
    before: str
    after: str


def parse_policy(text: str) -> Policy:
    """Read a policy file in TOML; every parameter must be there, so that none is changed by a typing error.

    Raises PolicyError listing everything that is wrong: unknown and missing parameters, types and bounds.
    """
    try:
        document = tomllib.loads(text)
    except ValueError as error:
        raise PolicyError([f"the policy is not valid TOML: {error}; correct it and try again"]) from error
    given, problems = _flatten(document)
    problems += [_missing(parameter) for _, parameter in parameters() if parameter.name not in given]
    return _built(given, problems, stored=False)


def from_json(values: Mapping[str, object]) -> Policy:
    """Rebuild a policy from what `to_json` gave.

    A parameter that is missing was added since, and has its default: the rules as they were. Raises
    PolicyError for a field that does not exist or a value that is not allowed, because such a policy must not
    pay anybody.
    """
    return _built(values, [], stored=True)


def policy_id(policy: Policy) -> str:
    """Return the policy's identity: the first 16 hex digits of the SHA-256 of its values."""
    canonical = json.dumps(to_json(policy), sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()[:_ID_DIGITS]


def to_json(policy: Policy) -> dict[str, str | int]:
    """Return field name → value: seconds and counts and µT as int, fractions as text such as `1/4`."""
    return {name: to_stored(getattr(policy, name)) for name, _ in parameters()}


def describe() -> list[ParameterDoc]:
    """Return the reference of all parameters in the order of the policy file."""
    standard = Policy()
    return [
        ParameterDoc(
            name=parameter.name,
            unit=parameter.kind.unit,
            default=parameter.kind.show(getattr(standard, name)),
            bounds=parameter.kind.allowed,
            description=parameter.description,
        )
        for name, parameter in parameters()
    ]


def diff(before: Policy, after: Policy) -> list[Change]:
    """Return the parameters whose values differ, in the order of the policy file."""
    return [
        Change(parameter.name, parameter.kind.show(old), parameter.kind.show(new))
        for name, parameter in parameters()
        if (old := getattr(before, name)) != (new := getattr(after, name))
    ]


def _flatten(document: Mapping[str, Any]) -> tuple[dict[str, object], list[str]]:
    """Return full name → raw value, and a problem for each table that does not exist."""
    tables = list(dict.fromkeys(parameter.table for _, parameter in parameters()))
    given: dict[str, object] = {}
    problems = []
    for name, content in document.items():
        if not isinstance(content, dict):
            given[name] = content
        elif name in tables:
            given |= {f"{name}.{key}": value for key, value in content.items()}
        else:
            hint = _closest(name, tables) or f"the tables are {', '.join(tables)}"
            problems.append(f"[{name}] is not a table of the policy; {hint}")
    return given, problems


def _built(given: Mapping[str, object], problems: list[str], *, stored: bool) -> Policy:
    """Build the policy from field name (if `stored`) or full name → value, or raise all problems at once."""
    named = {
        field if stored else parameter.name: (field, parameter.kind) for field, parameter in parameters()
    }
    problems = problems + [_unknown(name, named) for name in given if name not in named]
    values: dict[str, Any] = {}
    for name, (field, kind) in named.items():
        if name in given:
            try:
                values[field] = kind.restore(given[name]) if stored else kind.accept(given[name])
            except ValueError as error:
                problems.append(kind.problem(name, given[name], error))
    if problems:
        raise PolicyError(problems)
    return Policy(**values)


def _unknown(name: str, known: Iterable[str]) -> str:
    return f"{name} is not a parameter; {_closest(name, known) or 'remove it'}"


def _missing(parameter: Parameter) -> str:
    return f"{parameter.name} is missing; add it to [{parameter.table}] (allowed: {parameter.kind.allowed})"


def _closest(name: str, known: Iterable[str]) -> str | None:
    # Without the table, or any two parameters of one table would look alike.
    by_key = {each.rpartition(".")[2]: each for each in known}
    found = get_close_matches(name.rpartition(".")[2], by_key, n=1)
    return f"did you mean {by_key[found[0]]}?" if found else None
