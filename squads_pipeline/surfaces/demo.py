"""The sample community of `squads demo`: who is in it, and how it comes into a database. It does nothing yet.

What its members then do is in `sample_community`.
"""

import sys
from dataclasses import replace
from random import Random
from typing import Final

from sqlalchemy import Connection

from squads_pipeline.commands import community, forming, targets
from squads_pipeline.rules.formation import Target
from squads_pipeline.rules.policy import Policy
from squads_pipeline.server.children import ChildSpec
from squads_pipeline.store import database, migrate, overview, policies
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.surfaces.simulation.personas import Persona, persona

MAKER: Final = "demo"
SEED: Final = 20_260_101

_NAMES: Final = {
    "neuro": ("ada", "bela", "chen", "dara", "emil", "fatou", "goran"),
    "stats": ("imre", "jun", "kofi", "lena", "mira", "nadia"),
    "chem": ("petra", "quinn", "rosa", "sven", "tala", "umar"),
    "tools": ("wim", "xenia", "yusuf", "zora", "anouk", "bruno"),
    "ocean": ("carla", "deniz", "hana", "omar", "vera"),
}
"""Field → who works in it."""

SQUADS: Final = {
    "sleep-clearance": (
        "neuro",
        "Does sleep clear amyloid?",
        "Pool the imaging cohorts that disagree, and find out what makes them disagree.",
    ),
    "replication-priors": (
        "stats",
        "Which findings replicate?",
        "Predict replication from a paper's methods alone, and score that on the next hundred replications.",
    ),
    "negative-results": (
        "stats",
        "Where are the null results?",
        "Collect unpublished null results on ten much cited biomarkers and say how the estimates move.",
    ),
    "solid-electrolytes": (
        "chem",
        "Why do sulfide electrolytes fail?",
        "Tell the three proposed mechanisms of dendrite growth apart by one experiment.",
    ),
    "open-benchmarks": (
        "tools",
        "Do our benchmarks leak?",
        "Look for test data in the training sets of the twenty most used benchmarks of biology.",
    ),
    "ocean-alkalinity": (
        "ocean",
        "Does alkalinity last?",
        "Estimate from field trials how long added ocean alkalinity keeps its carbon.",
    ),
}
"""Squad → its field, name and charter. Somebody of the field forms it."""

CRITERIA: Final = ({"measure": "findings_bubbled", "at_least": 2},)

TARGETS: Final = (
    Target("hypothesis", "neuro-aging-clocks", "Do epigenetic clocks measure aging?", 900_000),
    Target("challenge", "chem-enzyme-design", "Can an enzyme be designed for any reaction?", 700_000),
    Target("gap", "tools-lost-datasets", "Which lost datasets can be found again?", 300_000),
)
"""Targets for the driver: it forms squads around the first two; the third matters too little."""


def child() -> ChildSpec:
    """The process in which the community lives."""
    return ChildSpec("community", (sys.executable, "-m", "squads_pipeline.surfaces.sample_community"))


def members() -> tuple[Persona, ...]:
    """Who lives here, with their wealth and tempers: always the same."""
    chance = Random(SEED)  # noqa: S311  # a play, not a secret
    names = ((f"{name}-{field}", field) for field, group in _NAMES.items() for name in group)
    return tuple(persona(name, field, chance) for name, field in names)


def shortened(policy: Policy) -> Policy:
    """The policy with windows that a person can sit through: a squad lives for some minutes."""
    return replace(
        policy,
        settle_after_seconds=10,
        recruit_window_seconds=60,
        active_window_seconds=180,
        review_window_seconds=60,
        pledge_cycle_seconds=60,
    )


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
    if MAKER in overview.policy_adopters(connection):
        return False
    if overview.squad_makers(connection) or overview.count_agents(connection) > 0:
        raise RefusedError(
            "This database holds a community of its own, and the demo would mix with it",
            "Set SQUADS_HOME to another folder for the demo, such as SQUADS_HOME=.squads-demo "
            "(and leave SQUADS_DATABASE_URL unset).",
        )
    policy = shortened(policies.current(connection))
    policies.adopt(connection, policy, adopted_by=MAKER, reason="a demo shows a squad's life in minutes")
    everybody = members()
    for one in everybody:
        community.add_agent(connection, one.name, kind=one.kind, tokens_micro=one.wealth_micro)
    leads = iter(everybody)
    for squad, (field, name, charter) in SQUADS.items():
        forming.form(
            connection,
            next(one.name for one in leads if one.field == field),
            charter=charter,
            name=name,
            squad=squad,
            target_type="gap",
            target_id=f"{field}-{squad}",
            criteria=CRITERIA,
        )
    for target in TARGETS:
        targets.add_target(connection, target, created_by=MAKER)
    return True
