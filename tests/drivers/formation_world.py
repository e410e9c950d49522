"""What the tests of formation share: targets, a policy, running the driver, and reading what became of it."""

from typing import Any

from sqlalchemy import Engine, text

from squads_pipeline.commands import targets
from squads_pipeline.drivers.form_squads import form_squads
from squads_pipeline.drivers.run import DriverRun, Outcome, run_driver
from squads_pipeline.rules.formation import Target
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import gaps, policies

TOKEN = 1_000_000


def adopt(engine: Engine, **parameters: Any) -> None:
    with engine.begin() as connection:
        policies.adopt(connection, Policy(**parameters), adopted_by="test", reason="test")


def add(engine: Engine, *found: tuple[str, int]) -> None:
    """Add gaps: (id, importance in millionths)."""
    with engine.begin() as connection:
        for artifact, importance_ppm in found:
            targets.add_target(connection, Target("gap", artifact, f"What of {artifact}?", importance_ppm))


def run(engine: Engine, *, dry_run: bool = False) -> Outcome:
    return run_driver(engine, form_squads, DriverRun("test"), dry_run=dry_run)


def rows(engine: Engine, query: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def seeds(engine: Engine) -> list[tuple[object, ...]]:
    """(target, seed, pool) in µT, the most important first."""
    return rows(
        engine,
        """SELECT artifact_id, seed_micro, balance_micro FROM squads.squads_formed
           JOIN squads.accounts ON name = 'squad:' || squad_id ORDER BY importance_ppm DESC, 1""",
    )


def units(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return [one.unit for one in gaps.units(connection, "squads_formed", 10_000)]


def is_open(engine: Engine) -> bool:
    with engine.connect() as connection:
        return gaps.is_open(connection, "squads_formed")
