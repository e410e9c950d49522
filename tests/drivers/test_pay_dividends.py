"""What paying dividends does, with exact numbers."""

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import funding
from squads_pipeline.drivers.form_squads import form_squads
from squads_pipeline.drivers.pay_dividends import pay_dividends
from squads_pipeline.drivers.run import DriverRun
from tests.dagster.conftest import tamper
from tests.drivers.credit_world import (
    TOKEN,
    adopt,
    assert_nothing_is_broken,
    contribute,
    derive,
    dividends,
    happens,
    is_open,
    people,
    rows,
    run,
    units,
    wallets,
)
from tests.drivers.test_match_round import contents


def test_a_squad_contribution_pays_twice_an_ordinary_one(engine: Engine) -> None:
    people(engine, "ada bo")
    contribute(engine, "ada", "analysis:a", 1, via_squad=1)
    contribute(engine, "bo", "analysis:a")
    happens(engine, "analysis:a")
    assert [(one.unit, str(one.tokens_at_stake)) for one in units(engine)] == [("outcome:1", "50")]
    outcome = run(engine)
    assert dividends(engine) == {1: (50 * TOKEN, "paid", {"ada": 33_333_333, "bo": 16_666_667})}
    assert wallets(engine) == {"ada": 33_333_333, "bo": 16_666_667}
    assert outcome.facts == {
        "outcomes_settled": 1,
        "outcomes_paid": 1,
        "nobody_to_credit": 0,
        "waiting_for_the_treasury": 0,
        "dividends_micro": 50 * TOKEN,
        "minted_micro": 100_000 * TOKEN,
    }
    assert (outcome.units, units(engine)) == (1, [])
    keys = "SELECT idempotency_key FROM squads.transfers WHERE kind = 'dividend' ORDER BY 1"
    assert rows(engine, keys) == [("dividend:1:ada",), ("dividend:1:bo",)]
    assert_nothing_is_broken(engine)


def test_credit_goes_back_along_provenance_damped_and_only_so_far(engine: Engine) -> None:
    """analysis ← hypothesis ← debate ← gap ← paper: 1, 1/2, 1/4, 1/8, and the paper is a step too far."""
    people(engine, "ada bo cy di ed")
    for agent, artifact in zip(
        ("ada", "bo", "cy", "di", "ed"),
        ("analysis:a", "hypothesis:h", "debate_session:d", "gap:g", "paper:p"),
        strict=True,
    ):
        contribute(engine, agent, artifact)
    derive(
        engine,
        "analysis:a > hypothesis:h",
        "hypothesis:h > debate_session:d",
        "debate_session:d > gap:g",
        "gap:g > paper:p",
    )
    happens(engine, "analysis:a", "adopted")
    run(engine)
    assert dividends(engine)[1] == (
        500 * TOKEN,
        "paid",
        {"ada": 266_666_667, "bo": 133_333_333, "cy": 66_666_667, "di": 33_333_333},
    )
    assert_nothing_is_broken(engine)


def test_circles_and_diamonds_count_an_artifact_once_at_its_smallest_distance(engine: Engine) -> None:
    people(engine, "ada bo cy")
    contribute(engine, "ada", "a:a")
    contribute(engine, "bo", "a:d")
    contribute(engine, "cy", "a:c")
    derive(engine, "a:a > a:b", "a:a > a:c", "a:b > a:d", "a:c > a:d", "a:d > a:a", "a:a > a:d", "a:d > a:c")
    happens(engine, "a:a", "replicated")
    run(engine)
    assert dividends(engine)[1][2] == {"ada": 100 * TOKEN, "bo": 50 * TOKEN, "cy": 50 * TOKEN}
    assert_nothing_is_broken(engine)


def test_a_refutation_pays_nothing_and_halves_what_comes_later(engine: Engine) -> None:
    people(engine, "ada bo")
    contribute(engine, "ada", "hypothesis:h")
    contribute(engine, "bo", "analysis:a")
    derive(engine, "analysis:a > hypothesis:h")
    happens(engine, "analysis:a", "replicated")
    happens(engine, "hypothesis:h", "refuted")
    happens(engine, "analysis:a", "replicated")
    happens(engine, "analysis:a", "refuted")
    happens(engine, "hypothesis:h", "refuted")
    happens(engine, "analysis:a", "replicated")
    run(engine)
    found = dividends(engine)
    # 1 : 1/2 before the refutation, 1 : 1/4 after it, and 1/2 : 1/8 when both fell once more.
    assert found[1][2] == {"ada": 66_666_667, "bo": 133_333_333}
    assert found[3][2] == {"ada": 40 * TOKEN, "bo": 160 * TOKEN}
    assert found[6][2] == {"ada": 40 * TOKEN, "bo": 160 * TOKEN}
    assert [found[number] for number in (2, 4, 5)] == [(0, "refuted", {})] * 3
    assert_nothing_is_broken(engine)


def test_nobody_to_credit_is_settled_with_the_reason(engine: Engine) -> None:
    people(engine, "ada")
    happens(engine, "analysis:a")
    contribute(engine, "ada", "analysis:a")  # too late for the outcome
    outcome = run(engine)
    assert dividends(engine) == {1: (0, "nobody to credit", {})}
    assert (outcome.moved_micro, outcome.facts["nobody_to_credit"]) == (0, 1)
    assert rows(engine, "SELECT amount_micro, agents FROM squads.dividends") == [(50 * TOKEN, 0)]
    assert_nothing_is_broken(engine)


def test_what_comes_later_changes_no_dividend(engine: Engine) -> None:
    people(engine, "ada bo")
    contribute(engine, "ada", "analysis:a")
    contribute(engine, "bo", "hypothesis:h")
    happens(engine, "analysis:a")
    derive(engine, "analysis:a > hypothesis:h")
    contribute(engine, "bo", "analysis:a", 3, via_squad=3)
    happens(engine, "analysis:a", "refuted")
    run(engine)
    assert dividends(engine)[1][2] == {"ada": 50 * TOKEN}
    contribute(engine, "bo", "analysis:a", 1)
    assert_nothing_is_broken(engine)


def test_a_short_treasury_pays_whole_dividends_in_order_and_the_rest_waits(engine: Engine) -> None:
    adopt(engine, treasury_target_micro=520 * TOKEN)
    people(engine, "ada")
    contribute(engine, "ada", "analysis:a")
    for kind in ("adopted", "adopted", "refuted", "cited"):
        happens(engine, "analysis:a", kind)
    run(engine)
    assert {number: one[1] for number, one in dividends(engine).items()} == {1: "paid", 3: "refuted"}
    waiting = rows(
        engine,
        """SELECT unit, since = (squads.utc_day(now()) + 1)::timestamp AT TIME ZONE 'UTC',
                  reason LIKE '%until its next top-up' FROM gaps.credit_dividends ORDER BY 1""",
    )
    assert waiting == [("outcome:2", True, True), ("outcome:4", True, True)]
    # Nothing can be done before the next top-up, so no sensor asks for runs; a run writes nothing.
    assert not is_open(engine)
    before = contents(engine)
    assert run(engine).units == 0
    assert contents(engine) == before
    with engine.begin() as connection:
        funding.mint(connection, "treasury", 40 * TOKEN, key="gift", reason="test")
    assert is_open(engine)
    run(engine)
    assert sorted(dividends(engine)) == [1, 3, 4]
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('squads.clock', (now() + interval '1 day')::text, true)"))
        tomorrow = pay_dividends(connection, DriverRun("tomorrow"))
    assert (tomorrow.units, tomorrow.facts["minted_micro"]) == (1, 510 * TOKEN)
    assert wallets(engine) == {"ada": 1_050 * TOKEN}
    assert_nothing_is_broken(engine)


def test_the_top_up_belongs_to_whichever_driver_comes_first(engine: Engine) -> None:
    people(engine, "ada")
    contribute(engine, "ada", "analysis:a")
    happens(engine, "analysis:a")
    with engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.knowledge_gaps
                        (artifact_type, artifact_id, title, importance_ppm, created_at, created_by)
                    VALUES ('gap', 'g', 'A gap', 1000000, now(), 'test')""")
        )
        assert form_squads(connection, DriverRun("test")).facts["minted_micro"] == 100_000 * TOKEN
    assert run(engine).facts["minted_micro"] == 0
    mints = "SELECT count(*) FROM squads.transfers WHERE idempotency_key LIKE 'mint:treasury:%'"
    assert rows(engine, mints) == [(1,)]


def test_what_is_settled_without_money_mints_none(engine: Engine) -> None:
    happens(engine, "analysis:a", "refuted")
    happens(engine, "analysis:b", "cited")
    assert run(engine).units == 2
    assert rows(engine, "SELECT count(*) FROM squads.transfers") == [(0,)]


def test_a_second_run_writes_nothing(engine: Engine) -> None:
    people(engine, "ada")
    contribute(engine, "ada", "analysis:a")
    happens(engine, "analysis:a")
    assert run(engine).units == 1
    before = contents(engine)
    assert run(engine).units == 0
    assert contents(engine) == before


def test_a_dry_run_writes_nothing_and_tells_what_the_real_run_does(engine: Engine) -> None:
    people(engine, "ada")
    contribute(engine, "ada", "analysis:a")
    happens(engine, "analysis:a")
    before = contents(engine)
    plan = run(engine, dry_run=True)
    assert contents(engine) == before
    assert run(engine) == plan


def test_an_outcome_that_cannot_be_settled_does_not_stop_the_others(engine: Engine) -> None:
    people(engine, "ada bo")
    contribute(engine, "ada", "analysis:a")
    contribute(engine, "bo", "analysis:b")
    for artifact in ("analysis:a", "analysis:b", "analysis:a"):
        happens(engine, artifact)
    with engine.begin() as connection:
        tamper(connection, "accounts", "name = 'purse:bo', kind = 'wallet' WHERE name = 'wallet:bo'")
    outcome = run(engine)
    assert (outcome.units, outcome.facts["units_failed"]) == (2, 1)
    assert sorted(dividends(engine)) == [1, 3]
    assert rows(engine, "SELECT gap, unit, error FROM squads.gap_failures") == [
        ("credit_dividends", "outcome:2", "There is no account wallet:bo")
    ]
    with engine.begin() as connection:
        tamper(connection, "accounts", "name = 'wallet:bo' WHERE name = 'purse:bo'")
        connection.execute(text("UPDATE squads.gap_failures SET retry_at = now()"))
    run(engine)
    assert sorted(dividends(engine)) == [1, 2, 3]
    assert rows(engine, "SELECT * FROM squads.gap_failures") == []
    assert_nothing_is_broken(engine)


@pytest.mark.parametrize("micro", [2, 0])
def test_less_than_a_micro_each_and_nothing_at_all(engine: Engine, micro: int) -> None:
    adopt(engine, dividend_cited_micro=micro)
    people(engine, "ada bo cy")
    for agent in ("ada", "bo", "cy"):
        contribute(engine, agent, "analysis:a")
    happens(engine, "analysis:a")
    run(engine)
    assert sum(wallets(engine).values()) == micro
    reason = "paid" if micro else "worth nothing under the policy"
    assert rows(engine, "SELECT agents, reason FROM squads.dividends") == [(micro, reason)]
    assert_nothing_is_broken(engine)
