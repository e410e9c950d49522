"""What the stories share: a time that is set, commands and drivers in transactions of their own, and looking."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, text

from squads_pipeline.commands import community, joining
from squads_pipeline.drivers.registry import DRIVERS
from squads_pipeline.drivers.run import DriverRun, Outcome
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import policies
from squads_pipeline.surfaces import verification

T = TypeVar("T")
TOKEN = 1_000_000


class Story:
    """A community from noon of 10 March 2026 on, whose time stands still unless the story says otherwise."""

    def __init__(self, engine: Engine, **policy: Any) -> None:
        self.engine = engine
        self.now = datetime(2026, 3, 10, 12, tzinfo=UTC)
        self.do(policies.adopt, Policy(**policy), adopted_by="story", reason="story")

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)

    def do(self, command: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """One command, committed."""
        with self.engine.begin() as connection:
            self._set_clock(connection)
            return command(connection, *arguments, **named)

    def run(self, *gaps: str) -> Outcome:
        """Some drivers in their order, each once; the outcome of the last."""
        outcome = Outcome(0, 0, {})
        for gap in gaps:
            outcome = self.do(DRIVERS[gap], DriverRun("story"))
        return outcome

    def reconcile(self) -> None:
        """Every driver, until none finds anything to do."""
        while sum(self.run(gap).units for gap in DRIVERS):
            pass

    def people(self, *agents: str, tokens: int = 0) -> None:
        for agent in agents:
            self.do(community.add_agent, agent, tokens_micro=tokens * TOKEN)

    def joins(
        self, agent: str, squad: str, decider: str, *, fit: float = 0.5, role: str = "researcher"
    ) -> None:
        """A bid that somebody accepts."""
        bid = self.do(joining.join, agent, squad, pitch="I can help.", role=role).bid_id
        fit_ppm = round(fit * 1_000_000)
        self.do(joining.decide, decider, bid, accept=True, rationale="fits", fit_ppm=fit_ppm)

    def rows(self, query: str, **parameters: object) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            self._set_clock(connection)
            return [tuple(row) for row in connection.execute(text(query), parameters)]

    def one(self, query: str, **parameters: object) -> Any:
        """The only value that a query yields."""
        ((value,),) = self.rows(query, **parameters)
        return value

    def balance(self, account: str) -> int:
        """µT in an account."""
        return int(self.one("SELECT balance_micro FROM squads.accounts WHERE name = :name", name=account))

    def wallet(self, agent: str) -> int:
        return self.balance(f"wallet:{agent}")

    def pool(self, squad: str) -> int:
        return self.balance(f"squad:{squad}")

    def status(self, squad: str) -> str:
        return str(self.one("SELECT status FROM squads.research_squads WHERE id = :id", id=squad))

    def lead(self, squad: str) -> str | None:
        found = self.rows(
            """SELECT agent_id FROM squads.squad_members
               WHERE squad_id = :id AND role = 'lead' AND left_at IS NULL""",
            id=squad,
        )
        return str(found[0][0]) if found else None

    def life(self, squad: str) -> list[str]:
        """Every status that the squad went through."""
        edges = "SELECT to_status FROM squads.squad_events WHERE squad_id = :id ORDER BY event_no"
        return [str(row[0]) for row in self.rows(edges, id=squad)]

    def paid(self, kind: str) -> dict[str, int]:
        """Receiver → µT of all transfers of a kind."""
        return dict(
            self.rows(
                """SELECT receiver.name, sum(transfer.amount_micro)::bigint FROM squads.transfers AS transfer
                   JOIN squads.accounts AS receiver ON receiver.id = transfer.to_account_id
                   WHERE transfer.kind = :kind GROUP BY 1 ORDER BY 1""",
                kind=kind,
            )
        )

    def holds(self) -> bool:
        """Whether everything holds that must."""
        with self.engine.connect() as connection:
            self._set_clock(connection)
            broken = [f for _, _, find in verification.checks() for f in find(connection, None).first]
        assert broken == []
        return True

    def _set_clock(self, connection: Connection) -> None:
        setting = text("SELECT set_config('squads.clock', :now, true)")
        connection.execute(setting, {"now": self.now.isoformat()})
