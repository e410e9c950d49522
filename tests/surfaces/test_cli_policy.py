"""`squads policy`: a file is compared, adopted once, and all that is wrong with it is told at once."""

from pathlib import Path

from tests.surfaces.conftest import Squads


def test_what_is_shown_can_be_edited_and_applied(squads: Squads, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(squads("policy", "show", "--toml").out, encoding="utf-8")
    assert "nothing changes" in squads("policy", "diff", str(file)).out
    changed = file.read_text(encoding="utf-8").replace('dust = "1"', 'dust = "2.5"')
    file.write_text(changed, encoding="utf-8")
    change = {"parameter": "matching.dust", "now": "1", "then": "2.5"}
    assert squads("policy", "diff", str(file), "--json").document["changes"] == [change]
    applied = squads("policy", "apply", str(file), "--reason", "less dust", "--json").document
    assert applied["adopted"] is True
    shown = squads("policy", "show", "--json").document
    assert shown["policy_id"] == applied["policy_id"]
    assert shown["parameters"]["matching.dust"] == "2.5"
    again = squads("policy", "apply", str(file), "--reason", "less dust", "--json").document
    assert (again["adopted"], again["changes"]) == (False, [])


def test_all_that_is_wrong_is_told_at_once(squads: Squads, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    text = squads("policy", "show", "--toml").out
    file.write_text(
        text.replace("settle_count", "setle_count").replace('dust = "1"', 'dust = "x"'), encoding="utf-8"
    )
    for command in (("policy", "diff", str(file)), ("policy", "apply", str(file), "--reason", "r")):
        ran = squads(*command)
        assert ran.code == 1
        for said in ("settle_count is missing", "did you mean matching.settle_count?", "matching.dust = 'x'"):
            assert said in ran.err
        problems = squads(*command, "--json").document["error"]["problems"]
        assert len(problems) == 3


def test_a_file_that_is_no_policy(squads: Squads, tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"# caf\xe9")
    for place in (tmp_path, tmp_path / "nothing.toml", latin):
        assert squads("policy", "diff", str(place)).code == 1
    assert squads("policy", "apply", str(latin)).code == 2


def test_a_person_sees_every_parameter(squads: Squads) -> None:
    shown = squads("policy", "show").out
    assert "matching.round_budget_fraction" in shown
    assert "A round's budget as part of the matching pool." in shown
