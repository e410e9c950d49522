"""Materializing dividends and calibrations: today they are made, the past is audited; checks name what was changed."""

from collections.abc import Callable
from datetime import date, timedelta

import dagster as dg
import pytest
from sqlalchemy import Engine, text

from assets.credit import CREDIT_ASSETS, credit_dividends
from assets.credit_checks import CREDIT_CHECKS
from assets.sources import SOURCES
from resources.database import Database
from sensors.gaps import DRIVER_TAG, gap_sensor
from squads_pipeline.drivers.audit_dividends import findings_between
from squads_pipeline.drivers.calibrate_policy import calibrate_policy
from squads_pipeline.drivers.pay_dividends import pay_dividends
from squads_pipeline.drivers.run import DriverRun
from squads_pipeline.store.credit_invariants import CREDIT_INVARIANTS
from tests.dagster.conftest import checks_of, failed_checks, metadata_of, tamper
from tests.dagster.test_gap_sensor import evaluated
from tests.drivers.credit_world import TOKEN, adopt, contribute, derive, happens, people, rows

PAST = "2026-02-03"
Make = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def make(database_url: str, instance: dg.DagsterInstance) -> Make:
    """Materialize an asset with its checks for a day."""

    def run(asset: str, day: date, *, dry_run: bool = False) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            [*SOURCES, *CREDIT_ASSETS, *CREDIT_CHECKS],
            selection=dg.AssetSelection.assets(asset),
            partition_key=day.isoformat(),
            resources={"database": Database(url=database_url)},
            run_config={"ops": {asset: {"config": {"dry_run": dry_run}}}},
            instance=instance,
            raise_on_error=False,
        )

    return run


def work(engine: Engine) -> None:
    """Ada through a squad at the hypothesis, bo at the analysis that was cited."""
    people(engine, "ada bo")
    contribute(engine, "ada", "hypothesis:h", 3, via_squad=3)
    contribute(engine, "bo", "analysis:a")
    derive(engine, "analysis:a > hypothesis:h")
    happens(engine, "analysis:a")


@pytest.fixture
def history(engine: Engine) -> Engine:
    """A dividend and a calibration of a past day, with a refutation."""
    adopt(engine, min_outcomes=1)
    work(engine)
    happens(engine, "analysis:a", "refuted")
    with engine.begin() as connection:
        for table, column in (
            ("agent_contributions", "created_at"),
            ("artifact_provenance", "recorded_at"),
            ("outcomes", "recorded_at"),
            ("outcomes_unsettled", "recorded_at"),
        ):
            tamper(connection, table, f"{column} = '2026-02-01 00:00+00'")
        connection.execute(text(f"SET LOCAL squads.clock = '{PAST} 10:00+00'"))
        pay_dividends(connection, DriverRun("past"))
        assert calibrate_policy(connection, DriverRun("past")).units == 1
    return engine


def test_today_dividends_are_paid_and_every_check_is_green(engine: Engine, make: Make, today: date) -> None:
    work(engine)
    result = make("credit_dividends", today)
    assert result.success
    assert checks_of(result) == dict.fromkeys(
        [
            "dividends_sum_to_their_amount",
            "dividends_agree_with_the_ledger",
            "multipliers_stay_in_bounds",
            "dividends_recompute_equal",
        ],
        True,
    )
    told = metadata_of(result, "credit_dividends")[today.isoformat()]
    assert (told["action"], told["outcomes settled"], told["dividends, tokens"]) == ("drove", 1, "50")
    assert (told["gap before, units"], told["gap after, units"]) == (1, 0)
    # 2.20 · ½ against 1.
    assert "| analysis:a cited | ada | 3 | 3 | 26.190476 |" in str(told["largest shares"])


def test_a_dry_run_pays_nobody(engine: Engine, make: Make, today: date) -> None:
    work(engine)
    result = make("credit_dividends", today, dry_run=True)
    assert result.success
    assert result.asset_materializations_for_node("credit_dividends") == []
    assert rows(engine, "SELECT count(*) FROM squads.dividends") == [(0,)]


@pytest.mark.parametrize(
    ("asset", "audited", "count"),
    [("credit_dividends", "audited outcomes", 2), ("policy_calibration", "audited calibrations", 1)],
)
def test_a_past_day_is_audited_and_nothing_is_written(
    history: Engine, make: Make, asset: str, audited: str, count: int
) -> None:
    before = rows(history, "SELECT count(*) FROM squads.transfers")
    result = make(asset, date.fromisoformat(PAST))
    assert result.success
    told = metadata_of(result, asset)[PAST]
    assert (told["action"], told[audited], told["differences"]) == ("audited", count, 0)
    assert rows(history, "SELECT count(*) FROM squads.transfers") == before
    assert set(checks_of(result).values()) == {True}


def test_a_calibration_is_made_today(engine: Engine, make: Make, today: date) -> None:
    adopt(engine, min_outcomes=1)
    work(engine)
    assert make("credit_dividends", today).success
    result = make("policy_calibration", today)
    assert (result.success, checks_of(result)) == (True, {"calibrations_recompute_equal": True})
    told = metadata_of(result, "policy_calibration")[today.isoformat()]
    assert (told["outcomes compared"], told["proposal"]) == (1, "none")
    assert "| 1 | 1 | undefined | none | payouts of 0 agents" in str(told["calibrations"])


SUM, LEDGER = "dividends_sum_to_their_amount", "dividends_agree_with_the_ledger"
BOUNDS, EQUAL = "multipliers_stay_in_bounds", "dividends_recompute_equal"
TAMPERED = [
    ("credit_dividends", "share_micro = 7 WHERE agent_id = 'bo'", SUM, "26190483 µT in shares"),
    ("credit_dividends", "share_micro = 7 WHERE agent_id = 'bo'", LEDGER, "23809524 µT from treasury"),
    ("credit_dividends", "share_micro = 7 WHERE agent_id = 'bo'", EQUAL, "share_micro"),
    ("credit_dividends", "weight = 7 WHERE agent_id = 'bo'", EQUAL, "weight"),
    ("credit_dividends", "agent_id = 'cy' WHERE agent_id = 'bo'", LEDGER, "0 µT from nobody"),
    ("dividends", "agents = 7 WHERE paid_micro > 0", SUM, "7 of them paid"),
    ("dividends", "paid_micro = 0", SUM, "0 µT in shares, 2"),
    (
        "dividends",
        "amount_micro = 9, paid_micro = 9 WHERE reason = 'refuted'",
        SUM,
        "a refutation pays nothing",
    ),
    ("dividends", "reason = 'whim' WHERE reason = 'paid'", EQUAL, "reason | paid | whim"),
    ("transfers", "kind = 'payout' WHERE idempotency_key = 'dividend:1:bo'", LEDGER, "0 µT from nobody"),
    ("transfers", "kind = 'dividend' WHERE kind = 'mint'", LEDGER, "a share of a dividend"),
    (
        "credit_dividends",
        "derivation = jsonb_set(derivation, '{0,multiplier}', '\"21/10\"') WHERE agent_id = 'ada'",
        BOUNDS,
        "from 1 to 2 | 21/10",
    ),
    (
        "credit_dividends",
        "derivation = jsonb_set(derivation, '{0,repeat_factor}', '\"19/20\"')",
        BOUNDS,
        "from 1 to 1.5 | 19/20",
    ),
    ("agent_contributions", "via_squad = NULL", EQUAL, "agent ada: via_squad | 0 | 3"),
    ("artifact_provenance", "source_id = 'other'", EQUAL, "agent ada: share_micro | none | 26190476"),
]
FINDERS = {one.name: one.find for one in CREDIT_INVARIANTS} | {EQUAL: findings_between}


@pytest.mark.parametrize(("table", "change", "check", "named"), TAMPERED)
def test_a_tampered_fact_is_named(history: Engine, table: str, change: str, check: str, named: str) -> None:
    with history.connect() as connection:
        connection.execute(text("INSERT INTO squads.agents (id, created_at) VALUES ('cy', now())"))
        tamper(connection, table, change)
        for since in (date.fromisoformat(PAST), None):
            found = FINDERS[check](connection, since)
            said = [f"| {one.subject} | {one.expected} | {one.found} |" for one in found.first]
            assert any(named in line for line in said), (since, said)


def test_an_outcome_that_neither_waits_nor_is_settled_is_named(history: Engine) -> None:
    happens(history, "analysis:b")
    with history.connect() as connection:
        connection.execute(text("DELETE FROM squads.outcomes_unsettled"))
        found = FINDERS[SUM](connection, None).first
        assert [(one.subject, one.found) for one in found] == [("outcome 3", "neither")]
        connection.execute(
            text(
                "INSERT INTO squads.outcomes_unsettled SELECT id, kind, recorded_at FROM squads.outcomes WHERE id = 1"
            )
        )
        assert "both" in [one.found for one in FINDERS[SUM](connection, date.fromisoformat(PAST)).first]


def test_a_failed_check_fails_the_run(history: Engine, make: Make) -> None:
    with history.begin() as connection:
        tamper(connection, "policy_calibration", "rank_correlation = 0.5")
    result = make("policy_calibration", date.fromisoformat(PAST))
    assert not result.success
    assert "rank_correlation | None | 0.500000" in failed_checks(result)["calibrations_recompute_equal"]


def test_the_sensor_asks_while_something_can_be_paid(
    engine: Engine, instance: dg.DagsterInstance, database: Database, today: date
) -> None:
    sensor = gap_sensor(credit_dividends, stay=timedelta(0))
    assert "gaps.credit_dividends is empty" in str(evaluated(sensor, instance, database).skip_message)
    adopt(engine, treasury_target_micro=60 * TOKEN)
    work(engine)
    happens(engine, "analysis:a")
    (request,) = evaluated(sensor, instance, database).run_requests or []
    assert (request.partition_key, request.run_key) == (today.isoformat(), None)
    assert request.tags[DRIVER_TAG] == "pay_dividends"
    with engine.begin() as connection:
        assert pay_dividends(connection, DriverRun("test")).units == 1
    # The second waits for the treasury: asking again and again would be of no use.
    assert rows(engine, "SELECT count(*), min(since) > now() FROM gaps.credit_dividends") == [(1, True)]
    assert not evaluated(sensor, instance, database).run_requests
