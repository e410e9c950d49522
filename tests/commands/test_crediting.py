"""Recording outcomes, provenance and contributions: once each, and never for oneself."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, text

from squads_pipeline.commands import community, contributions_made, outcomes, provenance
from squads_pipeline.commands.outcomes import RecordedOutcome
from squads_pipeline.store import database
from squads_pipeline.store.errors import IdempotencyConflictError, NotFoundError, RefusedError
from tests.drivers.credit_world import contribute, derive, people, rows
from tests.drivers.test_match_round import contents


@pytest.fixture(autouse=True)
def community_of_three(engine: Engine) -> None:
    people(engine, "ada bo cy")
    contribute(engine, "ada", "hypothesis:h")
    contribute(engine, "bo", "analysis:a")
    derive(engine, "analysis:a > hypothesis:h")


def record(
    engine: Engine,
    by: str = "cy",
    *,
    artifact: str = "analysis:a",
    kind: str = "cited",
    evidence: str = "https://example.org/1",
    key: str | None = None,
) -> RecordedOutcome:
    with engine.begin() as connection:
        kind_of, _, identity = artifact.partition(":")
        return outcomes.record(
            connection, kind_of, identity, kind, evidence=evidence, recorded_by=by, key=key
        )


def test_an_outcome_is_recorded_once_whoever_says_it(engine: Engine) -> None:
    assert record(engine) == RecordedOutcome(1, repeated=False)
    before = contents(engine)
    assert record(engine) == RecordedOutcome(1, repeated=True)
    # Even by one who is credited, because nothing is written, and under a key of its own.
    assert record(engine, "bo", evidence=" https://example.org/1\n", key="k") == RecordedOutcome(
        1, repeated=True
    )
    assert contents(engine) == before
    assert rows(engine, "SELECT recorded_by, evidence FROM squads.outcomes") == [
        ("cy", "https://example.org/1")
    ]


@pytest.mark.parametrize(
    "other", [{"kind": "adopted"}, {"artifact": "hypothesis:h"}, {"evidence": "https://example.org/2"}]
)
def test_each_part_makes_another_outcome(engine: Engine, other: dict[str, str]) -> None:
    record(engine)
    assert not record(engine, **other).repeated


def test_a_key_stands_for_one_outcome(engine: Engine) -> None:
    record(engine, key="k")
    assert record(engine, key="k").repeated
    with pytest.raises(IdempotencyConflictError, match="belongs to another outcome, analysis:a cited"):
        record(engine, key="k", kind="adopted")


def test_two_at_once_record_one(engine: Engine, database_url: str) -> None:
    start = threading.Barrier(2)

    def one(by: str) -> bool:
        own = database.engine(database_url)
        start.wait()
        done = record(own, by)
        own.dispose()
        return done.repeated

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(one, ["cy", "operator"])) == [False, True]
    assert rows(engine, "SELECT count(*) FROM squads.outcomes") == [(1,)]


@pytest.mark.parametrize("credited", ["bo", "ada"])
def test_nobody_records_an_outcome_that_pays_themselves(engine: Engine, credited: str) -> None:
    with pytest.raises(RefusedError, match=f"{credited} contributed to .* and would be paid"):
        record(engine, credited)
    assert not record(engine, "operator").repeated


def test_an_author_further_back_than_credit_goes_may_record(engine: Engine) -> None:
    derive(engine, "x:3 > x:4", "x:2 > x:3", "x:1 > x:2", "x:0 > x:1")
    contribute(engine, "cy", "x:4")
    assert not record(engine, artifact="x:0").repeated
    with pytest.raises(RefusedError, match="x:4"):
        record(engine, artifact="x:1")


def test_an_agent_called_operator_is_an_agent(engine: Engine) -> None:
    with engine.begin() as connection:
        community.add_agent(connection, "operator")
    with engine.begin() as connection:
        contributions_made.credit(connection, "operator", "analysis:o", "data", "n:1", "ada")
    with pytest.raises(RefusedError, match="operator contributed"):
        record(engine, "operator", artifact="analysis:o")


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"by": "nemo"}, NotFoundError, "no agent nemo"),
        ({"kind": "praised"}, RefusedError, "no kind of outcome"),
        ({"evidence": " \n"}, RefusedError, "needs evidence"),
        ({"evidence": "x" * 4_001}, RefusedError, "needs evidence"),
        ({"artifact": "Analysis:a"}, RefusedError, "names no artifact"),
        ({"artifact": "finding:7"}, NotFoundError, "no finding 7"),
        ({"artifact": "finding:x"}, NotFoundError, "no finding x"),
        ({"artifact": "finding:99999999999999999999"}, NotFoundError, "no finding 9"),
    ],
)
def test_what_is_wrong_with_an_outcome_is_said(
    engine: Engine, wrong: dict[str, str], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        record(engine, **wrong)
    assert rows(engine, "SELECT count(*) FROM squads.outcomes") == [(0,)]


def add(connection: Connection, artifact: str, source: str, by: str = "cy", relation: str = "tests") -> bool:
    return provenance.derive(connection, artifact, source, relation=relation, recorded_by=by).repeated


def test_a_step_of_provenance_is_recorded_once(connection: Connection) -> None:
    assert not add(connection, "analysis:a", "gap:g")
    assert provenance.derive(connection, "analysis:a", "gap:g", recorded_by="ada") == provenance.Derived(
        "tests", repeated=True
    )


def test_nobody_leads_credit_to_themselves(connection: Connection) -> None:
    with pytest.raises(RefusedError, match="ada contributed to hypothesis:h and would be paid"):
        add(connection, "analysis:famous", "analysis:a", "ada")
    assert not add(connection, "analysis:famous", "analysis:a", "operator")


@pytest.mark.parametrize(
    ("artifact", "source", "by", "relation", "said"),
    [
        ("analysis:x", "analysis:x", "cy", "tests", "derived from itself"),
        ("analysis", "gap:g", "cy", "tests", "names no artifact"),
        ("gap:g", "", "cy", "tests", "names no artifact"),
        ("gap:g", "gap:h", "cy", "Tests it", "no relation"),
        ("gap:g", "gap:h", "nemo", "tests", "no agent nemo"),
    ],
)
def test_what_is_wrong_with_a_step_is_said(
    connection: Connection, artifact: str, source: str, by: str, relation: str, said: str
) -> None:
    with pytest.raises((RefusedError, NotFoundError), match=said):
        add(connection, artifact, source, by, relation)


def give(
    connection: Connection,
    agent: str = "ada",
    artifact: str = "analysis:z",
    kind: str = "data",
    reference: str = "set 1",
    by: str = "bo",
) -> bool:
    return contributions_made.credit(connection, agent, artifact, kind, reference, by).repeated


def test_a_contribution_is_recorded_once(connection: Connection) -> None:
    assert not give(connection)
    assert give(connection, by="operator")
    query = "SELECT via_squad, driver, run_id FROM squads.agent_contributions WHERE artifact_id = 'z'"
    assert connection.execute(text(query)).all() == [(None, "credit", "call:bo")]
    with pytest.raises(IdempotencyConflictError, match="recorded as data"):
        give(connection, kind="text")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"by": "ada"}, "cannot credit itself"),
        ({"agent": "nemo"}, "no agent nemo"),
        ({"by": "nemo"}, "no agent nemo"),
        ({"artifact": "z"}, "names no artifact"),
        ({"kind": "two words"}, "no type of contribution"),
        ({"reference": " "}, "reference is empty"),
        ({"kind": "squad_finding"}, "by a driver"),
        ({"reference": "finding:1"}, "by a driver"),
    ],
)
def test_what_is_wrong_with_a_contribution_is_said(
    connection: Connection, wrong: dict[str, str], said: str
) -> None:
    with pytest.raises((RefusedError, NotFoundError), match=said):
        give(connection, **wrong)
