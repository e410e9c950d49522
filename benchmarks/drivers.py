"""How long each driver takes for a thousand units, on a short history and on a long one."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Engine, text

from benchmarks import world
from benchmarks.report import Measurement
from squads_pipeline.drivers.registry import DRIVERS
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import policies

UNITS: Final = 1_000

_OPEN: Final[Mapping[str, str]] = {
    "squads_formed": """
INSERT INTO squads.knowledge_gaps (artifact_type, artifact_id, title, importance_ppm, created_at, created_by)
SELECT 'gap', 'fresh' || n, 'fresh', 900000, now(), 'benchmark' FROM generate_series(1, :units) AS n
""",
    "squad_rosters": """
UPDATE squads.research_squads SET recruitment_closes_at = now() - interval '1 second'
WHERE id IN (SELECT id FROM squads.research_squads
             WHERE status = 'recruiting' AND id LIKE 's%' ORDER BY id LIMIT :units)
""",
    "pledged_contributions": """
UPDATE squads.pledges_in_force SET quiet_until = 'epoch', rests_for = NULL
WHERE agent_id IN (SELECT agent_id FROM squads.pledges_in_force ORDER BY agent_id LIMIT :units)
""",
    "reviewed_findings": """
INSERT INTO squads.finding_reviews (finding_id, reviewer_agent_id, verdict, confidence, rationale, created_at)
SELECT finding.id, other.agent_id, 'accept', 0.9, 'Measured again.', now()
FROM (SELECT * FROM squads.squad_findings WHERE bubble_up_status = 'pending' AND squad_id LIKE 's%' ORDER BY id
      LIMIT :units) AS finding
CROSS JOIN LATERAL (SELECT agent_id FROM squads.squad_members
                    WHERE squad_id = finding.squad_id AND agent_id <> finding.author_agent_id LIMIT 1) AS other
""",
    # Contributions go to a pool that is matched at once, as its squad harvests.
    "harvest_distributions": """
UPDATE squads.research_squads SET status = 'harvesting'
WHERE id IN (SELECT id FROM squads.research_squads AS squad
             WHERE status = 'active' AND id LIKE 's%'
               AND NOT EXISTS (SELECT FROM squads.squad_findings AS finding
                               WHERE finding.squad_id = squad.id AND bubble_up_status IN ('pending', 'reviewed'))
               AND NOT EXISTS (SELECT FROM squads.qf_unclaimed WHERE squad_id = squad.id)
             ORDER BY id LIMIT :units)
""",
    "credit_dividends": """
INSERT INTO squads.outcomes (artifact_type, artifact_id, kind, evidence, recorded_by, recorded_at)
SELECT 'gap', 's' || n, 'cited', 'fresh paper ' || n, 'operator', now() FROM generate_series(1, :units) AS n
""",
}
"""Gap → what opens a thousand units of it; the others are opened by what came before."""


def measure(short: Engine, long: Engine) -> list[Measurement]:
    """Time every driver on two databases that `history` wrote."""
    before, after = seconds(short), seconds(long)
    return [
        Measurement(
            f"{gap}: {UNITS:,} units, long history", after[gap], "short history", before[gap], "about 1"
        )
        for gap in after
    ]


def seconds(engine: Engine) -> dict[str, float]:
    """Driver's gap → seconds for a thousand units, in the order in which a reconciliation closes gaps.

    Left out is the delivery of messages, which is the sink's time.
    """
    _prepare(engine)
    found = {}
    for gap, driver in DRIVERS.items():
        if gap == "delivered_messages":
            continue
        _open(engine, gap)
        with world.Stopwatch() as watch:
            outcome = run_driver(engine, driver, DriverRun("benchmark"))
        if not outcome.units or "units_failed" in outcome.facts:
            raise AssertionError(f"{gap} was meant to be closed: {outcome}")
        found[gap] = watch.seconds
    return found


def _prepare(engine: Engine) -> None:
    """Let a run form a thousand squads and a round open with a thousand contributions, and no pledge wake for it."""
    with engine.begin() as connection:
        policy = Policy(
            max_per_run=UNITS, settle_count=UNITS, settle_after_seconds=604_800, seal_after_seconds=0
        )
        policies.adopt(connection, policy, adopted_by="benchmark", reason="benchmark")
        connection.execute(text("DELETE FROM squads.pledge_wakeups"))


def _open(engine: Engine, gap: str) -> None:
    if gap in _OPEN:
        with engine.begin() as connection:
            connection.execute(text(_OPEN[gap]), {"units": UNITS})
