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

MOST_PASSES: Final = 100
"""Runs of one asset at most: under steady traffic a gap opens again for ever."""

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
    """Run each driven asset while its gap is open and gets smaller, then the marts if there is reason to.

    Marts alone are always run; after driven assets only when one of them did something. Paused gaps stay open.
    """
    done: list[Step] = []
    with engine.connect() as connection:
        paused = tuple(name for name in pauses.every(connection) if name in driven)
    for asset in driven:
        if asset in paused:
            continue
        done += _close(engine, asset, materialise)
        if done and not done[-1].run.success:
            return Reconciled(done, _open(engine, driven), paused)
    if marts and (done or not driven):
        done.append(_run(engine, marts, materialise))
    return Reconciled(done, _open(engine, driven), paused)


def plan(engine: Engine, driven: Sequence[str]) -> dict[str, Outcome]:
    """What a run of each driver would do now; each is rolled back, and nothing is recorded anywhere."""
    return {name: run_driver(engine, DRIVERS[name], DriverRun("dry-run"), dry_run=True) for name in driven}


def _close(engine: Engine, asset: str, materialise: Materialise) -> list[Step]:
    done: list[Step] = []
    before = _size(engine, asset)
    while before.units and len(done) < MOST_PASSES:
        done.append(_run(engine, [asset], materialise))
        after = _size(engine, asset)
        if not done[-1].run.success or after == before:
            break
        before = after
    return done


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
