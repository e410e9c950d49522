"""Any history of the economy: agents act, drivers run, time passes, requests repeat. Everything that must hold does.

Hypothesis writes the histories. Money is compared to the µT with a model that shares no code with the rules, after
every step, and every invariant is checked over all of history.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Connection

from squads_pipeline.drivers.knowledge_sinks import VARIABLE
from tests.properties.machine_money import Money
from tests.properties.machine_people import People
from tests.properties.machine_requests import Requests
from tests.properties.machine_work import Work


def test_an_economy_lives(connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f"file:{tmp_path}/graph.jsonl")

    class Economy(People, Money, Work, Requests):
        """All steps together, on this connection."""

        def __init__(self) -> None:
            super().__init__(connection)

    run_state_machine_as_test(
        Economy,
        settings=settings(
            max_examples=8,
            stateful_step_count=40,
            derandomize=True,
            deadline=None,
            phases=(Phase.explicit, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
