"""What an idle look costs when few and when many pledges are in force, none of which can pay now."""

from sqlalchemy import Engine, text

from benchmarks import world
from benchmarks.report import Measurement
from squads_pipeline.drivers.honour_pledges import honour_pledges
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import gaps, ledger, policies

_GAP = "pledged_contributions"
_REPEATS = 50
_SQUADS = 100


def measure(server_url: str, few: int, many: int) -> Measurement:
    """Time the gap's question after a cycle in which every pledge has paid what it could."""
    seconds = [_idle(server_url, number) for number in (few, many)]
    return Measurement(
        f"idle look with {many:,} pledges in force", seconds[1], f"with {few:,}", seconds[0], "about 1"
    )


def _idle(server_url: str, number: int) -> float:
    with world.scratch(server_url) as engine:
        _pledged(engine, number)
        world.vacuum(engine)
        run_driver(engine, honour_pledges, DriverRun("benchmark"))
        world.vacuum(engine)
        return _asked(engine)


def _pledged(engine: Engine, number: int) -> None:
    """Agents with a wallet and a pledge to any squad, one squad in a cycle of thirty days."""
    with engine.begin() as connection:
        policy = Policy(pledge_cycle_seconds=2_592_000, pledge_max_squads=1)
        policies.adopt(connection, policy, adopted_by="benchmark", reason="benchmark")
        connection.execute(
            text("""INSERT INTO squads.research_squads
                        (id, name, charter, target_artifact_type, target_artifact_id, status, formed_at)
                    SELECT 's' || n, 's' || n, '', 'gap', 's' || n, 'active', now()
                    FROM generate_series(1, :n) AS n"""),
            {"n": _SQUADS},
        )
        connection.execute(
            text("""INSERT INTO squads.agents (id, created_at)
                    SELECT 'a' || n, now() FROM generate_series(1, :n) AS n"""),
            {"n": number},
        )
        ledger.open_accounts(connection, "squad", [f"s{n}" for n in range(1, _SQUADS + 1)])
        ledger.open_accounts(connection, "wallet", [f"a{n}" for n in range(1, number + 1)])
        ledger.stage(connection)
        connection.execute(
            text("""INSERT INTO staged_transfers
                        (kind, from_account_id, to_account_id, amount_micro, idempotency_key)
                    SELECT 'mint', issuance.id, wallet.id, 1000000000, 'mint:' || wallet.name
                    FROM squads.accounts AS wallet
                    JOIN squads.accounts AS issuance ON issuance.kind = 'issuance'
                    WHERE wallet.kind = 'wallet'""")
        )
        world.lock_all(connection)
        ledger.post_staged(connection, world.stamp(connection))
        connection.execute(
            text("""INSERT INTO squads.pledges (agent_id, squads, reserve_micro, pledged_at)
                    SELECT id, '[]', 0, now() FROM squads.agents""")
        )


def _asked(engine: Engine) -> float:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        gaps.is_open(connection, _GAP)
        with world.Stopwatch() as watch:
            for _ in range(_REPEATS):
                if gaps.is_open(connection, _GAP):
                    raise AssertionError("the gap was meant to be closed")
    return watch.seconds / _REPEATS
