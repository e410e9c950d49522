"""`squads pause`, `resume`, `alerts`, `ledger correct`, and `status` as the answer to whether all is well."""

import io

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.store import alerts
from squads_pipeline.store.alerts import NewAlert
from tests.surfaces.conftest import Squads


def test_what_is_paused_is_left_open_and_says_so(community: Squads) -> None:
    community("targets", "add", "gap", "t", "--title", "T", "--importance", "0.9")
    assert community("pause", "squads_formed", "--reason", "a look at seeds").out == "paused squads_formed\n"
    gaps = community("gaps")
    assert "squads_formed is left open: paused by" in gaps.out
    assert "a look at seeds" in gaps.out
    document = community("reconcile", "--json").document
    assert document["paused"] == ["squads_formed"]
    assert document["still_open"]["squads_formed"]["units"] == 1
    assert community("resume").out == "resumed squads_formed\n"
    assert community("resume").out == "nothing was paused\n"
    assert community("reconcile", "--only", "squads_formed", "--json").document["still_open"] == {}


def test_pausing_wants_a_known_gap_and_a_reason(community: Squads) -> None:
    assert "Choose one of squads_formed" in community("pause", "nothing", "--reason", "r").err
    assert "Say why" in community("pause", "qf_matches", "--reason", " ").err
    assert community("pause", "qf_matches").code == 2


def test_all_is_well_until_it_is_not(community: Squads, engine: Engine) -> None:
    ran = community("status")
    assert ran.code == 0
    assert "all is well" in ran.out
    with engine.begin() as connection:
        raised = [NewAlert("check:r:a.c", "check_failed", "a.c", "two differ", "run-1")]
        alerts.raise_all(connection, raised)
        alerts.raise_all(connection, raised)
    ran = community("status", "--json")
    assert ran.code == 1
    assert ran.document["problems"] == ["1 alert nobody has taken note of: see `squads alerts`"]
    (alert,) = community("alerts", "--json").document["alerts"]
    assert (alert["subject"], alert["message"]) == ("a.c", "two differ")
    assert community("alerts", "--ack", str(alert["id"])).out == "took note of 1 alert\nno alert is open\n"
    assert community("alerts", "--all", "--json").document["alerts"][0]["acknowledged_by"]
    assert community("status").code == 0


def test_work_that_waits_for_too_long_is_late(community: Squads, engine: Engine) -> None:
    community("contribute", "heat", "5", "--as", "ada")
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE squads.qf_unclaimed SET granted_at = granted_at - interval '8 hours'")
        )
    ran = community("status", "--json")
    assert ran.code == 1
    assert [problem.split(" for ")[0] for problem in ran.document["problems"]] == ["qf_matches has waited"]


def test_a_unit_that_fails_is_not_well(community: Squads, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.gap_failures
                    VALUES ('qf_matches', 'squad:heat', 'e', 1, now(), now(), now(), 'r')""")
        )
    ran = community("status", "--json")
    assert ran.document["failing_units"] == {"qf_matches": 1}
    assert ran.code == 1


def test_a_verification_is_remembered(community: Squads, engine: Engine) -> None:
    assert "never; run `squads ledger verify`" in community("status").out
    assert community("ledger", "verify").code == 0
    verified = community("status", "--json").document["ledger_verified"]
    assert verified["findings"] == 0
    assert verified["through_transfer"] is not None
    with engine.begin() as connection:
        connection.execute(text("UPDATE squads.accounts SET balance_micro = 1 WHERE name = 'treasury'"))
    assert community("ledger", "verify").code == 1
    ran = community("status", "--json")
    assert ran.code == 1
    assert "the ledger did not verify" in ran.document["problems"][0]
    assert "I1" in ran.document["ledger_verified"]["broken"]


def test_a_correction_asks_first(community: Squads, monkeypatch: pytest.MonkeyPatch) -> None:
    community("contribute", "heat", "30", "--as", "ada", "--key", "gift")
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody answers
    assert community("ledger", "correct", "gift", "--reason", "wrong").code != 0
    done = community("ledger", "correct", "gift", "--reason", "wrong", "--amount", "10", "--yes", "--json")
    assert done.document["amount"] == "10"
    assert (done.document["from_account"], done.document["to_account"]) == ("squad:heat", "wallet:ada")
    ran = community("ledger", "correct", "gift", "--reason", "wrong", "--amount", "21", "--yes")
    assert "20 tokens are left to correct" in ran.err
    assert community("ledger", "verify").code == 0
