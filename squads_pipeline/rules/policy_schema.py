"""The policy's parameters: name, bounds, default, and what each does; reading and comparing is in `policy`.

To add a parameter, add a field to its table in `policy_tables` and a line to the packaged policy file. Its
default is what the rules did before it existed, so that facts made under an older policy can be recomputed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from squads_pipeline.rules.parameters import METADATA_KEY, Parameter
from squads_pipeline.rules.policy_tables.calibration import Calibration
from squads_pipeline.rules.policy_tables.credit import Credit
from squads_pipeline.rules.policy_tables.formation import Formation
from squads_pipeline.rules.policy_tables.harvest import Harvest
from squads_pipeline.rules.policy_tables.ledger import Ledger
from squads_pipeline.rules.policy_tables.matching import Matching
from squads_pipeline.rules.policy_tables.operations import Operations
from squads_pipeline.rules.policy_tables.pledges import Pledges
from squads_pipeline.rules.policy_tables.treasury import Treasury


class PolicyError(ValueError):
    """A policy that cannot be used; `problems` lists everything that is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


# Fields of the last base come first: the order here is the policy file's, backwards.
@dataclass(frozen=True, kw_only=True)
class Policy(Ledger, Operations, Treasury, Calibration, Credit, Harvest, Pledges, Formation, Matching):
    """The operator's parameters, valid by construction. Raises PolicyError for a value out of bounds."""

    def __post_init__(self) -> None:
        problems = []
        for name, parameter in parameters():
            try:
                parameter.kind.check(getattr(self, name))
            except ValueError as error:
                problems.append(parameter.kind.problem(name, getattr(self, name), error))
        if problems:
            raise PolicyError(problems)


def parameters() -> Iterator[tuple[str, Parameter]]:
    """Yield each field name of Policy with its parameter, in the order of the policy file."""
    for each in fields(Policy):
        yield each.name, each.metadata[METADATA_KEY]
