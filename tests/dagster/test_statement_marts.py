"""Agents' statements and the supply of tokens as assets: they are the ledger's, and what is not is named."""

from datetime import date

import pytest

from squads_pipeline.store import statement_checks, statements
from squads_pipeline.store.statement_checks import Mismatch
from tests.dagster.conftest import TOKEN, Community, Materialize, checks_of, failed_checks, metadata_of

FIRST, SECOND, THIRD = (date(2026, 2, day) for day in (3, 4, 5))

CLOSING = "closing_equals_ledger"
OPENING = "opening_equals_previous_closing"

AGENTS = (
    "SELECT agent_id, opening_micro, minted_micro, contributions_micro, closing_micro"
    " FROM marts.agent_statements WHERE effective_on = '{}' ORDER BY 1"
)
SUPPLY = (
    "SELECT account_kind, opening_micro, minted_micro, received_micro, paid_micro, closing_micro"
    " FROM marts.token_supply WHERE effective_on = '{}' ORDER BY 1"
)


@pytest.fixture
def history(empty: Community) -> Community:
    """A round on the first day, gifts on the second, of which c gives all that it has; the third is quiet."""
    empty.found(f"{FIRST} 08:00+00")
    empty.give(("a", "x", 10), ("b", "x", 10), moment=f"{FIRST} 09:00+00")
    empty.round(f"{FIRST} 10:00+00")
    empty.give(("c", "y", 1_000), moment=f"{SECOND} 23:50+00")
    return empty


def test_agents_statements_are_the_ledgers_to_the_micro_token(
    history: Community, materialize: Materialize
) -> None:
    result = materialize("agent_statements", first=FIRST, last=THIRD)
    assert checks_of(result) == {CLOSING: True, OPENING: True}
    assert history.rows(AGENTS.format(FIRST)) == [
        ("a", 0, 1_000 * TOKEN, 10 * TOKEN, 990 * TOKEN),
        ("b", 0, 1_000 * TOKEN, 10 * TOKEN, 990 * TOKEN),
        ("c", 0, 1_000 * TOKEN, 0, 1_000 * TOKEN),
    ]
    assert history.rows(AGENTS.format(SECOND)) == [
        ("a", 990 * TOKEN, 0, 0, 990 * TOKEN),
        ("b", 990 * TOKEN, 0, 0, 990 * TOKEN),
        ("c", 1_000 * TOKEN, 0, 1_000 * TOKEN, 0),
    ]
    assert [row[0] for row in history.rows(AGENTS.format(THIRD))] == ["a", "b"]
    told = metadata_of(result, "agent_statements")
    assert told[str(FIRST)]["minted, tokens"] == "3,000"
    assert told[str(THIRD)]["dagster/partition_row_count"] == 2


def test_supply_is_the_ledgers_to_the_micro_token(history: Community, materialize: Materialize) -> None:
    result = materialize("token_supply", first=FIRST, last=SECOND)
    assert checks_of(result) == {"supply_sums_to_zero": True, "supply_equals_ledger": True}
    [pool] = history.rows("SELECT balance_micro FROM squads.accounts WHERE kind = 'matching_pool'")
    left = int(str(pool[0]))
    minted = left + 40 * TOKEN
    issued = -minted - 3_000 * TOKEN
    assert history.rows(SUPPLY.format(FIRST)) == [
        ("issuance", 0, issued, 0, 0, issued),
        ("matching_pool", 0, minted, 0, 40 * TOKEN, left),
        ("squad", 0, 0, 60 * TOKEN, 0, 60 * TOKEN),
        ("treasury", 0, 0, 0, 0, 0),
        ("wallet", 0, 3_000 * TOKEN, 0, 20 * TOKEN, 2_980 * TOKEN),
    ]
    assert history.rows(SUPPLY.format(SECOND)) == [
        ("issuance", issued, 0, 0, 0, issued),
        ("matching_pool", left, 0, 0, 0, left),
        ("squad", 60 * TOKEN, 0, 1_000 * TOKEN, 0, 1_060 * TOKEN),
        ("treasury", 0, 0, 0, 0, 0),
        ("wallet", 2_980 * TOKEN, 0, 0, 1_000 * TOKEN, 1_980 * TOKEN),
    ]


def test_wallets_stated_together_are_what_the_supply_says(
    history: Community, materialize: Materialize
) -> None:
    materialize("agent_statements", "token_supply", first=FIRST, last=THIRD)
    together = history.rows(
        "SELECT effective_on, sum(closing_micro)::bigint FROM marts.agent_statements GROUP BY 1 ORDER BY 1"
    )
    assert together == history.rows(
        "SELECT effective_on, closing_micro FROM marts.token_supply WHERE account_kind = 'wallet' ORDER BY 1"
    )


@pytest.mark.parametrize(
    ("mart", "query"), [("agent_statements", AGENTS), ("token_supply", SUPPLY)], ids=("agents", "supply")
)
def test_a_day_by_itself_says_what_the_range_says_and_replaces_it(
    history: Community, materialize: Materialize, mart: str, query: str
) -> None:
    days = (FIRST, SECOND, THIRD)
    materialize(mart, first=FIRST, last=THIRD)
    together = [history.rows(query.format(day)) for day in days]
    for day in (THIRD, FIRST, SECOND):
        assert materialize(mart, first=day).success
    assert [history.rows(query.format(day)) for day in days] == together


def test_a_statement_made_too_early_warns_until_it_is_made_again(
    history: Community, materialize: Materialize
) -> None:
    materialize("agent_statements", first=FIRST)
    history.give(("a", "x", 1), moment=f"{FIRST} 23:50+00")
    early = materialize("agent_statements", first=SECOND)
    assert early.success
    assert "| agent a, 2026-02-03 | 989 | 990 |" in failed_checks(early)[OPENING]
    materialize("agent_statements", first=FIRST)
    assert set(checks_of(materialize("agent_statements", first=SECOND)).values()) == {True}


# What is done to agent a's statement of the first day, and what is then named.
TAMPERED = [
    ("UPDATE marts.agent_statements SET closing_micro = 12345", "| agent a, 2026-02-03 | 990 | 0.012345 |"),
    ("DELETE FROM marts.agent_statements", "| agent a, 2026-02-03 | 990 | 0 |"),
]


@pytest.mark.parametrize(("change", "named"), TAMPERED, ids=("another closing", "no row"))
def test_a_tampered_statement_is_named_by_the_next_day(
    history: Community, materialize: Materialize, change: str, named: str
) -> None:
    materialize("agent_statements", first=FIRST)
    history.write(f"{change} WHERE agent_id = 'a' AND effective_on = '{FIRST}'")
    assert named in failed_checks(materialize("agent_statements", first=SECOND))[OPENING]


def test_a_missing_statement_is_named_by_its_own_day(history: Community, materialize: Materialize) -> None:
    materialize("agent_statements", first=FIRST, last=THIRD)
    history.write(f"DELETE FROM marts.agent_statements WHERE agent_id = 'a' AND effective_on = '{THIRD}'")
    with history.engine.connect() as connection:
        found = statement_checks.closing_mismatches(connection, statements.AGENTS, THIRD, THIRD)
    assert found == [Mismatch(THIRD, "a", stated_micro=0, ledger_micro=990 * TOKEN, behind=False)]


def test_entries_that_are_not_the_transfers_fail_the_closing(
    history: Community, materialize: Materialize
) -> None:
    history.tamper("entries", "amount_micro = amount_micro - 1 WHERE transfer_id = 8 AND entry_no = 1")
    result = materialize("agent_statements", first=FIRST)
    assert not result.success
    assert "agent c, 2026-02-03 | 1,000.000001 | 1,000" in failed_checks(result)[CLOSING]


def test_supply_that_does_not_sum_to_zero_fails_the_run(history: Community, materialize: Materialize) -> None:
    history.tamper("accounts", "balance_micro = balance_micro + 1 WHERE name = 'treasury'")
    result = materialize("token_supply", first=SECOND)
    assert not result.success
    assert failed_checks(result) == {
        "supply_sums_to_zero": (
            "| what | expected | found |\n| --- | --- | --- |\n"
            "| openings, 2026-02-04 | 0 | 0.000001 |\n| closings, 2026-02-04 | 0 | 0.000001 |"
        )
    }


def test_supply_that_is_not_the_ledgers_fails_the_run(history: Community, materialize: Materialize) -> None:
    materialize("token_supply", first=FIRST, last=SECOND)
    history.write(
        f"UPDATE marts.token_supply SET closing_micro = 7 WHERE account_kind = 'squad' AND effective_on = '{SECOND}'"
    )
    with history.engine.connect() as connection:
        found = statement_checks.supply_mismatches(connection, FIRST, SECOND)
    assert found == [Mismatch(SECOND, "squad", stated_micro=7, ledger_micro=1_060 * TOKEN, behind=False)]


def test_supply_that_was_stated_too_early_is_behind(history: Community, materialize: Materialize) -> None:
    materialize("token_supply", first=SECOND)
    history.give(("a", "x", 1), moment=f"{SECOND} 23:55+00")
    with history.engine.connect() as connection:
        found = statement_checks.supply_mismatches(connection, SECOND, SECOND)
    assert [(one.holder, one.behind) for one in found] == [("squad", True), ("wallet", True)]
