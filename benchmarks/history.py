"""A community that has lived for a hundred days, written set-wise: money, squads, work, credit. No measurements.

Nothing is due in it, and much waits: bids for a person, findings for a reviewer, pledges for means. Facts are
written with triggers and foreign keys off, as a restored dump is, and are what drivers would have left.
"""

from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import Engine, text

from benchmarks import world
from squads_pipeline.server.credentials import APP_ROLE, Credentials
from squads_pipeline.server.embedded import Embedded
from squads_pipeline.server.home import Home


@dataclass(frozen=True, slots=True)
class Size:
    """How large a community is.

    Attributes:
        agents: who act; each with a wallet and a pledge in force.
        squads: that live and are open, four fifths at work and one recruiting; besides them a tenth as many are
            harvested, and as many again are disbanded.
        contributions: ever made.
    """

    agents: int
    squads: int
    contributions: int


SMALL = Size(agents=10_000, squads=5_000, contributions=20_000)
MIDDLE = Size(agents=20_000, squads=5_000, contributions=100_000)
LARGE = Size(agents=100_000, squads=10_000, contributions=2_000_000)

_STATEMENTS = Path(__file__).with_name("history.sql")


def allow(home: Home) -> None:
    """Let the application's role of an embedded server switch triggers off, which takes a superuser's word."""
    port = Embedded(home).status().port
    assert port is not None
    url = Credentials.load(home.credentials).superuser_url(port)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"GRANT SET ON PARAMETER session_replication_role TO {APP_ROLE}".encode())


def write(engine: Engine, size: Size) -> None:
    """Fill an empty database; a server that `allow` was called for. The large one takes two or three minutes."""
    with engine.begin() as connection:
        values = {
            "agents": size.agents,
            "squads": size.squads,
            "harvesting": size.squads // 10,
            "contributions": size.contributions,
            "policy": world.stamp(connection).policy_id,
        }
        for name, value in values.items():
            setting = {"name": f"world.{name}", "value": str(value)}
            connection.execute(text("SELECT set_config(:name, :value, true)"), setting)
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("SET LOCAL work_mem = '256MB'"))
        connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
        for statement in _STATEMENTS.read_text(encoding="utf-8").split(";\n\n"):
            connection.connection.cursor().execute(statement.encode())
    world.vacuum(engine)
