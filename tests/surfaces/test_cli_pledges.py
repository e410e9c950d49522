"""`squads pledge` and `squads pledges`: what they answer and how they fail."""

from pathlib import Path

from sqlalchemy import Engine, text

from tests.surfaces.conftest import Squads


def test_a_pledge_is_answered_in_words_and_as_json(community: Squads) -> None:
    assert community("pledge", "--as", "ada").out == "ada pledges to fund any squad, keeping 0 tokens\n"
    document = community("pledge", "--as", "ada", "heat", "--reserve", "12.5", "--json").document
    assert document == {
        "agent": "ada",
        "squads": ["heat"],
        "reserve": "12.5",
        "reserve_micro": 12_500_000,
        "repeated": False,
    }


def test_the_same_pledge_again_changes_nothing(community: Squads, engine: Engine) -> None:
    community("pledge", "--as", "ada", "heat", "heat")
    assert community("pledge", "--as", "ada", "heat").out.endswith("(said before; nothing changed)\n")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM squads.pledges")) == 1


def test_pledges_lists_those_in_force(community: Squads) -> None:
    assert "no pledge is in force" in community("pledges").out
    community("pledge", "--as", "ada", "heat", "--reserve", "3")
    community("pledge", "--as", "bob")
    assert community("pledge", "--as", "bob", "--revoke").out == "bob takes the pledge back\n"
    assert community("pledges").out.splitlines()[1].split()[:3] == ["ada", "heat", "3"]
    [one] = community("pledges", "--json").document["pledges"]
    assert (one["agent"], one["squads"], one["reserve"]) == ("ada", ["heat"], "3")
    assert community("pledge", "--as", "ada", "--revoke", "--json").document == {
        "agent": "ada",
        "revoked": True,
    }


def test_mistakes_are_told_with_what_to_do(community: Squads, engine: Engine) -> None:
    assert "squads agents add" in community("pledge", "--as", "nobody").err
    assert "squads squads add" in community("pledge", "--as", "ada", "nowhere").err
    assert "squads pledges" in community("pledge", "--as", "ada", "--revoke").err
    assert "below zero" in community("pledge", "--as", "ada", "--reserve", "-1").err
    with engine.begin() as connection:
        connection.execute(text("UPDATE squads.research_squads SET status = 'harvesting'"))
    ran = community("pledge", "--as", "ada", "heat", "--json")
    assert (ran.code, ran.document["error"]["kind"]) == (1, "refused")
    assert community("pledges", "--json").document == {"pledges": []}


def test_wrong_arguments_are_a_usage_error(community: Squads) -> None:
    ran = community("pledge", "--as", "ada", "heat", "--revoke")
    assert (ran.code, "leave out squads" in ran.err) == (2, True)
    assert community("pledge", "--as", "ada", "--reserve", "much").code == 2
    assert community("pledge").code == 2


def test_a_drivers_key_is_refused(community: Squads) -> None:
    ran = community("contribute", "heat", "1", "--as", "ada", "--key", "pledge:1:ada:heat")
    assert (ran.code, "belong to a driver" in ran.err) == (1, True)


def test_the_tables_can_be_exported(community: Squads, tmp_path: Path) -> None:
    community("pledge", "--as", "ada", "heat")
    for name in ("pledges", "pledges_in_force", "pledged_contributions"):
        out = tmp_path / f"{name}.parquet"
        assert community("table", name, "--format", "parquet", "--out", str(out)).code == 0
        assert out.exists()
    assert '["heat"]' in community("table", "pledges", "--format", "csv").out.replace('""', '"')
