"""Sponsorships, which no round matches, and bonuses for criteria that are met."""

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import funding
from squads_pipeline.store.errors import (
    IdempotencyConflictError,
    InsufficientFundsError,
    NotFoundError,
    RefusedError,
)
from tests.drivers.harvest_world import TOKEN, balance, harvest, match, people, rows, squad, units


@pytest.fixture(autouse=True)
def heat(engine: Engine) -> None:
    people(engine, "ada")
    squad(engine, "heat")
    with engine.begin() as connection:
        connection.execute(
            text("""UPDATE squads.research_squads SET success_criteria =
                        '[{"measure": "findings_bubbled", "at_least": 1}, {"measure": "fame", "at_least": 1}]'""")
        )
        funding.mint(connection, "treasury", 100 * TOKEN, key="treasury", reason="test")


def sponsor(engine: Engine, tokens: int, key: str = "k") -> bool:
    with engine.begin() as connection:
        return funding.sponsor(connection, "ada", "heat", tokens * TOKEN, key=key).repeated


def bonus(engine: Engine, criterion: str, tokens: int = 10, *, confirmed: bool = False) -> bool:
    with engine.begin() as connection:
        done = funding.bonus(connection, "heat", criterion, tokens * TOKEN, confirmed=confirmed)
        return done.repeated


def test_a_sponsorship_is_a_grant_that_no_round_matches(engine: Engine) -> None:
    assert [sponsor(engine, 5), sponsor(engine, 5)] == [False, True]
    assert (balance(engine, "squad:heat"), units(engine, "qf_matches")) == (5 * TOKEN, [])
    grants = "SELECT purpose, from_account, agent_id, amount_micro FROM squads.squad_grants"
    assert rows(engine, grants) == [("sponsorship", "wallet:ada", "ada", 5 * TOKEN)]
    assert match(engine).units == 0
    with pytest.raises(IdempotencyConflictError):
        sponsor(engine, 6)
    with pytest.raises(InsufficientFundsError):
        sponsor(engine, 5_000, key="too much")


@pytest.mark.parametrize(
    "prefix",
    [
        "match:", "pledge:", "mint:", "seed:", "payout:", "refund:", "fork:", "merge:", "bonus:", "dividend:",
    ],
)  # fmt: skip
def test_keys_of_drivers_are_refused(engine: Engine, prefix: str) -> None:
    with engine.connect() as connection, pytest.raises(RefusedError, match="belong to a driver"):
        funding.sponsor(connection, "ada", "heat", TOKEN, key=f"{prefix}heat")
    if prefix != "mint:":
        with engine.connect() as connection, pytest.raises(RefusedError, match="belong to a driver"):
            funding.mint(connection, "treasury", TOKEN, key=f"{prefix}heat", reason="test")


def test_a_bonus_is_paid_once_a_criterion_is_met(engine: Engine) -> None:
    with pytest.raises(RefusedError, match="findings_bubbled of squad heat is not met: 0 of 1"):
        bonus(engine, "findings_bubbled")
    with engine.begin() as connection:
        connection.execute(text("UPDATE squads.research_squads SET findings_bubbled = 1"))
    assert [bonus(engine, "findings_bubbled"), bonus(engine, "findings_bubbled")] == [False, True]
    assert (balance(engine, "squad:heat"), balance(engine, "treasury")) == (10 * TOKEN, 90 * TOKEN)
    paid = "SELECT kind, idempotency_key FROM squads.transfers WHERE kind = 'milestone_bonus'"
    assert rows(engine, paid) == [("milestone_bonus", "bonus:heat:findings_bubbled")]
    with pytest.raises(IdempotencyConflictError):
        bonus(engine, "findings_bubbled", 11)


def test_what_cannot_be_measured_needs_the_operators_word(engine: Engine) -> None:
    with pytest.raises(RefusedError, match="it cannot be measured"):
        bonus(engine, "fame")
    assert not bonus(engine, "fame", confirmed=True)
    with pytest.raises(NotFoundError, match="'luck' is no success criterion") as said:
        bonus(engine, "luck", confirmed=True)
    assert said.value.remedy == "Its criteria: findings_bubbled, fame."


def test_a_short_treasury_and_a_squad_at_its_end_pay_no_bonus(engine: Engine) -> None:
    with pytest.raises(InsufficientFundsError, match="treasury holds 100 tokens"):
        bonus(engine, "fame", 101, confirmed=True)
    harvest(engine, "heat")
    with pytest.raises(RefusedError, match="harvesting and takes no"):
        bonus(engine, "fame", confirmed=True)
    with pytest.raises(RefusedError, match="harvesting and takes no"):
        sponsor(engine, 1)
