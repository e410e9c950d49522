"""One sensor for each driven asset: asks whether its gap is open and nothing holds the work back. No work."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import dagster as dg
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from assets import tags
from assets.credit import CREDIT_ASSETS
from assets.findings import FINDING_ASSETS
from assets.formation import squads_formed
from assets.funding import qf_matches
from assets.harvest import harvest_distributions
from assets.ledger import ledger_seals
from assets.pledges import pledged_contributions
from assets.rosters import squad_rosters
from resources.database import Database
from sensors.back_off import back_off
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.server.errors import ServerError
from squads_pipeline.store import gap_failures, gaps, pauses, policies, runs
from squads_pipeline.store.errors import SquadsError
from squads_pipeline.store.gap_failures import Failure
from squads_pipeline.store.pauses import Pause

IN_FLIGHT: Final = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]

# A run whose process was killed can stay in flight for ever in Dagster's books, and would hold all work back.
# Should it be alive after all, a second run does no harm: it waits for the first one's lock, and then finds
# the gap closed. So an old run is not waited for.
TOO_OLD: Final = timedelta(minutes=15)

# The daemon looks at sensors every five seconds, which cannot be set. So a tick stays and looks again until
# shortly before the daemon's next look: work is noticed within a second instead of within five. Each look is
# one index lookup. The daemon needs a thread for each gap sensor (`sensors: num_workers` in dagster.yaml).
STAY: Final = timedelta(seconds=4)
LOOK_EVERY: Final = timedelta(seconds=0.5)

MEMORY: Final = 20
"""Runs looked back on for failures: more than it takes to reach the longest wait."""

DRIVER_TAG: Final = tags.DRIVER
GAP_TAG: Final = tags.GAP


def gap_sensor(asset: dg.AssetsDefinition, *, stay: timedelta = STAY) -> dg.SensorDefinition:
    """The sensor that materializes a driven asset for today, with its checks, while its gap is open.

    It keeps no cursor and sets no run key: a key de-duplicates for ever, failed runs included, and what is
    missing is written in the gap, not in the sensor's memory.

    Args:
        asset: has the name of its gap and the tag ``squads/driver``.
        stay: how long a tick waits for the gap to open.
    """
    gap = asset.key.path[-1]
    driver = asset.tags_by_key[asset.key][DRIVER_TAG]

    @dg.sensor(
        name=f"{gap}_gap",
        target=asset,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=1,
        description=f"Materializes today's {gap} while gaps.{gap} has rows. A lost tick costs nothing.",
        tags={GAP_TAG: gap},
    )
    def look(context: dg.SensorEvaluationContext, database: Database) -> dg.SensorResult | dg.SkipReason:
        held = _held_back(context.instance, driver, datetime.now(UTC))
        if held is not None:
            return dg.SkipReason(held)
        try:
            with database.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                pause = pauses.every(connection).get(gap)
                if pause is not None:
                    return dg.SkipReason(_paused(pause))
                if not _opens(lambda: gaps.is_open(connection, gap), stay):
                    return dg.SkipReason(_nothing_due(gap, gap_failures.of_gap(connection, gap)))
                return dg.SensorResult(run_requests=[_request(connection, asset, gap, driver)])
        except (OperationalError, InterfaceError, ServerError) as error:
            return dg.SkipReason(f"the database cannot be reached: {_first_line(error)}")
        except SquadsError as error:
            return dg.SkipReason(f"{error}. {error.remedy}")

    return look


def _opens(is_open: Callable[[], bool], stay: timedelta) -> bool:
    """Whether the gap is open, or opens before a tick's time is over."""
    until = time.monotonic() + stay.total_seconds()
    while not is_open():
        if time.monotonic() >= until:
            return False
        time.sleep(LOOK_EVERY.total_seconds())
    return True


def _nothing_due(gap: str, failures: Sequence[Failure]) -> str:
    """Why a gap that has nothing due is left alone, for a person."""
    if not failures:
        return f"no gap: gaps.{gap} is empty, nothing is missing now"
    again_at = min(one.retry_at for one in failures)
    units = f"{len(failures)} failing unit{'s' if len(failures) > 1 else ''}"
    return f"only {units} of gaps.{gap}: tried again from {again_at:%Y-%m-%d %H:%M:%S} UTC, see `squads gaps`"


def _request(connection: Connection, asset: dg.AssetsDefinition, gap: str, driver: str) -> dg.RunRequest:
    today = runs.today(connection)
    return dg.RunRequest(
        partition_key=today.isoformat(),
        asset_selection=[asset.key],
        tags={
            **tags.of_run(driver, gap, policy_id(policies.current(connection)), today, today),
            # Before marts in the queue: whoever waits for money waits for this.
            "dagster/priority": "1",
        },
    )


def _held_back(instance: dg.DagsterInstance, driver: str, now: datetime) -> str | None:
    """Why not to ask for a run now, for a person; None if nothing stands against it.

    Audits of past days, and what they find, hold nothing back: a tag says that their days are over.
    """
    ours = dg.RunsFilter(tags={DRIVER_TAG: driver}, statuses=IN_FLIGHT, created_after=now - TOO_OLD)
    flying = _of_today(instance.get_run_records(ours, limit=MEMORY), now)
    if flying:
        return f"run {flying[0].dagster_run.run_id} in flight"
    ended = instance.get_run_records(dg.RunsFilter(tags={DRIVER_TAG: driver}), limit=MEMORY)
    failed_at = _failures(_of_today(ended, now))
    again_at = back_off(len(failed_at), failed_at[0], now) if failed_at else None
    if again_at is None:
        return None
    runs_failed = f"{len(failed_at)} failed run{'s' if len(failed_at) > 1 else ''}"
    return f"backing off until {again_at:%H:%M:%S} UTC after {runs_failed}"


def _of_today(records: Sequence[dg.RunRecord], now: datetime) -> list[dg.RunRecord]:
    # A run that midnight overtook, or one of a database whose clock is behind, is not seen; a second does no harm.
    return [one for one in records if not tags.is_past(one.dagster_run.tags, now.date())]


def _failures(records: Sequence[dg.RunRecord]) -> list[datetime]:
    """When runs failed since the last that succeeded, the newest first. Canceled runs count as neither."""
    failed_at = []
    for record in records:
        if record.dagster_run.status is dg.DagsterRunStatus.SUCCESS:
            break
        if record.dagster_run.status is dg.DagsterRunStatus.FAILURE:
            ended = record.end_time or record.update_timestamp.timestamp()
            failed_at.append(datetime.fromtimestamp(ended, UTC))
    return failed_at


def _paused(pause: Pause) -> str:
    return (
        f"paused by {pause.paused_by} since {pause.paused_at:%Y-%m-%d %H:%M} UTC: {pause.reason}; "
        f"`squads resume {pause.gap}` lets it go on"
    )


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return (str(cause).splitlines() or [type(error).__name__])[0]


DRIVEN: Final = (
    squads_formed,
    squad_rosters,
    pledged_contributions,
    qf_matches,
    *FINDING_ASSETS,
    harvest_distributions,
    *CREDIT_ASSETS,
    ledger_seals,
)
"""The assets that have a gap."""

GAP_SENSORS: Final = tuple(map(gap_sensor, DRIVEN))
