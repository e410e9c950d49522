"""How things stand, for one screen: policy, squads, accounts, inbox, rounds. Gaps have their own module."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Connection, cast, column, func, select, table, text

from squads_pipeline.store.schema import (
    accounts,
    agents,
    driver_runs,
    policy_adoptions,
    qf_rounds,
    qf_unclaimed,
    research_squads,
    squad_events,
)


@dataclass(frozen=True, slots=True)
class Adoption:
    """The policy in force, by whom, why and since when."""

    policy_id: str
    adopted_by: str
    reason: str
    adopted_at: datetime


@dataclass(frozen=True, slots=True)
class Inbox:
    """Contributions that no round has claimed: how many, their sum in µT, and the oldest."""

    contributions: int
    amount_micro: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What drivers changed: units of work closed, and µT moved."""

    units: int
    moved_micro: int


@dataclass(frozen=True, slots=True)
class LastRun:
    """What a driver did when it last changed something."""

    driver: str
    units: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class EdgeTaken:
    """A step in a squad's life, and why it was taken."""

    squad_id: str
    to_status: str
    reason: str
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class RoundSummary:
    """A round in short; amounts in µT."""

    round_id: int
    opened_at: datetime
    mechanism: str
    squads_weighed: int
    squads_matched: int
    budget_micro: int
    matched_micro: int


def now(connection: Connection) -> datetime:
    """The time by the database's clock, or by a simulation's."""
    moment: datetime = connection.execute(select(func.squads.clock())).scalar_one()
    return moment


def adoption(connection: Connection) -> Adoption | None:
    """The newest adoption of a policy."""
    names = (policy_adoptions.c[name] for name in Adoption.__slots__)
    row = connection.execute(select(*names).order_by(policy_adoptions.c.id.desc()).limit(1)).one_or_none()
    return Adoption(*row) if row else None


def count_agents(connection: Connection) -> int:
    """How many agents there are."""
    return connection.execute(select(func.count()).select_from(agents)).scalar_one()


def squad_makers(connection: Connection) -> set[str]:
    """Who created the squads that there are; an empty text for unknown."""
    return set(connection.scalars(select(func.coalesce(research_squads.c.created_by, "")).distinct()))


def policy_adopters(connection: Connection) -> set[str]:
    """Who has adopted policies here."""
    return set(connection.scalars(select(policy_adoptions.c.adopted_by).distinct()))


def edges_after(connection: Connection, moment: datetime, limit: int) -> list[EdgeTaken]:
    """The first edges that squads took after a moment, in their order. Index: squad_events_effective_on_idx."""
    columns = (squad_events.c[name] for name in EdgeTaken.__slots__)
    rows = connection.execute(
        select(*columns)
        .where(
            squad_events.c.effective_on >= func.squads.utc_day(moment),
            squad_events.c.happened_at > moment,
        )
        .order_by(squad_events.c.happened_at, squad_events.c.squad_id, squad_events.c.event_no)
        .limit(limit)
    )
    return [EdgeTaken(*row) for row in rows]


def holdings(connection: Connection) -> dict[str, int]:
    """What each kind of account holds in total, in µT; together they are zero."""
    rows = connection.execute(
        select(accounts.c.kind, func.sum(accounts.c.balance_micro)).group_by(accounts.c.kind)
    )
    return {kind: int(held) for kind, held in rows}


def effect_of_run(connection: Connection, run_id: str) -> Effect:
    """What drivers changed in a Dagster run."""
    row = connection.execute(
        select(
            func.coalesce(func.sum(driver_runs.c.units), 0),
            cast(func.coalesce(func.sum(driver_runs.c.moved_micro), 0), BigInteger),
        ).where(driver_runs.c.run_id == run_id)
    ).one()
    return Effect(row[0], row[1])


# Of each driver the newest row alone: driver_runs_driver_idx, one descent each.
_LAST_RUNS = text("""
WITH RECURSIVE driver AS (
    (SELECT driver FROM squads.driver_runs ORDER BY driver LIMIT 1)
    UNION ALL
    SELECT (SELECT next.driver FROM squads.driver_runs AS next WHERE next.driver > driver.driver
            ORDER BY next.driver LIMIT 1)
    FROM driver WHERE driver.driver IS NOT NULL
)
SELECT last.driver, last.units, last.recorded_at
FROM driver
CROSS JOIN LATERAL (SELECT driver, units, recorded_at FROM squads.driver_runs AS run
                    WHERE run.driver = driver.driver ORDER BY id DESC LIMIT 1) AS last
ORDER BY last.recorded_at DESC, last.driver
""")


def last_runs(connection: Connection) -> list[LastRun]:
    """What each driver did last, the latest first."""
    return [LastRun(*row) for row in connection.execute(_LAST_RUNS)]


def inbox(connection: Connection) -> Inbox:
    """What waits for the next round."""
    row = connection.execute(
        select(
            func.count(),
            func.coalesce(func.sum(qf_unclaimed.c.amount_micro), 0),
            func.min(qf_unclaimed.c.granted_at),
        )
    ).one()
    return Inbox(row[0], int(row[1]), row[2])


def last_rounds(connection: Connection, limit: int) -> list[RoundSummary]:
    """The newest rounds, the newest first. Index: qf_rounds_pkey, qf_matches_pkey."""
    newest = select(qf_rounds).order_by(qf_rounds.c.id.desc()).limit(limit).subquery()
    matches = table(
        "qf_matches_in_force", column("round_id"), column("squad_id"), column("match_micro"), schema="squads"
    )
    paid = cast(func.coalesce(func.sum(matches.c.match_micro), 0), BigInteger)
    rows = connection.execute(
        select(
            newest.c.id,
            newest.c.opened_at,
            newest.c.mechanism,
            func.count(matches.c.squad_id),
            func.count().filter(matches.c.match_micro > 0),
            newest.c.budget_micro,
            paid,
        )
        .outerjoin(matches, matches.c.round_id == newest.c.id)
        .group_by(newest.c.id, newest.c.opened_at, newest.c.mechanism, newest.c.budget_micro)
        .order_by(newest.c.id.desc())
    )
    return [RoundSummary(*row) for row in rows]
