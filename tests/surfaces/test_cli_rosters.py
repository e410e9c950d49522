"""`squads form`, `join`, `bids`, `leave`, `harvest`: what they answer and how they fail."""

from sqlalchemy import Engine, text

from tests.surfaces.conftest import Squads


def test_a_squad_from_its_forming_to_its_harvest(community: Squads, engine: Engine) -> None:
    formed = community("form", "maps", "--charter", "Do maps mislead?", "--as", "ada")
    assert (formed.code, formed.out) == (0, "ada formed squad maps, recruiting\n")
    again = community("form", "maps", "--charter", "Do maps mislead?", "--as", "ada", "--json").document
    assert again == {"agent": "ada", "squad": "maps", "status": "recruiting", "repeated": True}
    bid = community("join", "maps", "--pitch", "I draw [maps].", "--as", "bob", "--json").document
    assert (bid["squad"], bid["status"], bid["role"]) == ("maps", "pending", "researcher")
    number = str(bid["bid"])
    assert "I draw [maps]." in community("bids", "list", "maps").out
    [gap] = [one for one in community("gaps", "--json").document["gaps"] if one["gap"] == "squad_rosters"]
    assert f"`squads bids decide {number}`" in str(gap)
    decided = community(
        "bids", "decide", number, "--accept", "--fit", "0.8", "--rationale", "fits", "--as", "ada"
    )
    assert decided.out == f"bid {number} for maps is accepted\n"
    [_, shown] = community("bids", "list", "--all", "--json").document["bids"]
    assert (shown["fit"], shown["decided_by"], shown["rationale"]) == ("0.8", "ada", "fits")
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE squads.research_squads SET recruitment_closes_at = now() WHERE id = 'maps'")
        )
    plan = community("reconcile", "--dry-run", "--only", "squad_rosters", "--json").document["plan"]
    assert plan["squad_rosters"]["activated"] == 1
    assert community("reconcile", "--json").document["runs"][0]["assets"] == ["squad_rosters"]
    [edge] = community("table", "squad_rosters", "--json").document
    assert (edge["squad_id"], edge["to_status"]) == ("maps", "active")
    assert community("leave", "maps", "--as", "ada").out == "ada left maps, which bob leads now\n"
    assert community("harvest", "maps", "--as", "bob").out == "maps is being harvested\n"
    assert community("contribute", "maps", "1", "--as", "ada").code == 1
    assert community("ledger", "verify").code == 0


def test_criteria_are_given_as_text(community: Squads) -> None:
    given = ("form", "--charter", "Find out.", "--target-id", "t-1", "--as", "ada")
    ran = community(*given, "--criterion", "members>=2", "--criterion", "journal_entries>=10", "--json")
    assert ran.document["squad"].startswith("gap-t-1-")
    squads = community("table", "research_squads", "--json").document
    criteria = [one["success_criteria"] for one in squads if one["target_artifact_id"] == "t-1"]
    assert "journal_entries" in str(criteria)
    wrong = community(*given, "--criterion", "joy>=2")
    assert (
        wrong.code,
        "choose one of findings_bubbled" in " ".join(wrong.err.replace("│", " ").split()),
    ) == (
        2,
        True,
    )


def test_bids_can_be_taken_back_and_declined(community: Squads) -> None:
    assert "no bid waits" in community("bids", "list").out
    community("form", "maps", "--charter", "Do maps mislead?", "--as", "ada")
    number = str(community("join", "maps", "--pitch", "Me.", "--as", "bob", "--json").document["bid"])
    assert (
        community("bids", "withdraw", number, "--as", "bob").out == f"bob takes bid {number} for maps back\n"
    )
    number = str(community("join", "maps", "--pitch", "Me.", "--as", "bob", "--json").document["bid"])
    declined = community("bids", "decide", number, "--decline", "--rationale", "no", "--as", "ada", "--json")
    assert declined.document == {
        "decided_by": "ada",
        "bid": int(number),
        "squad": "maps",
        "status": "declined",
        "repeated": False,
    }


def test_mistakes_are_told_with_what_to_do(community: Squads) -> None:
    community("form", "maps", "--charter", "Do maps mislead?", "--as", "ada")
    for arguments, said in (
        (("form", "more", "--charter", "x", "--target-id", "maps", "--as", "bob"), "squads join maps"),
        (("form", "maps", "--charter", "Another.", "--as", "ada"), "locked"),
        (("form", "--charter", "x", "--as", "ada"), "Give the target's id"),
        (("join", "nowhere", "--pitch", "Me.", "--as", "bob"), "There is no squad nowhere"),
        (("join", "maps", "--pitch", "Me.", "--as", "ada"), "member already"),
        (("bids", "decide", "99", "--accept", "--rationale", "x", "--as", "ada"), "There is no bid 99"),
        (("bids", "withdraw", "1", "--as", "bob"), "is not bob's"),
        (("leave", "maps", "--as", "bob"), "bob is no member"),
        (("harvest", "maps", "--as", "ada"), "A lead is found when its work begins"),
    ):
        ran = community(*arguments)
        assert (ran.code, said in ran.err) == (1, True), (arguments, ran.err)
    assert community("bids", "decide", "1", "--rationale", "x", "--as", "ada").code == 2
    fit = community("bids", "decide", "1", "--accept", "--fit", "8", "--rationale", "x", "--as", "ada")
    assert (fit.code, "from 0 to 1" in fit.err) == (2, True)
