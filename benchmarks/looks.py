"""What looking costs where much lives and more has lived: idle gaps, a mart's day, the status. Nothing is kept."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Final

import pandas as pd
from sqlalchemy import Connection, Engine, text

from benchmarks import world
from benchmarks.report import Measurement
from squads_pipeline.marts import squad_market, squad_pools
from squads_pipeline.store import gaps, market, marts, overview, statements
from squads_pipeline.surfaces import status_report

_REPEATS = 20
_GAP_SECONDS, _MART_SECONDS, _STATUS_SECONDS = 0.05, 2.0, 1.0


def measure(short: Engine, long: Engine) -> list[Measurement]:
    """Time looks at two databases that `history` wrote, against each other and against what is wanted."""
    found = []
    for gap in gaps.GAPS:
        before, after = idle(short, gap), idle(long, gap)
        found.append(
            Measurement(f"idle look at {gap}, long history", after, "short history", before, "about 1")
        )
        found.append(Measurement(f"idle look at {gap}, long history", after, "50 ms", _GAP_SECONDS, "≤ 1"))
    found += [mart_day(long, mart, days_ago) for mart in _MARTS for days_ago in (0, 1)]
    found.append(Measurement("status, long history", status(long), "1 s", _STATUS_SECONDS, "≤ 1"))
    return found


def idle(engine: Engine, gap: str) -> float:
    """Seconds of the gap's question, the fastest of some: what others do on the machine is not the gap's."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        return min(_asked(connection, gap) for _ in range(_REPEATS))


def _asked(connection: Connection, gap: str) -> float:
    with world.Stopwatch() as watch:
        if gaps.is_open(connection, gap):
            raise AssertionError(f"{gap} was meant to be closed")
    return watch.seconds


def mart_day(engine: Engine, mart: str, days_ago: int) -> Measurement:
    """Time a day of a mart against what is wanted: reading, working out and storing, the fastest of three.

    The commit is left out, as each is rolled back.
    """
    with engine.connect() as connection:
        day = overview.now(connection).date() - timedelta(days=days_ago)
        live = connection.scalar(
            text("SELECT count(*) FROM squads.research_squads WHERE status <> 'disbanded'")
        )
        seconds = []
        for _ in range(3):
            with world.Stopwatch() as watch:
                rows = _MARTS[mart](connection, day)
                marts.replace_days(connection, marts.table(mart), day, day, rows)
            connection.rollback()
            seconds.append(watch.seconds)
    which = "today" if days_ago == 0 else "yesterday"
    what = f"{mart} of {which}, {live:,} squads live: {len(rows):,} rows made and stored"
    return Measurement(what, min(seconds), "2 s", _MART_SECONDS, "≤ 1")


def _market(connection: Connection, day: date) -> pd.DataFrame:
    terms = market.terms(connection, day)
    return squad_market.market(
        market.open_squads(connection, day),
        effective_on=day,
        as_of=terms.as_of,
        matching_pool_micro=terms.matching_pool_micro,
        policy=terms.policy,
    )


def _pools(connection: Connection, day: date) -> pd.DataFrame:
    pools = statements.holders(connection, statements.SQUADS, day)
    return squad_pools.statements(pools, statements.flows(connection, statements.SQUADS, day, day), [day])


_MARTS: Final[Mapping[str, Callable[[Connection, date], pd.DataFrame]]] = {
    "squad_market": _market,
    "squad_pools": _pools,
}


def status(engine: Engine) -> float:
    """Seconds in which all that `squads status` shows is read, the fastest of three."""
    with engine.connect() as connection:
        seconds = []
        for _ in range(3):
            with world.Stopwatch() as watch:
                status_report.read(connection, "benchmark")
            seconds.append(watch.seconds)
    return min(seconds)


def decide_all_bids(engine: Engine) -> None:
    """Let no bid wait, so that the gap of rosters is empty and not only without work that is due."""
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM squads.squad_join_bids WHERE status = 'pending'"))
    world.vacuum(engine)
