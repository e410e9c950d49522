"""What calibrating does: the hand-computed example of the rule, read from facts; and who adopts it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import adopting
from squads_pipeline.drivers.audit_calibrations import findings_between
from squads_pipeline.drivers.calibrate_policy import calibrate_policy
from squads_pipeline.drivers.run import DriverRun, Outcome, run_driver
from squads_pipeline.rules.policy import Policy, policy_id
from squads_pipeline.store import database, gaps, plot_data, policies, runs
from squads_pipeline.store.errors import NotFoundError, RefusedError
from tests.drivers import credit_world
from tests.drivers.credit_world import adopt, contribute, happens, people, rows
from tests.drivers.test_match_round import contents

POLICY: dict[str, Any] = {"points_per_entry": 10, "min_outcomes": 5}
# Agent → (entries, merged findings, paid); scores 43 (with a review), 40, 30, 20, 10.
WORK = {"a": (4, 0, 43), "b": (0, 2, 40), "c": (3, 0, 30), "d": (2, 0, 20), "e": (1, 0, 10)}


@pytest.fixture(autouse=True)
def work(engine: Engine) -> None:
    """A pool shared out among five, before any outcome."""
    adopt(engine, **POLICY)
    people(engine, "a b c d e rex")
    with engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.distributions
                        (squad_id, manner, pool_micro, total_score, members, distributed_at,
                         policy_id, rule_version, driver, run_id, effective_on)
                    SELECT 'team', 'by_score', 143, 143, 5, now(), id, '1', 'test', 'test', current_date
                    FROM squads.current_policy""")
        )
        for agent, (entries, merged, paid) in WORK.items():
            connection.execute(
                text("""INSERT INTO squads.harvest_distributions
                            (squad_id, agent_id, role, journal_entries, findings_authored, merged_confidence,
                             reviews, score, share_micro, policy_id, rule_version, driver, run_id, effective_on)
                        SELECT 'team', :agent, 'researcher', :entries, 0, :merged, :reviews, :paid, :paid,
                               id, '1', 'test', 'test', current_date FROM squads.current_policy"""),
                {"agent": agent, "entries": entries, "merged": merged, "paid": paid}
                | {"reviews": int(agent == "a")},
            )


def outcomes_come_in(engine: Engine) -> None:
    """b is credited for more than a, then c, d, e: each artifact has one author."""
    for agent, kinds in {"b": "adopted", "a": "replicated", "c": "cited"}.items():
        contribute(engine, agent, f"analysis:{agent}")
        happens(engine, f"analysis:{agent}", kinds)
    contribute(engine, "d", "analysis:de", 3, via_squad=3)
    contribute(engine, "e", "analysis:de")
    happens(engine, "analysis:de")
    happens(engine, "analysis:nobody")
    credit_world.run(engine)


def reviewed(engine: Engine, verdict: str, confidence: str | None, outcome: str) -> None:
    """Rex reviews a finding of a, and it turns out so."""
    with engine.begin() as connection:
        number = connection.scalar(
            text("""INSERT INTO squads.squad_findings
                        (squad_id, author_agent_id, finding_type, title, confidence, created_at)
                    VALUES ('team', 'a', 'evidence', 'It is so', 0.8, now()) RETURNING id""")
        )
        connection.execute(
            text("""INSERT INTO squads.finding_reviews
                        (finding_id, reviewer_agent_id, verdict, confidence, rationale, created_at)
                    VALUES (:number, 'rex', :verdict, CAST(:confidence AS numeric), 'why', clock_timestamp())"""),
            {"number": number, "verdict": verdict, "confidence": confidence},
        )
    happens(engine, f"finding:{number}", outcome)


def run(engine: Engine, *, dry_run: bool = False) -> Outcome:
    return run_driver(engine, calibrate_policy, DriverRun("test"), dry_run=dry_run)


def in_force(engine: Engine) -> Policy:
    with engine.connect() as connection:
        return policies.current(connection)


def units(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return [one.unit for one in gaps.units(connection, "policy_calibration", 9)]


def test_payouts_are_compared_and_the_best_step_is_proposed(engine: Engine) -> None:
    assert (units(engine), run(engine).units) == ([], 0)
    outcomes_come_in(engine)
    evaluated = in_force(engine)
    assert units(engine) == [f"policy:{policy_id(evaluated)}"]
    outcome = run(engine)
    assert outcome.facts == {
        "calibration": 1,
        "outcomes_compared": 5,
        "agents_compared": 5,
        "reviewers_compared": 0,
        "rank_correlation": "0.900000",
        "proposal": "points_per_entry = 8",
        "because": "the rank correlation would have been 1.000000 instead of 0.900000",
        "adopted": "no",
    }
    better = Policy(**(POLICY | {"points_per_entry": 8}))
    columns = """evaluated_policy_id, parameter, current_value, proposed_value, proposed_policy_id, outcomes,
                 outcomes_through, rank_correlation::text"""
    assert rows(engine, f"SELECT {columns} FROM squads.policy_calibration") == [
        (policy_id(evaluated), "harvest.points_per_entry", "10", "8", policy_id(better), 5, 5, "0.900000")
    ]
    evidence: Any = rows(engine, "SELECT evidence FROM squads.policy_calibration")[0][0]
    assert evidence["agents"][:2] == [
        {"agent": "a", "paid_micro": 43, "credit_micro": 200_000_000, "paid_rank": "1", "credit_rank": "2"},
        {"agent": "b", "paid_micro": 40, "credit_micro": 500_000_000, "paid_rank": "2", "credit_rank": "1"},
    ]
    assert in_force(engine) == evaluated
    with engine.connect() as connection:
        assert policies.by_id(connection, policy_id(better)) == better
        assert findings_between(connection, None).first == ()


def test_reviewers_are_rated_by_what_became_of_the_findings(engine: Engine) -> None:
    reviewed(engine, "accept", "0.9", "cited")  # 0.01
    reviewed(engine, "accept", None, "refuted")  # the author's 0.8: 0.64
    reviewed(engine, "reject", "0.3", "refuted")  # 0.09
    reviewed(engine, "reject", None, "adopted")
    happens(engine, "analysis:other", "refuted")
    credit_world.run(engine)
    assert run(engine).facts["reviewers_compared"] == 1
    assert rows(engine, "SELECT evidence -> 'reviewers' -> 0 FROM squads.policy_calibration") == [
        (
            {
                "reviewer": "rex",
                "accepted_held": 1,
                "accepted_fell": 1,
                "rejected_held": 1,
                "rejected_fell": 1,
                "hit_rate": "0.500000",
                "brier_score": "0.246667",
            },
        )
    ]


def test_the_newest_outcome_of_a_finding_decides(engine: Engine) -> None:
    reviewed(engine, "accept", None, "cited")
    happens(engine, "finding:1", "refuted")
    for number in range(3):
        happens(engine, f"analysis:{number}", "refuted")
    credit_world.run(engine)
    run(engine)
    fell = "SELECT evidence -> 'reviewers' -> 0 -> 'accepted_fell' FROM squads.policy_calibration"
    assert rows(engine, fell) == [(1,)]


def test_other_weights_are_other_payouts(engine: Engine) -> None:
    adopt(engine, **(POLICY | {"points_per_review": 7}))
    outcomes_come_in(engine)
    assert run(engine).facts["agents_compared"] == 0
    assert rows(engine, "SELECT parameter, rank_correlation FROM squads.policy_calibration") == [(None, None)]


def test_other_parameters_are_nothing_to_the_scores(engine: Engine) -> None:
    adopt(engine, **(POLICY | {"dust_micro": 7}))
    outcomes_come_in(engine)
    assert run(engine).facts["agents_compared"] == 5


def test_a_second_run_waits_for_new_outcomes(engine: Engine) -> None:
    outcomes_come_in(engine)
    assert run(engine).units == 1
    before = contents(engine)
    assert run(engine).units == 0
    assert contents(engine) == before
    for number in range(4):
        happens(engine, f"analysis:new{number}", "refuted")
    credit_world.run(engine)
    assert units(engine) == []
    happens(engine, "analysis:new4", "refuted")
    credit_world.run(engine)
    assert run(engine).units == 1
    with engine.connect() as connection:
        assert findings_between(connection, None).first == ()


def test_a_dry_run_writes_nothing_and_tells_what_the_real_run_does(engine: Engine) -> None:
    outcomes_come_in(engine)
    before = contents(engine)
    plan = run(engine, dry_run=True)
    assert contents(engine) == before
    # The plan is told with the number that the calibration then gets, also where plans went before.
    run(engine, dry_run=True)
    assert plan == run(engine)


def test_two_at_once_calibrate_once(engine: Engine, database_url: str) -> None:
    outcomes_come_in(engine)
    start = threading.Barrier(2)

    def one(name: str) -> int:
        own = database.engine(database_url)
        start.wait()
        outcome = run_driver(own, calibrate_policy, DriverRun(name))
        own.dispose()
        return outcome.units

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(one, ["first", "second"])) == [0, 1]


def test_auto_adopts_in_the_same_transaction(engine: Engine) -> None:
    # The payouts were made under the same weights, which is what counts.
    adopt(engine, **(POLICY | {"adoption": "auto"}))
    outcomes_come_in(engine)
    assert run(engine).facts["adopted"] == "yes"
    assert in_force(engine).points_per_entry == 8
    [(by, why)] = rows(
        engine, "SELECT adopted_by, reason FROM squads.policy_adoptions ORDER BY id DESC LIMIT 1"
    )
    assert by == "calibrate_policy"
    assert str(why).startswith("calibration 1: the rank correlation would have been 1.000000")


def adopted(engine: Engine, identity: str, reason: str = "it is better") -> adopting.Adopted:
    with engine.begin() as connection:
        return adopting.adopt(connection, identity, adopted_by="op", reason=reason)


def test_an_operator_adopts_a_proposal_once(engine: Engine) -> None:
    outcomes_come_in(engine)
    run(engine)
    done = adopted(engine, "1")
    assert [(one.name, one.before, one.after) for one in done.changes] == [
        ("harvest.points_per_entry", "10", "8")
    ]
    assert policy_id(in_force(engine)) == done.policy_id
    before = contents(engine)
    assert adopted(engine, "1").changes == []
    assert contents(engine) == before


def test_an_operator_adopts_an_earlier_policy_by_its_id(engine: Engine) -> None:
    earlier = policy_id(in_force(engine))
    adopt(engine)
    assert adopted(engine, earlier).policy_id == earlier
    assert policy_id(in_force(engine)) == earlier


def test_what_cannot_be_adopted_is_said(engine: Engine) -> None:
    outcomes_come_in(engine)
    run(engine)
    adopt(engine, **(POLICY | {"dust_micro": 7}))
    with pytest.raises(RefusedError, match="would undo that"):
        adopted(engine, "1")
    with pytest.raises(NotFoundError, match="no calibration 2"):
        adopted(engine, "2")
    with pytest.raises(NotFoundError, match="no policy 0123456789abcdef"):
        adopted(engine, "0123456789abcdef")
    with pytest.raises(RefusedError, match="for a reason"):
        adopted(engine, "1", " ")


def test_a_calibration_without_a_proposal_says_why(engine: Engine) -> None:
    for number in range(5):
        happens(engine, f"analysis:{number}", "refuted")
    credit_world.run(engine)
    run(engine)
    with pytest.raises(RefusedError, match="proposes nothing: payouts or credit are the same for all"):
        adopted(engine, "1")


def test_charts_are_drawn_from_what_was_shared_and_compared(engine: Engine) -> None:
    outcomes_come_in(engine)
    run(engine)
    with engine.connect() as connection:
        day = runs.today(connection)
        shares, ranks = plot_data.shares(connection, day), plot_data.ranks(connection, day)
        assert plot_data.newest_day(connection, "policy_calibration") == day
    assert dict(zip(shares["agent_id"], shares["share_micro"], strict=True)) == {
        agent: paid for agent, (_, _, paid) in WORK.items()
    }
    compared = zip(ranks["agent_id"], ranks["paid_rank"], ranks["credit_rank"], strict=True)
    assert [(agent, int(paid), int(credit)) for agent, paid, credit in compared] == [
        ("a", 1, 2),
        ("b", 2, 1),
        ("c", 3, 3),
        ("d", 4, 4),
        ("e", 5, 5),
    ]
    assert (set(ranks["agents"]), {str(one) for one in ranks["rank_correlation"]}) == ({5}, {"0.900000"})
