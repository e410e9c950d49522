"""A matching round from gap to commit, against bare SQL over the same contributions."""

from sqlalchemy import Engine, text

from benchmarks import world
from benchmarks.report import Measurement
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.run import DriverRun, run_driver

_AGGREGATE = """
SELECT count(*) FROM (
    SELECT squad_id, agent_id, sum(amount_micro) FROM squads.qf_unclaimed GROUP BY squad_id, agent_id
) AS totals
"""
# What a round must write at the least, in one statement: the claims under their primary key, out of the
# inbox, and the totals that the next round starts from. No weighing, no deciding, no paying.
_BARE = """
CREATE TABLE public.claims (contribution_id bigint PRIMARY KEY, round_id bigint NOT NULL);
CREATE TABLE public.totals (squad_id text, agent_id text, total_micro bigint, PRIMARY KEY (squad_id, agent_id));
WITH taken AS (DELETE FROM squads.qf_unclaimed RETURNING *),
claimed AS (INSERT INTO public.claims SELECT contribution_id, 1 FROM taken ON CONFLICT DO NOTHING)
INSERT INTO public.totals AS total
SELECT squad_id, agent_id, sum(amount_micro) FROM taken GROUP BY squad_id, agent_id
ON CONFLICT (squad_id, agent_id) DO UPDATE SET total_micro = total.total_micro + excluded.total_micro
"""


def measure(server_url: str, number: int) -> list[Measurement]:
    """Time a round over a number of contributions, the bare aggregate, and the bare writes."""
    with world.scratch(server_url) as engine:
        world.people(engine)
        world.settle(engine, count=1)
        world.contribute(engine, number)
        world.vacuum(engine)
        aggregate = min(_timed(engine, _AGGREGATE) for _ in range(3))
        claim = _rolled_back(engine, _BARE)
        world.vacuum(engine)
        with world.Stopwatch() as watch:
            outcome = run_driver(engine, match_round, DriverRun("benchmark"))
        if outcome.facts["contributions_claimed"] != number:
            raise AssertionError("the round was meant to claim every contribution")
    what = f"round over {number:,} contributions"
    return [
        Measurement(what, watch.seconds, "bare SQL: claims and aggregated totals", claim, "≤ 2"),
        Measurement(what, watch.seconds, "bare aggregate, nothing written", aggregate, "no aim"),
    ]


def _timed(engine: Engine, statement: str) -> float:
    with engine.connect() as connection, world.Stopwatch() as watch:
        connection.execute(text(statement)).all()
    return watch.seconds


def _rolled_back(engine: Engine, statement: str) -> float:
    with engine.connect() as connection, connection.begin() as transaction:
        with world.Stopwatch() as watch:
            for one in statement.split(";\n"):
                connection.execute(text(one))
        transaction.rollback()
    return watch.seconds
