"""`squads targets`, and a target's way to a squad by `squads reconcile`."""

from tests.surfaces.conftest import Squads


def test_targets_are_added_listed_and_closed(squads: Squads) -> None:
    assert squads("targets", "list").out == "no targets yet; add one with `squads targets add`\n"
    added = squads("targets", "add", "gap", "g-1", "--title", "Why [so]?", "--importance", "0.95", "--json")
    assert (added.document["importance"], added.document["importance_ppm"]) == ("0.95", 950_000)
    said = squads("targets", "add", "challenge", "c-1", "--title", "Do it", "--importance", "0.4").out
    assert said == "added target challenge c-1, importance 0.4\n"
    first, second = squads("targets", "list", "--json").document["targets"]
    assert (first["id"], first["squad"]) == ("g-1", None)
    assert first["no_squad_because"] == "one is due: see `squads gaps`"
    assert second["no_squad_because"] == "importance 400000 is below 500000 millionths"
    assert squads("targets", "close", "challenge", "c-1").code == 0
    shown = squads("targets", "list").out
    assert "Why [so]?" in shown
    assert "none: the target is closed" in shown
    assert len(squads("targets", "list", "--limit", "1", "--json").document["targets"]) == 1


def test_what_is_wrong_is_said(squads: Squads) -> None:
    for importance in ("0.9999999", "1.1", "high"):
        ran = squads("targets", "add", "gap", "g-1", "--title", "Why?", "--importance", importance)
        assert ran.code == 2
        assert "from 0 to 1" in " ".join(ran.err.replace("│", " ").split())
    assert squads("targets", "add", "dream", "g-1", "--title", "Why?", "--importance", "1").code == 2
    assert squads("targets", "add", "gap", "g-1", "--title", "Why?", "--importance", "1").code == 0
    again = squads("targets", "add", "gap", "g-1", "--title", "Why?", "--importance", "1")
    assert (again.code, "is a target already" in again.err) == (1, True)
    assert squads("targets", "close", "gap", "g-2").code == 1


def test_a_target_becomes_a_squad_before_matching(squads: Squads) -> None:
    squads("targets", "add", "gap", "sleep", "--title", "Does sleep help?", "--importance", "0.95")
    [forming, *_] = squads("gaps", "--json").document["gaps"]
    assert (forming["open_units"], forming["tokens_at_stake"]) == (1, "4750")
    plan = squads("reconcile", "--dry-run", "--json").document["plan"]
    assert list(plan) == [
        "squads_formed",
        "squad_rosters",
        "pledged_contributions",
        "qf_matches",
        "ledger_seals",
    ]
    assert (plan["squads_formed"]["squads_formed"], plan["squads_formed"]["seeds"]) == (1, "4750")
    ran = squads("reconcile", "--json")
    assert (ran.code, ran.document["ok"], ran.document["still_open"]) == (0, True, {})
    assert ran.document["runs"][0]["assets"] == ["squads_formed"]
    [formed] = squads("table", "squads_formed", "--json").document
    assert (formed["artifact_id"], formed["seed"]) == ("sleep", "4750")
    [target] = squads("targets", "list", "--json").document["targets"]
    assert (target["squad"], target["no_squad_because"]) == (formed["squad_id"], None)
    assert squads("status", "--json").document["squads"] == {"recruiting": 1}
    [pool] = squads("table", "squad_pools", "--json").document
    assert (pool["seeds"], pool["closing"]) == ("4750", "4750")
    assert squads("ledger", "verify").code == 0
    assert squads("reconcile").out == "no gap is open; nothing to do\n"
