"""A policy written out: as a table, as values, as a policy file. What its parameters mean is in `rules`."""

from rich.table import Table

from squads_pipeline.rules.parameters import Parameter
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.policy_schema import parameters
from squads_pipeline.surfaces.cli.answers import plain_table


def values(policy: Policy) -> dict[str, str]:
    """Full name → value as in the policy file."""
    return {parameter.name: _shown(policy, name, parameter) for name, parameter in parameters()}


def table(policy: Policy) -> Table:
    """Every parameter with its value, bounds and meaning."""
    shown = plain_table("parameter", "value", "allowed", "what it does")
    for name, parameter in parameters():
        shown.add_row(
            parameter.name, _shown(policy, name, parameter), parameter.kind.allowed, parameter.description
        )
    return shown


def toml(policy: Policy) -> str:
    """A policy file that `parse_policy` reads back."""
    lines: list[str] = []
    heading = None
    for name, parameter in parameters():
        if parameter.table != heading:
            heading = parameter.table
            lines += [*([""] if lines else []), f"[{heading}]"]
        lines += [
            f"# {parameter.description} Allowed: {parameter.kind.allowed}.",
            _line(policy, name, parameter),
        ]
    return "\n".join(lines) + "\n"


def _line(policy: Policy, name: str, parameter: Parameter) -> str:
    value = _shown(policy, name, parameter)
    # Money is an int as well, but is written in quotes, as tokens.
    bare = parameter.kind.type is int and parameter.kind.unit != "tokens"
    return f"{parameter.key} = {value}" if bare else f'{parameter.key} = "{value}"'


def _shown(policy: Policy, name: str, parameter: Parameter) -> str:
    return parameter.kind.show(getattr(policy, name))
