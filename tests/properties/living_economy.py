"""An economy on one connection whose transaction is rolled back at the end: commands, drivers, time, what holds.

A step is a savepoint; deferred constraints are checked at its end, as a commit would. Every driver is run dry first,
and once more when its gap is closed. No expectations about money: those are the model's.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, text

from squads_pipeline.drivers.registry import DRIVERS
from squads_pipeline.drivers.run import Driver, DriverRun, Outcome
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import policies
from squads_pipeline.store.errors import SquadsError
from squads_pipeline.surfaces import verification

T = TypeVar("T")

START = datetime(2026, 3, 10, 12, tzinfo=UTC)
AGAIN = {"squads_formed": 5, "squad_rosters": 5, "harvest_distributions": 5}
"""Drivers that a run of theirs leaves more to do for: a batch, an edge after an edge, a pool refunded into another."""

_WRITTEN = text("""
SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables
WHERE schemaname IN ('squads', 'marts')
""")


class Economy:
    """The economy under test, in a time of its own."""

    def __init__(self, connection: Connection, policy: Policy) -> None:
        self.connection = connection
        self.transaction = connection.begin()
        self.now = START
        self.pass_time(timedelta())
        policies.adopt(connection, policy, adopted_by="machine", reason="machine")

    def end(self) -> None:
        """Leave nothing behind."""
        self.transaction.rollback()

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def moment(self) -> int:
        """The time now, in µs."""
        return int(self.now.timestamp() * 1_000_000)

    def pass_time(self, time: timedelta) -> None:
        self.now += time
        setting = text("SELECT set_config('squads.clock', :now, false)")
        self.connection.execute(setting, {"now": self.now.isoformat()})

    def rows(self, query: str, **parameters: object) -> list[Row[Any]]:
        return list(self.connection.execute(text(query), parameters))

    def do(self, command: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """What a command gives; when it is refused, the error, and nothing of it stays."""
        with self.connection.begin_nested():
            given = command(self.connection, *arguments, **named)
            self._check_deferred()
            return given

    def refused(self, command: Callable[..., object], *arguments: Any, **named: Any) -> str | None:
        """Why a command was refused, having changed nothing; None if it was carried out."""
        before = self.balances()
        try:
            self.do(command, *arguments, **named)
        except SquadsError as error:
            refusal = error
        else:
            return None
        assert refusal.remedy
        assert self.balances() == before
        return str(refusal)

    def writes(self) -> int:
        """How many rows this transaction has written, those of steps that were taken back included."""
        return int(self.connection.scalar(_WRITTEN) or 0)

    def drive(self, gap: str, watch: Callable[[], Callable[[Outcome], None]]) -> None:
        """Run a driver until its gap is closed; each run does what its dry run said, and one more writes nothing.

        Before each run `watch` looks around and gives what is to be told of the outcome.
        """
        driver = DRIVERS[gap]
        for _ in range(1 + AGAIN.get(gap, 0)):
            planned, tell = self._dry(driver), watch()
            outcome = self.do(driver, DriverRun("machine"))
            assert _told(planned) == _told(outcome), (
                f"{gap}: the dry run said {planned}, the run did {outcome}"
            )
            tell(outcome)
            if not outcome.units:
                break
        before = self.writes()
        again = self.do(driver, DriverRun("machine"))
        assert (again.units, again.moved_micro) == (0, 0), f"{gap}: a second run did {again}"
        assert self.writes() == before, f"{gap}: a second run wrote"
        assert not self.rows("SELECT * FROM squads.gap_failures"), f"{gap}: a unit failed"

    def _dry(self, driver: Driver) -> Outcome:
        with self.connection.begin_nested() as savepoint:
            outcome = driver(self.connection, DriverRun("machine", dry_run=True))
            self._check_deferred()
            savepoint.rollback()
        return outcome

    def _check_deferred(self) -> None:
        self.connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        self.connection.execute(text("SET CONSTRAINTS ALL DEFERRED"))

    def broken(self) -> list[str]:
        """What does not hold, of all that `squads ledger verify` knows."""
        return [
            f"{number} {finding.subject}: expected {finding.expected}, found {finding.found}"
            for number, _, find in verification.checks()
            for finding in find(self.connection, None).first
        ]

    def balances(self) -> dict[str, int]:
        """Account → µT, of those that have something."""
        return {
            row.name: row.balance_micro
            for row in self.rows("SELECT name, balance_micro FROM squads.accounts WHERE balance_micro <> 0")
        }

    def squads(self, *statuses: str) -> list[Row[Any]]:
        """Squads of some statuses with their leads, by id."""
        return self.rows(
            """SELECT squad.id, squad.status, squad.target_artifact_type, squad.created_by, squad.merged_into,
                      (SELECT agent_id FROM squads.squad_members WHERE squad_id = squad.id AND role = 'lead'
                          AND left_at IS NULL) AS lead
               FROM squads.research_squads AS squad
               WHERE status = ANY (CAST(:statuses AS text[])) ORDER BY id""",
            statuses=list(statuses),
        )

    def members(self, status: str) -> list[Row[Any]]:
        """Present members who work in squads of a status."""
        return self.rows(
            """SELECT member.squad_id, member.agent_id, member.role FROM squads.squad_members AS member
               JOIN squads.research_squads AS squad ON squad.id = member.squad_id
               WHERE squad.status = :status AND left_at IS NULL AND role <> 'observer' ORDER BY 1, 2""",
            status=status,
        )

    def agents(self) -> list[str]:
        return [row.id for row in self.rows("SELECT id FROM squads.agents ORDER BY id")]


def _told(outcome: Outcome) -> tuple[int, int, Mapping[str, int | str]]:
    """What a plan and its run must have in common; messages alone are told of otherwise when they are not sent."""
    return outcome.units, outcome.moved_micro, {} if "sink" in outcome.facts else outcome.facts
