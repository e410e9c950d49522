"""`squads contribute`, `ledger`, `agents` and `squads`: what they answer and how they fail."""

from sqlalchemy import Engine, text

from tests.surfaces.conftest import Squads


def test_a_contribution_is_answered_in_words_and_as_json(community: Squads) -> None:
    assert community("contribute", "heat", "12.5", "--as", "ada").out == "ada gave 12.5 tokens to heat\n"
    document = community("contribute", "heat", "0.000001", "--as", "bob", "--key", "k", "--json").document
    assert document == {
        "agent": "bob",
        "squad": "heat",
        "amount": "0.000001",
        "amount_micro": 1,
        "key": "k",
        "repeated": False,
    }


def test_the_same_key_moves_nothing_twice(community: Squads) -> None:
    community("contribute", "heat", "1", "--as", "ada", "--key", "k")
    again = community("contribute", "heat", "1", "--as", "ada", "--key", "k", "--json")
    assert (again.code, again.document["repeated"]) == (0, True)
    other = community("contribute", "heat", "2", "--as", "ada", "--key", "k", "--json")
    assert (other.code, other.document["error"]["kind"]) == (1, "idempotency_conflict")


def test_a_short_wallet_is_told_what_to_do(community: Squads) -> None:
    ran = community("contribute", "heat", "100.5", "--as", "ada")
    assert ran.code == 1
    assert ran.err == (
        "error: wallet:ada holds 100 tokens, less than 100.5\n"
        "remedy: Pay less, or bring tokens into the wallet first.\n"
    )


def test_unknown_names_are_told_what_to_do(community: Squads) -> None:
    assert "squads squads add" in community("contribute", "nowhere", "1", "--as", "ada").err
    assert community("contribute", "heat", "1", "--as", "nobody").code == 1
    assert community("ledger", "mint", "wallet:nobody", "1", "--reason", "r").code == 1


def test_wrong_arguments_are_a_usage_error(community: Squads) -> None:
    ran = community("contribute", "heat", "ten", "--as", "ada")
    assert (ran.code, "is not a number" in ran.err, ran.out) == (2, True, "")
    ran = community("contribute", "heat", "ten", "--as", "ada", "--json")
    assert (ran.code, ran.document["error"]["kind"]) == (2, "usage")
    assert community("contribute", "--as", "ada").code == 2
    assert community("nonsense").code == 2
    assert community("agents", "add", "x", "--kind", "ghost").code == 2


def test_names_that_are_taken_or_not_allowed(community: Squads) -> None:
    assert community("agents", "add", "ada").code == 1
    assert "Choose another id" in community("squads", "add", "heat").err
    assert "letters, digits" in community("agents", "add", "a b").err
    taken = community("squads", "add", "second", "--target-id", "heat")
    assert (taken.code, "Another live squad" in taken.err) == (1, True)


def test_a_mint_needs_a_reason_and_repeats_by_its_key(community: Squads) -> None:
    assert community("ledger", "mint", "treasury", "5").code == 2
    given = ("ledger", "mint", "treasury", "5", "--reason", "start", "--key", "m", "--json")
    assert community(*given).document["repeated"] is False
    assert community(*given).document["repeated"] is True
    assert "cannot be minted" in community("ledger", "mint", "squad:heat", "5", "--reason", "r").err


def test_more_than_the_ledger_holds_is_no_traceback(community: Squads) -> None:
    most = "9000000000000"
    assert community("ledger", "mint", "treasury", most, "--reason", "r").code == 0
    ran = community("ledger", "mint", "treasury", most, "--reason", "r", "--json")
    assert (ran.code, ran.document["error"]["kind"]) == (1, "database")


def test_verify_says_what_holds(community: Squads) -> None:
    community("contribute", "heat", "1", "--as", "ada")
    ran = community("ledger", "verify")
    assert ran.code == 0
    assert {line.split()[0] for line in ran.out.splitlines()} == {"OK"}
    assert community("ledger", "verify", "--json").document["ok"] is True


def test_verify_fails_on_a_difference(community: Squads, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE squads.accounts SET balance_micro = balance_micro + 1 WHERE name = 'wallet:ada'")
        )
    ran = community("ledger", "verify")
    assert ran.code == 1
    assert "FAIL I1" in ran.out
    assert "wallet:ada" in ran.out
    document = community("ledger", "verify", "--json").document
    assert document["ok"] is False
    assert "I2" in {one["invariant"] for one in document["invariants"] if not one["ok"]}
