"""What forming squads does, with exact numbers."""

from fractions import Fraction

from sqlalchemy import Engine, text

from squads_pipeline.commands import community, funding, targets
from squads_pipeline.drivers.form_squads import form_squads
from squads_pipeline.drivers.run import DriverRun
from squads_pipeline.rules import formation
from squads_pipeline.rules.formation import Target
from squads_pipeline.store.formation_invariants import FORMATION_INVARIANTS
from tests.drivers.formation_world import TOKEN, add, adopt, is_open, rows, run, seeds, units
from tests.drivers.test_match_round import contents


def squad_of(artifact: str, nth: int = 1) -> str:
    return formation.squad_id(Target("gap", artifact, "", 0), nth)


def assert_nothing_is_broken(engine: Engine) -> None:
    with engine.connect() as connection:
        for one in FORMATION_INVARIANTS:
            assert one.find(connection, None).first == ()
        assert connection.scalar(text("SELECT sum(balance_micro) FROM squads.accounts")) == 0


def test_important_targets_get_squads_with_seeds(engine: Engine) -> None:
    add(engine, ("sleep", 950_000), ("heat", 500_000), ("dust", 499_999))
    outcome = run(engine)
    assert seeds(engine) == [("sleep", 4_750 * TOKEN, 4_750 * TOKEN), ("heat", 2_500 * TOKEN, 2_500 * TOKEN)]
    assert outcome.facts == {
        "squads_formed": 2,
        "seeds_in_arrears_paid": 0,
        "seeds_micro": 7_250 * TOKEN,
        "seeds_missing_micro": 0,
        "minted_micro": 100_000 * TOKEN,
    }
    assert (outcome.units, units(engine)) == (2, [])
    assert_nothing_is_broken(engine)


def test_a_formed_squad_recruits_for_its_window(engine: Engine) -> None:
    adopt(engine, recruit_window_seconds=3_600)
    add(engine, ("sleep", 950_000))
    run(engine)
    assert rows(
        engine,
        """SELECT name, status, created_by, success_criteria, recruitment_closes_at - formed_at < '3601 s',
                  recruitment_closes_at - formed_at >= '3600 s', charter <> '' FROM squads.research_squads""",
    ) == [
        (
            "What of sleep?",
            "recruiting",
            "form_squads",
            [{"measure": "findings_bubbled", "at_least": 1}],
            True,
            True,
            True,
        )
    ]
    events = "SELECT event_no, from_status, to_status, actor, run_id FROM squads.squad_events ORDER BY 1"
    assert rows(engine, events) == [
        (1, None, "forming", "form_squads", "test"),
        (2, "forming", "recruiting", "form_squads", "test"),
    ]


def test_targets_with_squads_do_not_use_up_the_limit(engine: Engine) -> None:
    """2,638 targets, of which the 20 most important have squads: one run forms the next five."""
    with engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.knowledge_gaps
                        (artifact_type, artifact_id, title, importance_ppm, created_at, created_by)
                    SELECT 'gap', 'gap' || n, 'A gap', 1000000 - n, now(), 'test'
                    FROM generate_series(1, 2638) AS n""")
        )
        for number in range(1, 21):
            community.add_squad(connection, f"s{number}", target_id=f"gap{number}")
    assert len(units(engine)) == 2_618
    assert run(engine).units == 5
    formed = "SELECT artifact_id FROM squads.squads_formed ORDER BY importance_ppm DESC"
    assert rows(engine, formed) == [(f"gap{number}",) for number in range(21, 26)]
    assert len(units(engine)) == 2_613


def test_a_short_treasury_pays_what_it_has_and_the_rest_stays_open(engine: Engine) -> None:
    adopt(engine, treasury_target_micro=6_000 * TOKEN)
    add(engine, ("a", 1_000_000), ("b", 900_000), ("c", 800_000))
    run(engine)
    assert seeds(engine) == [("a", 5_000 * TOKEN, 5_000 * TOKEN), ("b", 4_500 * TOKEN, 1_000 * TOKEN)]
    assert sorted(units(engine)) == [f"seed:{squad_of('b')}", "target:gap:c"]
    # Nothing can be done before the next top-up, so no sensor asks for runs; a run writes nothing.
    assert not is_open(engine)
    before = contents(engine)
    assert run(engine).units == 0
    assert contents(engine) == before
    with engine.begin() as connection:
        funding.mint(connection, "treasury", 500 * TOKEN, key="gift", reason="test")
    assert is_open(engine)
    run(engine)
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('squads.clock', (now() + interval '1 day')::text, true)"))
        tomorrow = form_squads(connection, DriverRun("tomorrow"))
    assert tomorrow.facts["minted_micro"] == 6_000 * TOKEN
    # 3,000 were missing of b; the 3,000 that are left begin c.
    assert seeds(engine)[1:] == [("b", 4_500 * TOKEN, 4_500 * TOKEN), ("c", 4_000 * TOKEN, 3_000 * TOKEN)]
    keys = "SELECT idempotency_key, amount_micro FROM squads.transfers WHERE kind = 'seed' ORDER BY id"
    assert rows(engine, keys) == [
        (f"seed:{squad_of('a')}", 5_000 * TOKEN),
        (f"seed:{squad_of('b')}", 1_000 * TOKEN),
        (f"seed:{squad_of('b')}:2", 500 * TOKEN),
        (f"seed:{squad_of('b')}:3", 3_000 * TOKEN),
        (f"seed:{squad_of('c')}", 3_000 * TOKEN),
    ]
    assert_nothing_is_broken(engine)


def test_what_is_missing_lapses_when_the_work_is_over(engine: Engine) -> None:
    adopt(engine, treasury_target_micro=TOKEN)
    add(engine, ("a", 1_000_000))
    run(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE squads.research_squads SET status = 'harvesting'"))
    assert units(engine) == []


def test_without_seeds_squads_are_formed_without_money(engine: Engine) -> None:
    adopt(engine, seed_rate_micro=0, treasury_target_micro=0)
    add(engine, ("a", 1_000_000))
    assert run(engine).units == 1
    assert seeds(engine) == [("a", 0, 0)]
    assert rows(engine, "SELECT status FROM squads.research_squads") == [("recruiting",)]
    assert_nothing_is_broken(engine)


def test_a_new_threshold_opens_the_gap(engine: Engine) -> None:
    adopt(engine, min_importance=Fraction(2, 3))
    add(engine, ("a", 666_666))
    assert (units(engine), run(engine).units) == ([], 0)
    adopt(engine, min_importance=Fraction(1, 3))
    assert run(engine).units == 1


def test_a_closed_target_gets_no_squad(engine: Engine) -> None:
    add(engine, ("a", 1_000_000))
    with engine.begin() as connection:
        targets.close_target(connection, "gap", "a")
    assert (units(engine), run(engine).units) == ([], 0)


def test_a_target_whose_squad_is_gone_gets_another(engine: Engine) -> None:
    add(engine, ("a", 1_000_000))
    run(engine)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE squads.research_squads SET status = 'disbanded', disbanded_at = now()")
        )
    assert run(engine).units == 1
    assert rows(engine, "SELECT squad_id FROM squads.squads_formed ORDER BY 1") == [
        (squad_of("a"),),
        (squad_of("a", 2),),
    ]


def test_an_id_that_somebody_took_gives_way(engine: Engine) -> None:
    add(engine, ("a", 1_000_000), ("b", 900_000))
    with engine.begin() as connection:
        community.add_squad(connection, squad_of("a"), target_id="something else")
    assert run(engine).units == 2
    assert rows(engine, "SELECT squad_id FROM squads.squads_formed WHERE artifact_id = 'a'") == [
        (squad_of("a", 2),)
    ]


def test_a_second_run_writes_nothing(engine: Engine) -> None:
    add(engine, ("a", 1_000_000), ("b", 900_000))
    assert run(engine).units == 2
    before = contents(engine)
    assert run(engine).units == 0
    assert contents(engine) == before


def test_a_dry_run_writes_nothing_and_tells_what_the_real_run_does(engine: Engine) -> None:
    add(engine, ("a", 1_000_000), ("b", 900_000))
    before = contents(engine)
    plan = run(engine, dry_run=True)
    assert contents(engine) == before
    assert run(engine) == plan
