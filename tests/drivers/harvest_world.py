"""What the tests of the harvest share: members and their work, squads at an end, and what became of the money."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from squads_pipeline.commands import community, funding
from squads_pipeline.drivers.distribute_pools import distribute_pools
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.run import DriverRun, Outcome, run_driver
from squads_pipeline.rules.lifecycle import EXTENDED, HARVESTED, Edge
from squads_pipeline.rules.policy import Policy, policy_id
from squads_pipeline.store import gaps, ledger, policies, squad_events
from squads_pipeline.store.ledger import TransferRequest
from squads_pipeline.store.stamp import Stamp

TOKEN = 1_000_000
GAP = "harvest_distributions"


def adopt(engine: Engine, **parameters: Any) -> None:
    with engine.begin() as connection:
        policies.adopt(connection, Policy(**parameters), adopted_by="test", reason="test")


def people(engine: Engine, *agents: str, tokens: int = 1_000) -> None:
    with engine.begin() as connection:
        for agent in agents:
            community.add_agent(connection, agent, tokens_micro=tokens * TOKEN)


def squad(engine: Engine, squad_id: str, *, status: str = "active", **options: Any) -> None:
    with engine.begin() as connection:
        community.add_squad(connection, squad_id, status=status, **options)


def member(
    engine: Engine, squad_id: str, agent: str, role: str = "researcher", *, left: bool = False
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.squad_members (squad_id, agent_id, role, joined_at, left_at)
                    VALUES (:squad, :agent, :role, squads.clock(), CASE WHEN :left THEN squads.clock() END)"""),
            {"squad": squad_id, "agent": agent, "role": role, "left": left},
        )


def note(engine: Engine, squad_id: str, agent: str, times: int = 1) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.squad_journal (squad_id, author_agent_id, entry_type, title, body, created_at)
                    SELECT :squad, :agent, 'note', 'A note', 'Noted.', squads.clock()
                    FROM generate_series(1, :times)"""),
            {"squad": squad_id, "agent": agent, "times": times},
        )
        _count(connection, squad_id, agent, "journal_entries", times)


def finding(
    engine: Engine, squad_id: str, agent: str, status: str = "merged", confidence: str = "0.5"
) -> int:
    """A finding in a status; returns its number."""
    with engine.begin() as connection:
        number: int = connection.execute(
            text("""INSERT INTO squads.squad_findings
                        (squad_id, author_agent_id, finding_type, title, confidence, bubble_up_status, bubbled_at,
                         created_at)
                    VALUES (:squad, :agent, 'evidence', 'Found', CAST(:confidence AS numeric), :status,
                            CASE WHEN :status = 'merged' THEN squads.clock() END, squads.clock())
                    RETURNING id"""),
            {"squad": squad_id, "agent": agent, "confidence": confidence, "status": status},
        ).scalar_one()
        _count(connection, squad_id, agent, "findings_authored", 1)
        return number


def review(engine: Engine, number: int, agent: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.finding_reviews
                        (finding_id, reviewer_agent_id, verdict, rationale, created_at)
                    VALUES (:finding, :agent, 'accept', 'Holds.', squads.clock())"""),
            {"finding": number, "agent": agent},
        )


def decide(engine: Engine, number: int, status: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("""UPDATE squads.squad_findings SET bubble_up_status = :status,
                        bubbled_at = CASE WHEN :status = 'merged' THEN squads.clock() END WHERE id = :id"""),
            {"id": number, "status": status},
        )


def _count(connection: Connection, squad_id: str, agent: str, column: str, more: int) -> None:
    connection.execute(
        text(
            f"UPDATE squads.squad_members SET {column} = {column} + :more WHERE squad_id = :squad AND agent_id = :agent"
        ),
        {"more": more, "squad": squad_id, "agent": agent},
    )


def worked(engine: Engine, name: str = "heat") -> None:
    """A squad whose members scored: ada 1·3 + 5 + 20·0.75 = 23, bob 3 + 1 = 4, cyd, who left, 1; eve observes."""
    squad(engine, name)
    member(engine, name, "ada", "lead")
    member(engine, name, "bob", "reviewer")
    member(engine, name, "cyd", left=True)
    member(engine, name, "eve", "observer")
    note(engine, name, "ada", 3)
    note(engine, name, "bob")
    note(engine, name, "cyd")
    note(engine, name, "eve", 50)
    review(engine, finding(engine, name, "ada", confidence="0.75"), "bob")


def take(engine: Engine, squad_id: str, edge: Edge, times: int = 1) -> None:
    with engine.begin() as connection:
        stamp = Stamp("test", "test", policy_id(policies.current(connection)), "1")
        for _ in range(times):
            squad_events.take(connection, [squad_id], edge, reason="test", actor="test", stamp=stamp)


def harvest(engine: Engine, *squads: str) -> None:
    for one in squads:
        take(engine, one, HARVESTED)


def desert(engine: Engine, squad_id: str, extensions: int = 1) -> None:
    """Let a squad's recruiting be over, extended so many times."""
    take(engine, squad_id, EXTENDED, extensions)
    with engine.begin() as connection:
        connection.execute(
            text("""UPDATE squads.research_squads SET recruitment_closes_at = squads.clock() - interval '1 s'
                    WHERE id = :squad"""),
            {"squad": squad_id},
        )


def give(engine: Engine, agent: str, squad_id: str, tokens: int) -> None:
    with engine.begin() as connection:
        number = connection.scalar(text("SELECT count(*) FROM squads.transfers"))
        funding.contribute(connection, agent, squad_id, tokens * TOKEN, key=f"gift {number}")


def move(engine: Engine, kind: str, payer: str, receiver: str, amount_micro: int) -> None:
    with engine.begin() as connection:
        found = ledger.find_accounts(connection, [payer, receiver])
        ledger.lock_accounts(connection, [one.id for one in found.values()])
        policy = connection.scalar(text("SELECT id FROM squads.current_policy"))
        request = TransferRequest(
            kind, found[payer].id, found[receiver].id, amount_micro, f"{kind}:{receiver}"
        )
        ledger.post(connection, [request], Stamp("test", "test", str(policy), "1"))


def match(engine: Engine) -> Outcome:
    return run_driver(engine, match_round, DriverRun("test"))


def run(engine: Engine, *, dry_run: bool = False) -> Outcome:
    return run_driver(engine, distribute_pools, DriverRun("test"), dry_run=dry_run)


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def units(engine: Engine, gap: str = GAP) -> list[str]:
    with engine.connect() as connection:
        return [one.unit for one in gaps.units(connection, gap, 10_000)]


def status(engine: Engine, squad_id: str) -> str:
    return str(rows(engine, f"SELECT status FROM squads.research_squads WHERE id = '{squad_id}'")[0][0])


def balance(engine: Engine, account: str) -> int:
    return int(rows(engine, f"SELECT balance_micro FROM squads.accounts WHERE name = '{account}'")[0][0])


def conserved(engine: Engine) -> bool:
    return rows(engine, "SELECT sum(balance_micro) FROM squads.accounts") == [(0,)]


def closed_at(engine: Engine, squad_id: str) -> datetime | None:
    found = rows(engine, f"SELECT closed_at FROM squads.accounts WHERE name = 'squad:{squad_id}'")[0][0]
    return found if found is None else datetime.fromisoformat(str(found))


def payments(engine: Engine, kind: str = "payout") -> list[tuple[Any, ...]]:
    """(key, µT) of what was paid out of pools."""
    query = f"SELECT idempotency_key, amount_micro FROM squads.transfers WHERE kind = '{kind}' ORDER BY 1"
    return rows(engine, query)


def shares(engine: Engine) -> list[tuple[Any, ...]]:
    """(squad, agent, score, share, rounded up)."""
    return rows(
        engine,
        """SELECT squad_id, agent_id, trim_scale(score)::text, share_micro, rounded_up
           FROM squads.harvest_distributions ORDER BY 1, 2""",
    )


def pools(engine: Engine) -> list[tuple[Any, ...]]:
    """(squad, manner, pool, members) as shared out."""
    query = "SELECT squad_id, manner, pool_micro, members FROM squads.distributions ORDER BY 1"
    return rows(engine, query)
