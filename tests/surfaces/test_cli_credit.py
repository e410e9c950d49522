"""`squads outcome`, `credit`, `provenance add`, `policy proposals` and `adopt`: what they answer and how they fail."""

from pathlib import Path

from tests.surfaces.conftest import Squads


def test_a_contribution_becomes_a_dividend(community: Squads) -> None:
    said = community(
        "credit", "ada", "hypothesis:h", "--type", "data", "--reference", "set 1", "--as", "bob"
    ).out
    assert said == "ada is credited for hypothesis:h: data set 1\n"
    derived = community("provenance", "add", "analysis:a", "hypothesis:h", "--as", "bob", "--json").document
    assert derived == {
        "artifact": "analysis:a",
        "source": "hypothesis:h",
        "relation": "derived_from",
        "repeated": False,
    }
    recorded = community("outcome", "analysis:a", "cited", "--evidence", "doi:1", "--as", "bob")
    assert recorded.out == "outcome 1: analysis:a was cited\n"
    again = community(
        "outcome", "analysis:a", "cited", "--evidence", "doi:1", "--as", "bob", "--json"
    ).document
    assert again == {"outcome": 1, "artifact": "analysis:a", "kind": "cited", "repeated": True}
    ran = community("reconcile", "--json")
    assert (ran.code, ran.document["ok"], ran.document["still_open"]) == (0, True, {})
    [share] = community("table", "credit_dividends", "--json").document
    assert (share["agent_id"], share["share"]) == ("ada", "50")
    assert community("ledger", "verify").code == 0


def test_what_is_wrong_is_said(community: Squads) -> None:
    community("credit", "ada", "analysis:a", "--type", "data", "--reference", "1", "--as", "bob")
    own = community("outcome", "analysis:a", "cited", "--evidence", "doi:1", "--as", "ada")
    assert own.code == 1
    assert "ada contributed to analysis:a and would be paid" in own.err
    assert "--as operator" in own.err
    assert community("outcome", "analysis:a", "cited", "--evidence", "doi:1", "--as", "operator").code == 0
    assert community("outcome", "a", "cited", "--evidence", "doi:1", "--as", "bob").code == 1
    assert community("outcome", "gap:a", "loved", "--evidence", "doi:1", "--as", "bob").code == 2
    assert community("provenance", "add", "gap:a", "gap:a", "--as", "bob").code == 1


def test_proposals_are_listed_and_policies_adopted(community: Squads) -> None:
    assert (
        community("policy", "proposals").out == "no calibration yet; the first one follows enough outcomes\n"
    )
    assert community("policy", "proposals", "--json").document == {"proposals": []}
    first = community("policy", "show", "--json").document["policy_id"]
    already = community("policy", "adopt", first, "--reason", "as it was").out
    assert already == f"policy {first} is in force already; nothing changes\n"
    missing = community("policy", "adopt", "7", "--reason", "why not")
    assert (missing.code, "There is no calibration 7" in missing.err) == (1, True)


def test_a_calibration_is_shown_with_its_status(community: Squads, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    toml = community("policy", "show", "--toml").out.replace("min_outcomes = 20", "min_outcomes = 1")
    file.write_text(toml, encoding="utf-8")
    assert community("policy", "apply", str(file), "--reason", "soon").code == 0
    community("outcome", "analysis:a", "refuted", "--evidence", "doi:1", "--as", "bob")
    assert community("reconcile").code == 0
    [one] = community("policy", "proposals", "--json").document["proposals"]
    assert (one["calibration"], one["outcomes"], one["rank_correlation"]) == (1, 1, None)
    assert (one["proposal"], one["status"]) == (None, "none")
    assert "payouts of 0 agents are too few" in community("policy", "proposals").out
    refused = community("policy", "adopt", "1", "--reason", "why not")
    assert (refused.code, "proposes nothing" in refused.err) == (1, True)
