"""`squads simulate`: its summary for people and programs, and what it refuses."""

from tests.surfaces.conftest import Squads


def test_it_tells_what_came_of_it_and_refuses_to_do_it_twice(squads: Squads) -> None:
    options = ("--agents", "8", "--days", "2", "--seed", "5", "--until", "2026-03-01")
    ran = squads("simulate", *options, "--json")
    assert ran.code == 0
    told = ran.document
    assert (told["ok"], told["agents"], told["from"], told["until"]) == (True, 8, "2026-02-27", "2026-03-01")
    assert (told["still_open"], told["failing"]) == ([], [])
    assert told["transfers"]["mint"]["transfers"] >= 8
    assert len(told["digest"]) == 64
    assert squads("ledger", "verify").code == 0
    again = squads("simulate", *options)
    assert (again.code, "not empty" in again.err, "make reset" in again.err) == (1, True, True)


def test_the_summary_for_people(squads: Squads) -> None:
    said = squads("simulate", "--agents", "5", "--days", "1", "--until", "2026-03-01").out
    for word in ("agents", "squads", "findings", "rounds", "top earners", "mint", "AddTarget", "digest "):
        assert word in said


def test_it_does_not_simulate_what_has_yet_to_come(squads: Squads) -> None:
    ran = squads("simulate", "--until", "2999-01-01")
    assert (ran.code, "lies ahead" in ran.err) == (2, True)
    assert squads("simulate", "--agents", "0").code == 2
