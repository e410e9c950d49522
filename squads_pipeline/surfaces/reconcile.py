"""Closing all gaps until none is left or none moves, then bringing the marts up to date. No terminal.

How an asset is materialised is the caller's: `dagster_runs` does it as a recorded run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine

from squads_pipeline.drivers.registry import DRIVERS
from squads_pipeline.drivers.run import DriverRun, Outcome, run_driver
from squads_pipeline.store import gaps, overview, pauses, runs
from squads_pipeline.store.errors import NotFoundError
from squads_pipeline.store.gaps import Size
from squads_pipeline.store.overview import Effect

if TYPE_CHECKING:
    from squads_pipeline.surfaces.dagster_runs import AssetRun

MOST_RUNS: Final = 1_000
"""Runs of driven assets at most: under steady traffic a gap opens again for ever."""

Materialise = Callable[[Sequence[str], date], "AssetRun"]


@dataclass(frozen=True, slots=True)
class Step:
    """A run, and what it changed in the economy."""

    run: "AssetRun"
    effect: Effect


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was run, and which gaps are open for all that."""

    steps: list[Step]
    still_open: dict[str, Size]
    paused: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every run and check succeeded."""
        return all(step.run.success and not step.run.failures for step in self.steps)


def choose(only: str | None, driven: Sequence[str], marts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Which driven assets and which marts to run.

    Raises:
        NotFoundError: `only` names neither.
    """
    if only is None:
        return list(driven), list(marts)
    if only not in (*driven, *marts):
        raise NotFoundError(f"There is no asset {only}", f"Choose one of {', '.join((*driven, *marts))}.")
    return [name for name in driven if name == only], [name for name in marts if name == only]


def reconcile(
    engine: Engine, driven: Sequence[str], marts: Sequence[str], materialise: Materialise
) -> Reconciled:
    """Run the assets whose gaps have work that is due, again and again, then the marts if there is reason to.

    What one driver closes may open the gap of one before it: a pool that is shared out leaves a target without a
    squad. So it ends when no gap has due work that its last run did not leave as it was. Marts alone are always run;
    after driven assets only when one of them ran. Paused gaps stay open.
    """
    with engine.connect() as connection:
        paused = tuple(name for name in pauses.every(connection) if name in driven)
    done: list[Step] = []
    left: dict[str, Size] = {}
    while len(done) < MOST_RUNS and (asset := _next(engine, driven, paused, left)) is not None:
        done.append(_run(engine, [asset], materialise))
        if not done[-1].run.success:
            return Reconciled(done, _open(engine, driven), paused)
    if marts and (done or not driven):
        done.append(_run(engine, marts, materialise))
    return Reconciled(done, _open(engine, driven), paused)


def _next(engine: Engine, driven: Sequence[str], paused: Sequence[str], left: dict[str, Size]) -> str | None:
    """The first asset with due work that is not as its last run found it; its gap's size is kept in ``left``."""
    for asset in driven:
        size = _size(engine, asset)
        if size.due and asset not in paused and size != left.get(asset):
            left[asset] = size
            return asset
    return None


def plan(engine: Engine, driven: Sequence[str]) -> dict[str, Outcome]:
    """What a run of each driver would do now; each is rolled back, and nothing is recorded anywhere."""
    return {name: run_driver(engine, DRIVERS[name], DriverRun("dry-run"), dry_run=True) for name in driven}


def _run(engine: Engine, assets: Sequence[str], materialise: Materialise) -> Step:
    run = materialise(assets, _today(engine))
    with engine.connect() as connection:
        return Step(run, overview.effect_of_run(connection, run.run_id))


def _open(engine: Engine, driven: Sequence[str]) -> dict[str, Size]:
    sizes = {name: _size(engine, name) for name in driven}
    return {name: size for name, size in sizes.items() if size.units}


def _size(engine: Engine, gap: str) -> Size:
    with engine.connect() as connection:
        return gaps.size(connection, gap)


def _today(engine: Engine) -> date:
    with engine.connect() as connection:
        return runs.today(connection)
