"""The sample community of `squads demo`: who is in it, and how it comes into a database. It gives nothing.

What its members then do is in `sample_community`.
"""

import sys
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from squads_pipeline.commands import community, pledging, targets
from squads_pipeline.rules.formation import Target
from squads_pipeline.server.children import ChildSpec
from squads_pipeline.store import database, migrate, overview, policies
from squads_pipeline.store.errors import RefusedError

MAKER: Final = "demo"
SETTLE_AFTER_SECONDS: Final = 10
FIRST_TOKENS_MICRO: Final = 500_000_000

AGENTS: Final = tuple(
    f"{name}-{field}"
    for field, names in {
        "neuro": ("ada", "bela", "chen", "dara", "emil", "fatou", "goran", "hana"),
        "stats": ("imre", "jun", "kofi", "lena", "mira", "nadia", "omar"),
        "chem": ("petra", "quinn", "rosa", "sven", "tala", "umar", "vera"),
        "tools": ("wim", "xenia", "yusuf", "zora", "anouk", "bruno", "carla", "deniz"),
    }.items()
    for name in names
)

SQUADS: Final = {
    "sleep-clearance": (
        "Does sleep clear amyloid?",
        "Pool the imaging cohorts that disagree, and find out what makes them disagree.",
    ),
    "replication-priors": (
        "Which findings replicate?",
        "Predict replication from a paper's methods alone, and score that on the next hundred replications.",
    ),
    "protein-dark-matter": (
        "What do disordered regions do?",
        "Give a testable function to the fifty most conserved disordered regions that have none.",
    ),
    "negative-results": (
        "Where are the null results?",
        "Collect unpublished null results on ten much cited biomarkers and say how the estimates move.",
    ),
    "solid-electrolytes": (
        "Why do sulfide electrolytes fail?",
        "Tell the three proposed mechanisms of dendrite growth apart by one experiment.",
    ),
    "causal-microbiome": (
        "Does the microbiome cause it?",
        "For each claimed link of gut flora and mood, find what supports it beyond correlation.",
    ),
    "open-benchmarks": (
        "Do our benchmarks leak?",
        "Look for test data in the training sets of the twenty most used benchmarks of biology.",
    ),
    "ocean-alkalinity": (
        "Does alkalinity last?",
        "Estimate from field trials how long added ocean alkalinity keeps its carbon.",
    ),
}
"""Squad → its name and charter."""

TARGETS: Final = (
    Target("hypothesis", "aging-clocks", "Do epigenetic clocks measure aging?", 900_000),
    Target("challenge", "enzyme-design", "Can an enzyme be designed for any reaction?", 700_000),
    Target("gap", "lost-datasets", "Which lost datasets can be found again?", 300_000),
)
"""Targets for the driver: it forms squads around the first two; the third matters too little."""

PLEDGING: Final = AGENTS[::6]
"""Who lets the driver give for them."""


def child() -> ChildSpec:
    """The process in which the community lives."""
    return ChildSpec("community", (sys.executable, "-m", "squads_pipeline.surfaces.sample_community"))


def prepare(url: str) -> None:
    """Bring the database up to date and the community into it, unless it is there.

    Raises:
        RefusedError: the database holds squads of somebody else.
    """
    migrate.upgrade(url)
    engine = database.engine(url)
    try:
        # All in one transaction: a demo that is killed half way leaves nothing half made.
        with engine.begin() as connection:
            make_community(connection)
    finally:
        engine.dispose()


def make_community(connection: Connection) -> bool:
    """Add the community and adopt its policy; False when it was there.

    Raises:
        RefusedError: there are squads or agents of somebody else.
    """
    makers = overview.squad_makers(connection)
    if MAKER in makers:
        return False
    if makers or overview.count_agents(connection) > 0:
        raise RefusedError(
            "This database holds a community of its own, and the demo would mix with it",
            "Set SQUADS_HOME to another folder for the demo, such as SQUADS_HOME=.squads-demo "
            "(and leave SQUADS_DATABASE_URL unset).",
        )
    policy = replace(policies.current(connection), settle_after_seconds=SETTLE_AFTER_SECONDS)
    policies.adopt(connection, policy, adopted_by=MAKER, reason="a demo shows matches within a minute")
    for agent in AGENTS:
        community.add_agent(connection, agent, kind="persona", tokens_micro=FIRST_TOKENS_MICRO)
    for squad, (name, charter) in SQUADS.items():
        community.add_squad(
            connection, squad, name=name, charter=charter, target_type="gap", created_by=MAKER
        )
    for target in TARGETS:
        targets.add_target(connection, target, created_by=MAKER)
    for agent in PLEDGING:
        pledging.pledge(connection, agent, [], reserve_micro=FIRST_TOKENS_MICRO // 2)
    return True
