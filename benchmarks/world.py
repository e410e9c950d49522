"""A scratch server and communities of any size to measure on. No measurements."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Engine, make_url, text

from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import database, ledger, migrate, policies
from squads_pipeline.store.stamp import Stamp

AGENTS = 10_000
SQUADS = 1_000


@contextmanager
def scratch(server_url: str) -> Iterator[Engine]:
    """A migrated database of its own on a server, dropped afterwards."""
    name = f"bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as administration:
        administration.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = make_url(server_url).set(database=name).render_as_string(hide_password=False)
        migrate.upgrade(url)
        engine = database.engine(url)
        try:
            yield engine
        finally:
            engine.dispose()
            administration.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def stamp(connection: Connection) -> Stamp:
    """A stamp for facts that a benchmark writes."""
    return Stamp("benchmark", "benchmark", policies.policy_id(policies.current(connection)), "1")


def settle(engine: Engine, *, count: int) -> None:
    """Let a round open at a number of contributions and never by age."""
    with engine.begin() as connection:
        policy = Policy(settle_count=count, settle_after_seconds=604_800)
        policies.adopt(connection, policy, adopted_by="benchmark", reason="benchmark")


def people(engine: Engine) -> None:
    """Agents with full wallets, and squads that can be funded."""
    with engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.agents (id, created_at)
                    SELECT 'a' || n, now() FROM generate_series(1, :n) AS n"""),
            {"n": AGENTS},
        )
        connection.execute(
            text("""INSERT INTO squads.research_squads
                        (id, name, charter, target_artifact_type, target_artifact_id, status, formed_at)
                    SELECT 's' || n, 's' || n, '', 'gap', 's' || n, 'active', now()
                    FROM generate_series(1, :n) AS n"""),
            {"n": SQUADS},
        )
        ledger.open_accounts(connection, "wallet", [f"a{n}" for n in range(1, AGENTS + 1)])
        ledger.open_accounts(connection, "squad", [f"s{n}" for n in range(1, SQUADS + 1)])
        ledger.stage(connection)
        connection.execute(
            text("""INSERT INTO staged_transfers
                        (kind, from_account_id, to_account_id, amount_micro, idempotency_key)
                    SELECT 'mint', issuance.id, wallet.id, 1000000000000, 'mint:' || wallet.name
                    FROM squads.accounts AS wallet
                    JOIN squads.accounts AS issuance ON issuance.kind = 'issuance'
                    WHERE wallet.kind = 'wallet'""")
        )
        lock_all(connection)
        ledger.post_staged(connection, stamp(connection))


def lock_all(connection: Connection) -> None:
    """Lock every account, in order."""
    connection.execute(text("SELECT id FROM squads.accounts ORDER BY id FOR NO KEY UPDATE"))


def stage_contributions(connection: Connection, number: int, label: str) -> None:
    """Stage contributions of 1 to 100 tokens, each agent to a handful of squads, and lock all accounts."""
    ledger.stage(connection)
    connection.execute(
        text("""INSERT INTO staged_transfers
                    (kind, from_account_id, to_account_id, amount_micro, idempotency_key)
                SELECT 'contribution', wallet.id, pool.id, 1000000 * (1 + n * 7919 % 100), :label || n
                FROM generate_series(1, CAST(:number AS bigint)) AS n
                JOIN squads.accounts AS wallet ON wallet.name = 'wallet:a' || (1 + n * 104729 % :agents)
                JOIN squads.accounts AS pool
                    ON pool.name = 'squad:s' || (1 + (n * 104729 % :agents + n * 31 % 11 * 97) % :squads)
                ORDER BY n"""),
        {"number": number, "label": label, "agents": AGENTS, "squads": SQUADS},
    )
    connection.execute(text("ANALYZE staged_transfers"))
    lock_all(connection)


def contribute(engine: Engine, number: int, label: str = "c") -> None:
    """Post contributions in batches of a million at most."""
    for start in range(0, number, 1_000_000):
        with engine.begin() as connection:
            stage_contributions(connection, min(1_000_000, number - start), f"{label}:{start}:")
            ledger.post_staged(connection, stamp(connection))


def vacuum(engine: Engine) -> None:
    """Settle hint bits and statistics, so that a measurement does not pay for the preparation."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


class Stopwatch:
    """Wall time of a block: ``with Stopwatch() as watch: …; watch.seconds``."""

    seconds = 0.0

    def __enter__(self) -> "Stopwatch":
        self._start = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._start
