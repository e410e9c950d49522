"""The gap of harvest_distributions: what it says, and that an idle look touches indexes alone."""

import pytest
from sqlalchemy import Connection, Engine, text

from squads_pipeline.store import gaps
from tests.drivers.harvest_world import TOKEN, adopt, desert, give, harvest, match, people, squad


def plan(connection: Connection, gap: str) -> str:
    connection.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"))
    return "\n".join(connection.scalars(text(f"EXPLAIN SELECT FROM gaps.{gap}")))


def test_a_unit_says_why_it_is_due_and_what_it_holds(engine: Engine) -> None:
    adopt(engine, settle_count=1, matching_pool_target_micro=0)
    people(engine, "ada")
    squad(engine, "heat")
    squad(engine, "cold", status="recruiting")
    give(engine, "ada", "heat", 3)
    match(engine)
    harvest(engine, "heat")
    desert(engine, "cold")
    with engine.connect() as connection:
        found = {one.unit: one for one in gaps.units(connection, "harvest_distributions", 10)}
        assert gaps.is_open(connection, "harvest_distributions")
    assert (found["squad:heat"].reason, str(found["squad:heat"].tokens_at_stake)) == (
        "nothing is left to review, merge or match",
        "3",
    )
    assert (found["squad:cold"].reason, str(found["squad:cold"].tokens_at_stake)) == (
        "nobody has joined, and recruiting is over",
        "0",
    )
    assert found["squad:heat"].since > found["squad:cold"].since


def test_a_final_match_says_why_it_is_due(engine: Engine) -> None:
    people(engine, "ada")
    squad(engine, "heat")
    give(engine, "ada", "heat", 3)
    harvest(engine, "heat")
    with engine.connect() as connection:
        (unit,) = gaps.units(connection, "qf_matches", 10)
    assert unit.reason == "1 contribution unmatched; the squad is at an end"
    assert unit.tokens_at_stake * TOKEN == 3 * TOKEN


def test_a_policy_that_lacks_the_extensions_gives_nobody_up(engine: Engine) -> None:
    squad(engine, "cold", status="recruiting")
    desert(engine, "cold")
    with engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.policies (id, content, created_at)
                    SELECT 'old', content - 'recruit_extensions', now() FROM squads.current_policy""")
        )
        assert gaps.size(connection, "harvest_distributions").units == 1
        connection.execute(
            text("""INSERT INTO squads.policy_adoptions (policy_id, adopted_by, reason, adopted_at)
                    VALUES ('old', 'test', 'test', now())""")
        )
        assert gaps.size(connection, "harvest_distributions").units == 0


@pytest.mark.parametrize(
    ("gap", "indexes"),
    [
        (
            "harvest_distributions",
            (
                "research_squads_status_idx",
                "squad_findings_waiting",
                "squad_members_pkey",
                "squad_events_pkey",
                "accounts_name_key",
            ),
        ),
        ("qf_matches", ("qf_unclaimed_granted_at_idx", "research_squads_status_idx", "squad_members_pkey")),
    ],
)
def test_an_idle_look_reads_no_history(connection: Connection, gap: str, indexes: tuple[str, ...]) -> None:
    planned = plan(connection, gap)
    for index in indexes:
        assert index in planned, planned
    scanned = {
        line.split("Seq Scan on ")[1].split()[0] for line in planned.splitlines() if "Seq Scan" in line
    }
    # The inbox, what failed, and what leads proposed are short, however long the history is.
    assert scanned <= {"qf_unclaimed", "gap_failures", "squad_merges"}, planned
