"""What the tests of the Dagster side share: a small community, an instance of Dagster, and running assets."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import Connection, Engine, text

from assets.driven import RestatableConfig
from resources.database import Database
from resources.tables import MartTables
from squads_pipeline.commands import community, funding
from squads_pipeline.definitions import defs
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.run import DriverRun
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import policies, runs

TOKEN = 1_000_000


@dataclass
class Community:
    """Agents a, b, c with 1,000 tokens each and squads x, y; every two contributions open a round."""

    engine: Engine
    keys: Iterator[int] = field(default_factory=itertools.count)

    def found(self, moment: str | None = None) -> None:
        with self.at(moment) as connection:
            policies.adopt(connection, Policy(settle_count=2), adopted_by="test", reason="two make a round")
            for agent in "abc":
                community.add_agent(connection, agent, tokens_micro=1_000 * TOKEN)
            for squad in "xy":
                community.add_squad(connection, squad)

    def give(self, *gifts: tuple[str, str, int], moment: str | None = None) -> None:
        """Contribute (agent, squad, tokens) each."""
        with self.at(moment) as connection:
            for agent, squad, tokens in gifts:
                funding.contribute(connection, agent, squad, tokens * TOKEN, key=f"gift:{next(self.keys)}")

    def round(self, moment: str | None = None) -> None:
        with self.at(moment) as connection:
            match_round(connection, DriverRun("past"))

    def at(self, moment: str | None) -> "_At":
        """A committed transaction at a moment, or now."""
        return _At(self.engine, moment)

    def tamper(self, table: str, change: str) -> None:
        with self.engine.begin() as connection:
            tamper(connection, table, change)

    def write(self, statement: str) -> None:
        """Change a mart behind the pipeline's back."""
        with self.engine.begin() as connection:
            connection.execute(text(statement))

    def count(self, table: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]


def tamper(connection: Connection, table: str, change: str) -> None:
    """Change facts as only an owner can who switches the protection off."""
    connection.execute(text(f"ALTER TABLE squads.{table} DISABLE TRIGGER USER"))
    connection.execute(text(f"UPDATE squads.{table} SET {change}"))
    connection.execute(text(f"ALTER TABLE squads.{table} ENABLE TRIGGER USER"))


class _At:
    def __init__(self, engine: Engine, moment: str | None) -> None:
        self._begin = engine.begin()
        self._moment = moment

    def __enter__(self) -> Connection:
        connection = self._begin.__enter__()
        if self._moment is not None:
            connection.execute(text(f"SET LOCAL squads.clock = '{self._moment}'"))
        return connection

    def __exit__(self, *error: object) -> None:
        self._begin.__exit__(*error)  # type: ignore[arg-type]


@pytest.fixture
def empty(engine: Engine) -> Community:
    """A database where nobody has been founded yet."""
    return Community(engine)


@pytest.fixture
def people(empty: Community) -> Community:
    """A community founded now."""
    empty.found()
    return empty


@pytest.fixture
def today(engine: Engine) -> date:
    with engine.connect() as connection:
        return runs.today(connection)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(url=database_url)
    yield made
    made.close()


Materialize = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def materialize(database_url: str, instance: dg.DagsterInstance) -> Materialize:
    """Run assets with their checks in this process, for a day or from one to another."""

    def run(
        *names: str,
        first: date,
        last: date | None = None,
        dry_run: bool = False,
        restate: str | None = None,
    ) -> dg.ExecuteInProcessResult:
        return run_assets(
            database_url, instance, names, first, last or first, dry_run=dry_run, restate=restate
        )

    return run


def run_assets(
    database_url: str,
    instance: dg.DagsterInstance,
    names: Sequence[str],
    first: date,
    last: date,
    *,
    dry_run: bool = False,
    restate: str | None = None,
) -> dg.ExecuteInProcessResult:
    """Run assets in this process; `restate` is the reason why `qf_matches` is restated."""
    matching = RestatableConfig(dry_run=dry_run, restate=restate is not None, reason=restate or "")
    database = Database(url=database_url)
    single = first == last
    span = {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": last.isoformat(),
    }
    everything: list[Any] = [*(defs.assets or ()), *(defs.asset_checks or ())]
    return dg.materialize(
        everything,
        selection=dg.AssetSelection.assets(*names),
        partition_key=first.isoformat() if single else None,
        tags={} if single else span,
        resources={"database": database, "marts": MartTables(url=database.url)},
        run_config=(dg.RunConfig(ops={"qf_matches": matching}) if dry_run or restate is not None else None),
        instance=instance,
        raise_on_error=False,
    )


def checks_of(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {one.check_name: one.passed for one in result.get_asset_check_evaluations()}


def failed_checks(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """Name of each failed check that tells findings, with their table."""
    return {
        one.check_name: str(one.metadata["first findings"].value)
        for one in result.get_asset_check_evaluations()
        if not one.passed and "first findings" in one.metadata
    }


def metadata_of(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, dict[str, object]]:
    """Partition → name → value of what the UI shows."""
    return {
        str(one.partition): {name: value.value for name, value in one.metadata.items()}
        for one in result.asset_materializations_for_node(asset)
    }
