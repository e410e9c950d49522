"""Rounds recompute although squads that they weighed are gone: who was live then is read from facts."""

from fractions import Fraction

import pytest
from sqlalchemy import Engine

from squads_pipeline.drivers.audit_matches import audit
from tests.drivers.harvest_world import adopt, give, harvest, match, member, people, run, squad


@pytest.mark.parametrize("mechanism", ["quadratic", "clr", "pairwise"])
def test_rounds_recompute_after_squads_were_disbanded(engine: Engine, mechanism: str) -> None:
    """Alone is matched nothing, and yet weighs under pairwise: its contributors' overlap with the others' counts."""
    adopt(engine, settle_count=1, mechanism=mechanism, max_match_fraction=Fraction(1), min_contributors=2)
    people(engine, "ada", "bob", "cyd")
    for name in ("alone", "heat", "cold"):
        squad(engine, name)
        member(engine, name, "ada", "lead")
    for agent, name, tokens in (
        ("ada", "alone", 50),
        ("ada", "heat", 50),
        ("bob", "heat", 20),
        ("ada", "cold", 10),
        ("bob", "cold", 10),
    ):
        give(engine, agent, name, tokens)
    match(engine)
    give(engine, "cyd", "cold", 5)
    match(engine)
    harvest(engine, "alone", "heat")
    give(engine, "bob", "cold", 3)
    match(engine)
    assert run(engine).units == 2
    give(engine, "cyd", "cold", 7)
    match(engine)
    with engine.connect() as connection:
        found = audit(connection, None, None)
    assert (found.rounds, found.differences) == (4, ())
