"""How fast past days are verified: 800 days of rounds in one recorded run, against 8 of them by the day."""

import os
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, text

from benchmarks import world
from benchmarks.report import Measurement
from squads_pipeline.commands import community, funding
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.run import DriverRun
from squads_pipeline.store import runs

DAYS: Final = 800
FEW: Final = 8
_AIM: Final = "≤ 2, and 20 days a second"
_AGENTS: Final = 20
_SQUADS: Final = 10
_GIFTS: Final = 10


def measure(server_url: str, folder: Path) -> list[Measurement]:
    """Time `qf_matches` over many days and over few, as runs that the deployment's Dagster records.

    The few are the last ones: they rest on as much history as the many.
    """
    with world.scratch(server_url) as engine:
        last = _history(engine)
        os.environ["SQUADS_DATABASE_URL"] = engine.url.render_as_string(hide_password=False)
        os.environ["SQUADS_HOME"] = str(folder)
        few = _verify(last, FEW)
        many = _verify(last, DAYS)
    what = f"a day of {DAYS} verified in one run ({DAYS / many:.0f} days a second)"
    return [Measurement(what, many / DAYS, f"a day of {FEW}", few / FEW, _AIM)]


def _history(engine: Engine) -> date:
    """A round on each of so many days; returns the last."""
    world.settle(engine, count=1)
    with engine.begin() as connection:
        today = runs.today(connection)
        connection.execute(text("SELECT set_config('squads.clock', :at, true)"), {"at": _at(today, DAYS)})
        for number in range(_AGENTS):
            community.add_agent(connection, f"a{number}", tokens_micro=10**13)
        for number in range(_SQUADS):
            community.add_squad(connection, f"s{number}")
    for ago in range(DAYS, 0, -1):
        with engine.begin() as connection:
            connection.execute(text("SELECT set_config('squads.clock', :at, true)"), {"at": _at(today, ago)})
            for number in range(_GIFTS):
                agent, squad = f"a{(ago + number) % _AGENTS}", f"s{(ago * 3 + number) % _SQUADS}"
                funding.contribute(connection, agent, squad, 10**6 * (1 + number), key=f"{ago}:{number}")
            match_round(connection, DriverRun("benchmark"))
    world.vacuum(engine)
    return today - timedelta(1)


def _at(today: date, ago: int) -> str:
    return f"{today - timedelta(ago)} 12:00+00"


def _verify(last: date, days: int) -> float:
    # Looks for the project's definitions, which a benchmark of SQL alone need not load.
    from squads_pipeline.surfaces import dagster_runs  # noqa: PLC0415

    with dagster_runs.recorder() as instance, world.Stopwatch() as watch:
        run = dagster_runs.materialise(instance, ["qf_matches"], last - timedelta(days - 1), last)
    if not run.success or run.facts["audited rounds"] != days:
        raise AssertionError(f"{days} days were meant to hold: {run.failures}")
    return watch.seconds
