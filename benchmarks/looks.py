"""What looking costs where much lives and more has lived: idle gaps, a mart's day, the status. Nothing is changed."""

from datetime import timedelta

from sqlalchemy import Connection, Engine, text

from benchmarks import world
from benchmarks.report import Measurement
from squads_pipeline.marts import squad_market
from squads_pipeline.store import gaps, market, overview
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
    for days in (0, 1):
        what = f"squad_market of {'today' if days == 0 else 'yesterday'}, 10,000 open squads"
        found.append(Measurement(what, market_day(long, days), "2 s", _MART_SECONDS, "≤ 1"))
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


def market_day(engine: Engine, days_ago: int) -> float:
    """Seconds in which a day of squad_market is read and worked out, the fastest of three."""
    with engine.connect() as connection:
        day = overview.now(connection).date() - timedelta(days=days_ago)
        seconds = []
        for _ in range(3):
            with world.Stopwatch() as watch:
                terms = market.terms(connection, day)
                squad_market.market(
                    market.open_squads(connection, day),
                    effective_on=day,
                    as_of=terms.as_of,
                    matching_pool_micro=terms.matching_pool_micro,
                    policy=terms.policy,
                )
            seconds.append(watch.seconds)
    return min(seconds)


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
