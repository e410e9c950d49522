"""Imports of contributions: what refuses a row, what refuses a file, and that nothing is ever half done."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import community, funding
from squads_pipeline.commands.import_contributions import ImportOptions, ImportRefusedError
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.rules.policy import Policy
from squads_pipeline.store import policies
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.store.invariants import INVARIANTS
from tests.commands.conftest import WHEN, Write, contents, rows_of, run

TOKEN = 1_000_000
REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "contributions_gr1_gr8.csv"


def founded(engine: Engine, wallets: Mapping[str, int], *squads: str) -> None:
    with engine.begin() as connection:
        for agent, tokens in wallets.items():
            community.add_agent(connection, agent, tokens_micro=tokens * TOKEN)
        for squad in squads:
            community.add_squad(connection, squad)


def balance(engine: Engine, name: str) -> int:
    with engine.connect() as connection:
        return int(
            connection.execute(
                text("SELECT balance_micro FROM squads.accounts WHERE name = :name"), {"name": name}
            ).scalar_one()
        )


def test_good_rows_become_contributions_at_the_times_of_the_file(engine: Engine, write: Write) -> None:
    report = run(
        engine, write(("R1", "p", "c", "12.5", "2026-01-01T02:00:00+02:00"), ("", "p", "d", "1", WHEN))
    )
    assert (report.rows, report.imported, report.imported_micro) == (2, 2, 13_500_000)
    assert (report.agents_added, report.squads_added, report.minted_micro) == (2, 1, 13_500_000)
    assert balance(engine, "squad:p") == 13_500_000
    assert balance(engine, "wallet:c") == 0
    with engine.connect() as connection:
        edges = connection.execute(
            text("SELECT event_no, to_status, actor, run_id FROM squads.squad_events ORDER BY event_no")
        ).all()
    assert [tuple(one) for one in edges] == [
        (number, status, "import", report.run_id)
        for number, status in enumerate(("forming", "recruiting", "active"), 1)
    ]
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT kind, amount_micro, reason, occurred_at, driver, run_id FROM squads.transfers "
                "WHERE kind = 'contribution' ORDER BY id"
            )
        ).all()
    assert [(row.amount_micro, row.reason, row.occurred_at) for row in rows] == [
        (12_500_000, "round R1", datetime(2026, 1, 1, tzinfo=UTC)),
        (1_000_000, None, datetime(2026, 1, 1, tzinfo=UTC)),
    ]
    assert {(row.driver, row.run_id) for row in rows} == {("import_contributions", report.run_id)}
    assert report.run_id.startswith("import:")


def test_a_second_import_adds_nothing(engine: Engine, write: Write) -> None:
    path = write(("R1", "p", "c", "1", WHEN), ("R1", "p", "d", "2", WHEN))
    run(engine, path)
    before = contents(engine)
    again = run(engine, path)
    assert (again.imported, again.already_imported, again.minted_micro, again.refused) == (0, 2, 0, {})
    assert contents(engine) == before


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        (("R1", "", "c", "1", WHEN), "project_id", "is missing"),
        (("R1", "p q", "c", "1", WHEN), "project_id", "is not an id"),
        (("R1", "p", "", "1", WHEN), "contributor_id", "is missing"),
        (("R1", "p", "\0", "1", WHEN), "contributor_id", "is not an id"),
        (("R1", "p", "c", "ten", WHEN), "amount", "is not a number"),
        (("R1", "p", "c", "0", WHEN), "amount", "zero moves nothing"),
        (("R1", "p", "c", "-1", WHEN), "amount", "is negative"),
        (("R1", "p", "c", "0.1234567", WHEN), "amount", "has more than six decimals"),
        (("R1", "p", "c", "1e999999999", WHEN), "amount", "is too large"),
        (("R1", "p", "c", "9" * 5_000, WHEN), "amount", "is too large"),
        (("R1", "p", "c", "1", ""), "ts", "is missing"),
        (("R1", "p", "c", "1", "2026-01-01"), "ts", "has no offset from UTC"),
        (("R1", "p", "c", "1", "2999-01-01T00:00:00Z"), "ts", "lies in the future"),
        (("R1\n2", "p", "c", "1", WHEN), "round", "is not a label"),
        (("R1", "p", "c", "1"), "row", "has fewer fields than the header"),
        (("R1", "p", "c", "1", WHEN, "more"), "row", "has more fields than the header"),
    ],
)
def test_one_bad_row_refuses_the_file(
    engine: Engine, write: Write, row: tuple[str, ...], field: str, reason: str
) -> None:
    before = contents(engine)
    with pytest.raises(ImportRefusedError) as caught:
        run(engine, write(("R1", "p", "good", "1", WHEN), row))
    assert caught.value.refused == {f"{field} {reason}": 1}
    [refusal] = caught.value.first
    assert (refusal.row, refusal.field, refusal.reason) == (3, field, reason)
    assert refusal.remedy
    assert contents(engine) == before


@pytest.mark.parametrize(
    ("row", "category", "remedy"),
    [
        (("R1", "nowhere", "ada", "1", WHEN), "project_id is no squad", "--create-missing"),
        (("R1", "p", "nobody", "1", WHEN), "contributor_id is no agent", "squads agents add"),
        (
            ("R1", "closed", "ada", "1", WHEN),
            "project_id is a squad that takes no contributions now",
            "leave the row out",
        ),
        (("R1", "p", "ada", "11", WHEN), "contributor_id has too little in the wallet", "squads ledger mint"),
        (("R1", "p", "ada", "1", WHEN), "row repeats an earlier one", "leave it out"),
    ],
)
def test_what_the_database_knows_refuses_a_row(
    engine: Engine, write: Write, row: tuple[str, ...], category: str, remedy: str
) -> None:
    founded(engine, {"ada": 10}, "p", "closed")
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE squads.research_squads SET status = 'harvesting' WHERE id = 'closed'")
        )
    before = contents(engine)
    with pytest.raises(ImportRefusedError) as caught:
        run(engine, write(("R1", "p", "ada", "1", WHEN), row), ImportOptions())
    assert caught.value.refused == {category: 1}
    assert caught.value.first[0].row == 3
    assert remedy in caught.value.first[0].remedy
    assert contents(engine) == before


def test_a_repeated_row_names_the_first(engine: Engine, write: Write) -> None:
    same = ("R1", "p", "c", "1.0", WHEN)
    spelt_otherwise = ("R1", " p", "c", "1", "2026-01-01T01:00:00+01:00")
    with pytest.raises(ImportRefusedError) as caught:
        run(engine, write(("R1", "p", "c", "2", WHEN), same, spelt_otherwise))
    [refusal] = caught.value.first
    assert (refusal.row, refusal.field, refusal.reason) == (4, "row", "says the same as row 3")


def test_a_wallet_pays_what_it_can_in_the_order_of_rows(engine: Engine, write: Write, tmp_path: Path) -> None:
    founded(engine, {"ada": 10}, "p")
    rejects = tmp_path / "rejects.csv"
    amounts = ("6", "5", "4", "0.5")
    path = write(*((f"R{number}", "p", "ada", amount, WHEN) for number, amount in enumerate(amounts)))
    report = run(engine, path, ImportOptions(rejects=rejects))
    assert (report.imported, report.imported_micro) == (2, 10 * TOKEN)
    refused = rows_of(rejects)
    assert [(one["row"], one["value"], one["reason"]) for one in refused] == [
        ("3", "5", "is more than the 4 tokens that wallet:ada has left"),
        ("5", "0.5", "is more than the 0 tokens that wallet:ada has left"),
    ]


def test_exactly_what_is_short_is_minted(engine: Engine, write: Write) -> None:
    founded(engine, {"ada": 10}, "p")
    report = run(engine, write(("R1", "p", "ada", "4", WHEN), ("R2", "p", "ada", "9", WHEN)))
    assert (report.minted_micro, balance(engine, "wallet:ada")) == (3 * TOKEN, 0)


def test_a_second_attempt_mints_for_the_rest(engine: Engine, write: Write, tmp_path: Path) -> None:
    founded(engine, {}, "closed")
    path = write(("R1", "p", "ada", "4", WHEN), ("R1", "closed", "ada", "9", WHEN))
    options = ImportOptions(create_missing=True, rejects=tmp_path / "rejects.csv")
    _set_status(engine, "closed", "harvesting")
    assert run(engine, path, options).minted_micro == 4 * TOKEN
    _set_status(engine, "closed", "active")
    again = run(engine, path, options)
    assert (again.imported, again.already_imported, again.minted_micro) == (1, 1, 9 * TOKEN)
    # Another time for the same rows makes them other contributions, though the file is the same.
    assert run(engine, path, options).imported == 0


def test_the_same_file_at_another_time_is_another_contribution(engine: Engine, write: Write) -> None:
    path = write(("p", "c", "5"), header=("project_id", "contributor_id", "amount"))
    for day in (1, 2):
        at = datetime(2026, 1, day, tzinfo=UTC)
        report = run(engine, path, ImportOptions(create_missing=True, at=at))
        assert (report.imported, report.minted_micro) == (1, 5 * TOKEN)
    assert balance(engine, "squad:p") == 10 * TOKEN


def test_a_missing_squad_whose_target_is_taken_stays_missing(engine: Engine, write: Write) -> None:
    with engine.begin() as connection:
        community.add_squad(connection, "other", target_type="analysis", target_id="p")
    with pytest.raises(ImportRefusedError, match="1 row") as caught:
        run(engine, write(("R1", "p", "c", "1", WHEN)))
    assert "another live squad" in caught.value.first[0].reason


def test_rounding_is_to_even_when_asked_for(engine: Engine, write: Write) -> None:
    path = write(("R1", "p", "c", "0.0000025", WHEN), ("R1", "p", "d", "0.0000035", WHEN))
    report = run(engine, path, ImportOptions(create_missing=True, rounding="half-even"))
    assert report.imported_micro == 2 + 4


def test_amounts_that_overflow_the_ledger_are_refused_in_words(engine: Engine, write: Write) -> None:
    path = write(("R1", "p", "c", "9e12", WHEN), ("R1", "p", "d", "8e12", WHEN))
    with pytest.raises(RefusedError, match="more than the ledger can hold") as caught:
        run(engine, path)
    assert "row 2" in caught.value.remedy


def test_what_was_given_by_hand_is_no_duplicate(engine: Engine, write: Write) -> None:
    founded(engine, {"ada": 10}, "p")
    with engine.begin() as connection:
        funding.contribute(connection, "ada", "p", 1 * TOKEN, key="by hand")
    assert run(engine, write(("R1", "p", "ada", "1", WHEN)), ImportOptions()).imported == 1


def test_the_real_record_is_imported_matched_and_sound(engine: Engine, tmp_path: Path) -> None:
    if not REAL.exists():
        pytest.skip(f"the public record is not here: {REAL}")
    options = ImportOptions(rounding="half-even", create_missing=True, rejects=tmp_path / "rejects.csv")
    report = run(engine, REAL, options)
    assert (report.rows, report.imported, report.already_imported) == (71_701, 69_583, 0)
    assert report.refused == {
        "amount zero moves nothing": 2_115,
        "amount rounds to zero, which moves nothing": 3,
    }
    with engine.begin() as connection:
        policies.adopt(connection, Policy(settle_count=1), adopted_by="test", reason="at once")
    outcome = run_driver(engine, match_round, DriverRun("test"))
    assert outcome.facts["contributions_claimed"] == 69_583
    with engine.connect() as connection:
        assert [one.find(connection, None).total for one in INVARIANTS.values()] == [0] * len(INVARIANTS)
    assert run(engine, REAL, options).already_imported == 69_583


def _set_status(engine: Engine, squad: str, status: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE squads.research_squads SET status = :status WHERE id = :squad"),
            {"status": status, "squad": squad},
        )
