"""The set-wise walk through the tables and the pure rule find the same, whatever the provenance."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from squads_pipeline.rules.artifacts import Artifact
from squads_pipeline.rules.credit import Credit, distances
from squads_pipeline.store import outcomes, provenance
from squads_pipeline.store.outcomes import Outcome
from tests.drivers.credit_world import people, through_squad

ARTIFACTS = [Artifact("analysis", name) for name in "abcdef"] + [Artifact("gap", "a")]
PLACES = st.sampled_from(ARTIFACTS)
EDGES = st.lists(st.tuples(PLACES, PLACES).filter(lambda edge: edge[0] != edge[1]), unique=True, max_size=16)
MADE = st.lists(st.tuples(st.sampled_from(["ada", "bo", "cy"]), PLACES, st.booleans()), max_size=10)
HAPPENED = st.lists(st.tuples(PLACES, st.sampled_from(["cited", "refuted"])), min_size=1, max_size=6)


@given(edges=EDGES, made=MADE, happened=HAPPENED, depth=st.integers(0, 5))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_walk_in_sql_equals_the_rule(
    engine: Engine,
    edges: list[tuple[Artifact, Artifact]],
    made: list[tuple[str, Artifact, bool]],
    happened: list[tuple[Artifact, str]],
    depth: int,
) -> None:
    if not _has_people(engine):
        people(engine, "ada bo cy")
    with engine.connect() as connection, connection.begin() as transaction:
        for artifact, source in edges:
            provenance.add(connection, artifact, source, relation="derived_from", recorded_by="operator")
        for number, (agent, artifact, via_squad) in enumerate(made):
            through_squad(connection, agent, str(artifact), number)
            if not via_squad:
                connection.execute(text("ALTER TABLE squads.agent_contributions DISABLE TRIGGER USER"))
                connection.execute(
                    text("UPDATE squads.agent_contributions SET via_squad = NULL WHERE reference_id = :r"),
                    {"r": f"finding:{number}"},
                )
        ids = [_record(connection, *one, nth) for nth, one in enumerate(happened)]
        found = provenance.credited_by_outcomes(connection, ids, depth)
        transaction.rollback()
    for nth, (artifact, kind) in enumerate(happened):
        expected = [] if kind == "refuted" else _credited(edges, made, happened[:nth], artifact, depth)
        assert sorted(found.get(ids[nth], [])) == expected


def _has_people(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.scalar(text("SELECT count(*) FROM squads.agents")))


def _record(connection: Connection, artifact: Artifact, kind: str, nth: int) -> int:
    number = outcomes.add(
        connection, Outcome(artifact, kind, f"seen {nth}"), recorded_by="operator", key=None
    )
    assert number is not None
    return number


def _credited(
    edges: list[tuple[Artifact, Artifact]],
    made: list[tuple[str, Artifact, bool]],
    before: list[tuple[Artifact, str]],
    start: Artifact,
    depth: int,
) -> list[Credit]:
    sources: dict[Artifact, list[Artifact]] = {}
    for artifact, source in edges:
        sources.setdefault(artifact, []).append(source)
    refuted = Counter(artifact for artifact, kind in before if kind == "refuted")
    times = Counter((agent, artifact) for agent, artifact, _ in made)
    through = Counter((agent, artifact) for agent, artifact, via_squad in made if via_squad)
    hops = distances(start, sources, depth)
    return sorted(
        Credit(agent, artifact, hops[artifact], refuted[artifact], count, through[agent, artifact])
        for (agent, artifact), count in times.items()
        if artifact in hops
    )
