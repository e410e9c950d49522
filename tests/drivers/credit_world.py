"""What the tests of credit share: agents, squads, contributions, provenance, outcomes, and running the driver."""

from typing import Any

from sqlalchemy import Connection, Engine, text

from squads_pipeline.commands import community, contributions_made, outcomes, provenance
from squads_pipeline.commands.recorders import OPERATOR
from squads_pipeline.drivers.audit_dividends import findings_between
from squads_pipeline.drivers.pay_dividends import pay_dividends
from squads_pipeline.drivers.run import DriverRun, Outcome, run_driver
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import gaps, policies
from squads_pipeline.store.credit_invariants import CREDIT_INVARIANTS
from squads_pipeline.store.gaps import Unit

TOKEN = 1_000_000
GAP = "credit_dividends"


def adopt(engine: Engine, **parameters: Any) -> None:
    with engine.begin() as connection:
        policies.adopt(connection, Policy(**parameters), adopted_by="test", reason="test")


def people(engine: Engine, names: str) -> None:
    """Add agents, and the squad ``team``."""
    with engine.begin() as connection:
        for name in names.split():
            community.add_agent(connection, name)
        community.add_squad(connection, "team")


def contribute(engine: Engine, agent: str, artifact: str, times: int = 1, *, via_squad: int = 0) -> None:
    """Contribute to an artifact so many times more, and so many of them through the squad ``team``."""
    with engine.begin() as connection:
        for _ in range(times - via_squad):
            reference = f"n:{next_number(connection)}"
            contributions_made.credit(connection, agent, artifact, "data", reference, OPERATOR)
        for _ in range(via_squad):
            through_squad(connection, agent, artifact, next_number(connection))


def through_squad(connection: Connection, agent: str, artifact: str, number: int) -> None:
    """A contribution as the driver of merged findings writes it."""
    kind, _, identity = artifact.partition(":")
    connection.execute(
        text("""INSERT INTO squads.agent_contributions
                    (agent_id, contribution_type, artifact_type, artifact_id, via_squad, reference_id, created_at,
                     policy_id, rule_version, driver, run_id, effective_on)
                SELECT :agent, 'squad_finding', :kind, :identity, 'team', 'finding:' || :number, squads.clock(),
                       policy.id, '1', 'bubble_findings', 'test', squads.utc_day(squads.clock())
                FROM squads.current_policy AS policy"""),
        {"agent": agent, "kind": kind, "identity": identity, "number": number},
    )


def next_number(connection: Connection) -> int:
    return int(
        connection.scalar(text("SELECT coalesce(max(id), 0) + 1 FROM squads.agent_contributions")) or 0
    )


def derive(engine: Engine, *edges: str) -> None:
    """Record edges such as ``analysis:a > hypothesis:h``."""
    with engine.begin() as connection:
        for edge in edges:
            artifact, _, source = edge.partition(" > ")
            provenance.derive(connection, artifact, source, recorded_by=OPERATOR)


def happens(engine: Engine, artifact: str, kind: str = "cited", *, evidence: str | None = None) -> int:
    """Record an outcome, with evidence of its own."""
    kind_of, _, identity = artifact.partition(":")
    with engine.begin() as connection:
        number = connection.scalar(text("SELECT count(*) FROM squads.outcomes"))
        return outcomes.record(
            connection,
            kind_of,
            identity,
            kind,
            evidence=evidence or f"https://example.org/{number}",
            recorded_by=OPERATOR,
        ).outcome_id


def run(engine: Engine, *, dry_run: bool = False) -> Outcome:
    return run_driver(engine, pay_dividends, DriverRun("test"), dry_run=dry_run)


def rows(engine: Engine, query: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def dividends(engine: Engine) -> dict[int, tuple[int, str, dict[str, int]]]:
    """Outcome → (paid, reason, agent → share) in µT."""
    shares: dict[int, dict[str, int]] = {}
    for outcome, agent, share in rows(
        engine, "SELECT outcome_id, agent_id, share_micro FROM squads.credit_dividends"
    ):
        shares.setdefault(int(str(outcome)), {})[str(agent)] = int(str(share))
    settled = rows(engine, "SELECT outcome_id, paid_micro, reason FROM squads.dividends ORDER BY 1")
    return {int(str(o)): (int(str(p)), str(r), shares.get(int(str(o)), {})) for o, p, r in settled}


def wallets(engine: Engine) -> dict[str, int]:
    """Agent → balance in µT."""
    found = rows(
        engine, "SELECT owner_id, balance_micro FROM squads.accounts WHERE kind = 'wallet' ORDER BY 1"
    )
    return {str(agent): int(str(balance)) for agent, balance in found}


def units(engine: Engine) -> list[Unit]:
    with engine.connect() as connection:
        return gaps.units(connection, GAP, 10_000)


def is_open(engine: Engine) -> bool:
    with engine.connect() as connection:
        return gaps.is_open(connection, GAP)


def assert_nothing_is_broken(engine: Engine) -> None:
    with engine.connect() as connection:
        for one in CREDIT_INVARIANTS:
            assert one.find(connection, None).first == ()
        assert findings_between(connection, None).first == ()
        assert connection.scalar(text("SELECT sum(balance_micro) FROM squads.accounts")) == 0
