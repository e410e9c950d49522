"""The stamp that every fact carries: who wrote it, under which policy and rule. A value, no queries."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who writes facts, and under what.

    Attributes:
        driver: name of the driver or command.
        run_id: the Dagster run, import or call.
        policy_id: content id of the policy in force.
        rule_version: version of the rule that decides.
    """

    driver: str
    run_id: str
    policy_id: str
    rule_version: str

    def columns(self) -> dict[str, str]:
        """The stamp as column values; ``effective_on`` comes from the database's clock."""
        return {
            "driver": self.driver,
            "run_id": self.run_id,
            "policy_id": self.policy_id,
            "rule_version": self.rule_version,
        }
