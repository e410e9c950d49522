"""Three more days of the analysts' world: two squads work, are reviewed and paid, and it is seen what held."""

from dataclasses import replace
from datetime import date
from typing import Final

from sqlalchemy import Connection, Engine

from squads_pipeline.commands import community, harvesting, joining, outcomes, work
from squads_pipeline.commands.recorders import OPERATOR
from squads_pipeline.drivers.bubble_findings import bubble_findings
from squads_pipeline.drivers.calibrate_policy import calibrate_policy
from squads_pipeline.drivers.distribute_pools import distribute_pools
from squads_pipeline.drivers.fill_rosters import fill_rosters
from squads_pipeline.drivers.pay_dividends import pay_dividends
from squads_pipeline.drivers.review_findings import review_findings
from squads_pipeline.drivers.run import DriverRun
from squads_pipeline.store import policies
from tests.drivers.work_world import at
from tests.surfaces.analysts_world import make_marts

DAYS: Final = (date(2026, 2, 5), date(2026, 2, 6), date(2026, 2, 7))
NEWCOMERS: Final = ("eve", "fay", "gil", "hal", "ivy", "joe", "kim", "lou")

# Nobody's bid is given a number, so that the first by name leads.
_MEMBERS: Final = {
    "sleep": ("ada", "bo", "cy", "dee", "eve", "fay", "gil"),
    "heat-maps": ("cy", "dee", "hal", "ivy", "joe", "kim", "lou"),
}
_ENTRIES: Final = {
    "sleep": ("ada", "ada", "bo", "gil", "gil", "gil", "gil"),
    "heat-maps": ("cy", "kim", "kim", "kim", "kim", "lou", "lou"),
}
# Each author is sure by a half.
_FINDINGS: Final = {
    "naps": ("sleep", "ada"),
    "dreams": ("sleep", "bo"),
    "tea": ("sleep", "ada"),
    "colours": ("heat-maps", "hal"),
    "scales": ("heat-maps", "ivy"),
    "legends": ("heat-maps", "joe"),
}
# Finding, reviewer, verdict, and how sure the reviewer is in millionths that it holds.
_REVIEWS: Final = (
    ("naps", "cy", "accept", 900_000),
    ("naps", "dee", "accept", 700_000),
    ("dreams", "cy", "reject", 200_000),
    ("dreams", "dee", "accept", 900_000),
    ("dreams", "eve", "accept", None),
    ("tea", "dee", "accept", 900_000),
    ("tea", "eve", "reject", None),
    ("tea", "fay", "reject", None),
    ("colours", "cy", "accept", 700_000),
    ("colours", "dee", "accept", 900_000),
    ("scales", "cy", "reject", 400_000),
    ("scales", "dee", "accept", 800_000),
    ("scales", "eve", "reject", None),
    ("legends", "gil", "accept", 700_000),
)
_OUTCOMES: Final = (
    ("naps", "cited"),
    ("dreams", "cited"),
    ("dreams", "refuted"),
    ("tea", "refuted"),
    ("colours", "adopted"),
    ("scales", "replicated"),
)
_RUN: Final = DriverRun("later")


def work_and_harvest(engine: Engine) -> None:
    """Let the world of `analysts_world.live` go on from its third day."""
    with at(engine, "2026-02-05 09:00+00") as connection:
        policy = replace(policies.current(connection), min_outcomes=len(_OUTCOMES))
        policies.adopt(connection, policy, adopted_by="test", reason="six outcomes are enough to compare")
        for agent in NEWCOMERS:
            community.add_agent(connection, agent)
        for squad, members in _MEMBERS.items():
            _join(connection, squad, members)
    with at(engine, "2026-02-05 10:00+00") as connection:
        fill_rosters(connection, _RUN)
    with at(engine, "2026-02-05 11:00+00") as connection:
        found = _work(connection)
    with at(engine, "2026-02-05 12:00+00") as connection:
        for title, reviewer, verdict, ppm in _REVIEWS:
            work.review(
                connection, reviewer, found[title], verdict, rationale="I read it.", confidence_ppm=ppm
            )
    with at(engine, "2026-02-05 13:00+00") as connection:
        review_findings(connection, _RUN)
        bubble_findings(connection, _RUN)
    _harvest(engine, "sleep", "ada", "2026-02-05 14:00+00")
    # An hour later the squads that nobody has joined would be given up, and their pools go back.
    _harvest(engine, "heat-maps", "cy", "2026-02-06 09:00+00")
    _turn_out(engine, found)
    make_marts(engine, DAYS)


def _join(connection: Connection, squad: str, members: tuple[str, ...]) -> None:
    """Let each in by the one before; the first, whom anybody may let in, by the last."""
    for agent, decider in zip(members, (members[-1], *members), strict=False):
        bid = joining.join(connection, agent, squad, pitch="I can help.").bid_id
        joining.decide(connection, decider, bid, accept=True, rationale="fits")


def _work(connection: Connection) -> dict[str, int]:
    """Write the journals and the findings: title → number."""
    for squad, authors in _ENTRIES.items():
        for author in authors:
            work.log(connection, author, squad, "progress", "Measured", "As planned.")
    return {
        title: work.find(connection, author, squad, "evidence", title).finding_id
        for title, (squad, author) in _FINDINGS.items()
    }


def _harvest(engine: Engine, squad: str, lead: str, moment: str) -> None:
    with at(engine, moment) as connection:
        harvesting.harvest(connection, lead, squad)
        distribute_pools(connection, _RUN)


def _turn_out(engine: Engine, found: dict[str, int]) -> None:
    """Record what became of findings, pay for it, and compare."""
    with at(engine, "2026-02-07 09:00+00") as connection:
        for title, kind in _OUTCOMES:
            evidence = f"https://example.org/{title}/{kind}"
            outcomes.record(
                connection, "finding", str(found[title]), kind, evidence=evidence, recorded_by=OPERATOR
            )
    with at(engine, "2026-02-07 10:00+00") as connection:
        pay_dividends(connection, _RUN)
        calibrate_policy(connection, _RUN)
