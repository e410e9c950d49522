"""What triggers keep for the gaps: squads that met their criteria, members of each, findings with a review."""

import threading

from sqlalchemy import Connection, Engine, text

from squads_pipeline.store import gap_failures, gaps
from tests.store.test_roster_gap import ONE, add, at_noon, enrol

JOURNAL = [{"measure": "journal_entries", "at_least": 2}]


def fulfilled(connection: Connection) -> list[str]:
    return list(connection.scalars(text("SELECT squad_id FROM squads.criteria_met ORDER BY 1")))


def crews(connection: Connection) -> dict[str, int]:
    rows = connection.execute(text("SELECT squad_id, members FROM squads.squad_crews"))
    return {row.squad_id: row.members for row in rows}


def test_criteria_are_weighed_when_entries_come_findings_merge_and_squads_begin(
    connection: Connection,
) -> None:
    at_noon(connection)
    add(connection, "journal", criteria=JOURNAL)
    add(connection, "merging", criteria=ONE)
    add(connection, "early", criteria=ONE, status="recruiting", bubbled=1)
    enrol(connection, "journal", "ada", "researcher", journal=1)
    assert fulfilled(connection) == []
    connection.execute(text("UPDATE squads.squad_members SET journal_entries = 2"))
    assert fulfilled(connection) == ["journal"]
    connection.execute(text("UPDATE squads.research_squads SET findings_bubbled = 1 WHERE id = 'merging'"))
    connection.execute(text("UPDATE squads.research_squads SET status = 'active' WHERE id = 'early'"))
    assert fulfilled(connection) == ["early", "journal", "merging"]
    connection.execute(text("UPDATE squads.research_squads SET status = 'harvesting' WHERE id = 'merging'"))
    connection.execute(text("DELETE FROM squads.squad_members"))
    assert fulfilled(connection) == ["early"]


def test_crews_follow_members_who_come_go_and_change_roles(connection: Connection) -> None:
    at_noon(connection)
    add(connection, "lab")
    enrol(connection, "lab", "ada", "researcher")
    enrol(connection, "lab", "bo", "observer")
    assert crews(connection) == {"lab": 1}
    connection.execute(text("UPDATE squads.squad_members SET role = 'lead' WHERE agent_id = 'bo'"))
    assert crews(connection) == {"lab": 2}
    connection.execute(text("UPDATE squads.squad_members SET left_at = now() WHERE agent_id = 'ada'"))
    assert crews(connection) == {"lab": 1}
    connection.execute(text("UPDATE squads.research_squads SET status = 'disbanded', disbanded_at = now()"))
    assert crews(connection) == {}


def test_the_last_of_two_entries_written_at_once_counts(engine: Engine) -> None:
    with engine.begin() as connection:
        at_noon(connection)
        add(connection, "lab", criteria=JOURNAL)
        enrol(connection, "lab", "ada", "researcher")
        enrol(connection, "lab", "bo", "researcher")
    wrote = text("UPDATE squads.squad_members SET journal_entries = 1 WHERE agent_id = :agent")
    with engine.connect() as first, engine.connect() as second:
        first.execute(wrote, {"agent": "ada"})

        def of_bo() -> None:
            second.execute(wrote, {"agent": "bo"})
            second.commit()

        other = threading.Thread(target=of_bo)
        other.start()
        other.join(0.3)
        first.commit()
        other.join()
        assert fulfilled(first) == ["lab"]


def test_a_finding_is_in_review_from_its_first_review_to_its_verdict(connection: Connection) -> None:
    at_noon(connection)
    add(connection, "lab")
    connection.execute(
        text("""INSERT INTO squads.squad_findings (squad_id, author_agent_id, finding_type, title, created_at)
                SELECT 'lab', 'ada', 'evidence', 'It is so', now() FROM generate_series(1, 2)""")
    )
    number = "(SELECT min(id) FROM squads.squad_findings)"
    in_review = text("SELECT count(*) FROM squads.findings_in_review")
    assert connection.scalar(in_review) == 0
    connection.execute(
        text(f"""INSERT INTO squads.finding_reviews
                     (finding_id, reviewer_agent_id, verdict, rationale, created_at)
                 VALUES ({number}, 'bo', 'accept', 'Yes.', now())""")
    )
    assert connection.scalar(in_review) == 1
    connection.execute(
        text(f"UPDATE squads.squad_findings SET bubble_up_status = 'reviewed' WHERE id = {number}")
    )
    assert connection.scalar(in_review) == 0


def test_a_look_has_the_size_the_oldest_and_those_that_failed(connection: Connection) -> None:
    at_noon(connection)
    for name in ("a", "b", "c", "d"):
        add(connection, name, ends="2026-03-0" + str(1 + ord(name) - ord("a")))
    gap_failures.record(connection, "squad_rosters", {"squad:b": "broken"}, "test")
    look = gaps.look(connection, "squad_rosters", 2)
    assert look.size == gaps.size(connection, "squad_rosters")
    assert look.oldest == gaps.units(connection, "squad_rosters", 2)
    assert [unit.unit for unit in look.oldest] == ["squad:a", "squad:c"]
    assert [(unit.unit, unit.error) for unit in look.failing] == [("squad:b", "broken")]
    assert gaps.due(connection, "squad_rosters", 9) == ["squad:a", "squad:c", "squad:d"]
    assert gaps.look(connection, "bubbled_findings", 2).size == gaps.size(connection, "bubbled_findings")
