"""`squads why`: what each payment rests on, with exact numbers, and what is said of what nobody knows."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import community, funding, pledging, targets
from squads_pipeline.drivers.form_squads import form_squads
from squads_pipeline.drivers.honour_pledges import honour_pledges
from squads_pipeline.drivers.match_round import match_round
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.rules.formation import Target
from squads_pipeline.rules.policy import Policy, policy_id
from squads_pipeline.store import database, ledger, policies
from squads_pipeline.store.ledger import TransferRequest
from squads_pipeline.store.stamp import Stamp
from tests.surfaces.conftest import Squads

TOKEN = 1_000_000
POLICY = Policy(
    settle_count=2,
    max_match_fraction=Fraction(1),
    matching_pool_target_micro=1_000 * TOKEN,
    pledge_cycle_seconds=2_592_000,
    pledge_max_squads=1,
)
RUN = DriverRun("test")


@pytest.fixture
def world(database_url: str) -> Iterator[Engine]:
    """ada and bob fund x by 16 and 9 tokens, a round matches it, cy's pledge funds it; z is formed with a seed."""
    engine = database.engine(database_url)
    with engine.begin() as connection:
        policies.adopt(connection, POLICY, adopted_by="test", reason="test")
        for agent in ("ada", "bob", "cy"):
            community.add_agent(connection, agent, tokens_micro=200 * TOKEN)
        community.add_squad(connection, "x")
        funding.contribute(connection, "ada", "x", 10 * TOKEN, key="first")
        funding.contribute(connection, "ada", "x", 6 * TOKEN, key="second")
        funding.contribute(connection, "bob", "x", 9 * TOKEN, key="third")
    run_driver(engine, match_round, RUN)
    with engine.begin() as connection:
        pledging.pledge(connection, "cy", ["x"], reserve_micro=150 * TOKEN)
        targets.add_target(connection, Target("gap", "z", "Why z?", 900_000))
    run_driver(engine, honour_pledges, RUN)
    run_driver(engine, form_squads, RUN)
    yield engine
    engine.dispose()


def lines(node: dict[str, Any]) -> list[str]:
    """What a tree says, from the root on."""
    return [node["what"], *(line for one in node["rests_on"] for line in lines(one))]


def key(engine: Engine, kind: str) -> str:
    with engine.connect() as connection:
        query = text(
            "SELECT idempotency_key FROM squads.transfers WHERE kind = :kind ORDER BY id DESC LIMIT 1"
        )
        return str(connection.scalar(query, {"kind": kind}))


def pay(engine: Engine, kind: str, payer: str, receiver: str, tokens: int, name: str) -> None:
    with engine.begin() as connection:
        accounts = ledger.find_accounts(connection, [payer, receiver])
        ledger.lock_accounts(connection, [one.id for one in accounts.values()])
        request = TransferRequest(kind, accounts[payer].id, accounts[receiver].id, tokens * TOKEN, name)
        ledger.post(connection, [request], Stamp("test", "test", policy_id(POLICY), "1"))


@pytest.mark.usefixtures("world")
def test_a_match(squads: Squads) -> None:
    tree = squads("why", "match:1:x:0", "--json").document
    assert (tree["kind"], tree["amount_micro"], tree["to"]) == ("match", 49 * TOKEN, "squad:x")
    opened, decided, contributors = tree["rests_on"]
    assert (opened["pool_before_micro"], opened["budget_micro"]) == (1_000 * TOKEN, 250 * TOKEN)
    assert (decided["weight_micro"], decided["due_micro"], decided["cap_micro"]) == (
        49 * TOKEN,
        49 * TOKEN,
        250 * TOKEN,
    )
    assert decided["reason"] == "paid in full"
    checks = [*opened["rests_on"], *decided["rests_on"], contributors]
    assert [one["verdict"] for one in checks] == ["equal"] * 5
    assert [(one["agent"], one["total_micro"]) for one in contributors["rests_on"]] == [
        ("ada", 16 * TOKEN),
        ("bob", 9 * TOKEN),
    ]
    assert [one["amount_micro"] for one in contributors["rests_on"][0]["rests_on"]] == [10 * TOKEN, 6 * TOKEN]
    assert "ada: 16 in all, root 4.000000" not in lines(tree)[0]
    shown = squads("why", str(tree["transfer"])).out
    assert "ada: 16 in all" in shown
    assert "recomputed match: 49, equal" in shown


def test_what_does_not_follow_is_marked(world: Engine, squads: Squads) -> None:
    with world.begin() as connection:
        connection.execute(text("ALTER TABLE squads.qf_matches DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE squads.qf_matches SET matched_before_micro = 1000000"))
        connection.execute(text("ALTER TABLE squads.squad_grants DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE squads.squad_grants SET amount_micro = 1 WHERE agent_id = 'bob'"))
    said = squads("why", "match:1:x:0").out
    assert "recomputed due: 48, different" in said
    assert "recomputed match: 48, different" in said
    assert "recomputed sum of roots: different" in said


def test_a_payment_under_a_pledge_and_a_gift(world: Engine, squads: Squads) -> None:
    with world.connect() as connection:
        paid = connection.scalar(text("SELECT transfer_id FROM squads.pledged_contributions"))
    tree = squads("why", str(paid), "--json").document
    [pledge] = tree["rests_on"]
    assert (pledge["slot"], pledge["balance_before_micro"], pledge["reserve_micro"]) == (
        1,
        200 * TOKEN,
        150 * TOKEN,
    )
    assert pledge["rests_on"][0]["verdict"] == "equal"
    assert tree["amount_micro"] == 10 * TOKEN
    with world.connect() as connection:
        gift = connection.scalar(
            text("SELECT id FROM squads.transfers WHERE kind = 'contribution' ORDER BY id LIMIT 1")
        )
    assert "given by ada" in squads("why", str(gift)).out


def test_a_seed_and_a_top_up(world: Engine, squads: Squads) -> None:
    tree = squads("why", key(world, "seed"), "--json").document
    [seed] = tree["rests_on"]
    assert (seed["artifact_id"], seed["importance_ppm"], seed["seed_micro"]) == ("z", 900_000, 4_500 * TOKEN)
    assert [one["verdict"] for one in seed["rests_on"]] == ["equal"]
    assert "daily top-up to the policy's level" in squads("why", key(world, "mint")).out


def test_a_payout_rests_on_points_and_on_what_filled_the_pool(world: Engine, squads: Squads) -> None:
    with world.begin() as connection:
        stamp = {"policy": policy_id(POLICY)}
        connection.execute(
            text("""INSERT INTO squads.distributions
                    SELECT 'x', 'by_score', 84000000, 28, 2, now(), :policy, '1', 'd', 'r', current_date"""),
            stamp,
        )
        connection.execute(
            text("""INSERT INTO squads.harvest_distributions
                    SELECT 'x', 'ada', 0, 'lead', 2, 1, 0.5, 1, 20, 60000000, 0,
                           :policy, '1', 'd', 'r', current_date"""),
            stamp,
        )
    pay(world, "payout", "squad:x", "wallet:ada", 60, "payout:x:ada")
    tree = squads("why", "payout:x:ada", "--json").document
    pool, member = tree["rests_on"]
    assert (pool["pool_micro"], pool["total_score"]) == (84 * TOKEN, "28.000000")
    [filled] = pool["rests_on"]
    assert [(one["kind"], one["sum_micro"]) for one in filled["rests_on"]] == [
        ("match", 49 * TOKEN),
        ("contribution", 35 * TOKEN),
    ]
    # The match stands there with all that it rests on.
    assert any(line.startswith("round 1, quadratic") for line in lines(filled))
    assert member["score"] == "20.000000"
    assert "2 journal entries of 1 points" in lines(member)
    assert "recomputed share: 60, equal" in lines(member)


def test_a_dividend_and_a_refund(world: Engine, squads: Squads) -> None:
    with world.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.outcomes (artifact_type, artifact_id, kind, evidence, recorded_by, recorded_at)
                    VALUES ('finding', '7', 'cited', 'https://example.org', 'op', now())""")
        )
        connection.execute(
            text("""INSERT INTO squads.dividends
                    SELECT 1, 50000000, 50000000, 1, 'paid', now(), :policy, '1', 'd', 'r', current_date"""),
            {"policy": policy_id(POLICY)},
        )
        connection.execute(
            text("""INSERT INTO squads.credit_dividends
                    SELECT 1, 'ada', 0, 3, 2, 7, '[{"artifact": "finding:7", "hops": 0}]', 50000000,
                           :policy, '1', 'd', 'r', current_date"""),
            {"policy": policy_id(POLICY)},
        )
    pay(world, "dividend", "treasury", "wallet:ada", 50, "dividend:1:ada")
    said = lines(squads("why", "dividend:1:ada", "--json").document)
    assert said[1] == "outcome 1: finding:7 was cited (https://example.org), worth 50 to 1 agents"
    assert said[2:] == ["3 contributions, 2 through squads, weight 7", "hops 0, artifact finding:7"]
    pay(world, "refund", "squad:x", "wallet:bob", 1, "refund:x:wallet:bob")
    assert "asked for with key refund:x:wallet:bob" in squads("why", "refund:x:wallet:bob").out


@pytest.mark.usefixtures("world")
def test_a_squads_money_with_shares(squads: Squads) -> None:
    tree = squads("why", "x", "--json").document
    assert (tree["squad"], tree["received_micro"], tree["holds_micro"]) == ("x", 84 * TOKEN, 84 * TOKEN)
    [received] = tree["rests_on"]
    assert [(one["kind"], one["share_ppm"]) for one in received["rests_on"]] == [
        ("match", 583_333),
        ("contribution", 416_666),
    ]
    assert received["rests_on"][0]["rests_on"][0]["because"] == "round 1: paid in full"


@pytest.mark.usefixtures("world")
def test_an_agents_money_with_its_reasons(squads: Squads) -> None:
    tree = squads("why", "cy", "--json").document
    assert (tree["agent"], tree["received_micro"], tree["given_micro"]) == ("cy", 200 * TOKEN, 10 * TOKEN)
    assert any("pledge 1, cycle" in line for line in lines(tree))


@pytest.mark.usefixtures("world")
def test_what_nobody_knows_is_said(squads: Squads) -> None:
    for unknown in ("nobody", "999999", "9" * 40, "squad:ada"):
        ran = squads("why", unknown)
        assert ran.code == 1
        assert f"{unknown} is no transfer, squad or agent" in ran.err
        assert "idempotency key" in ran.err
    assert squads("squads", "add", "ada").code == 0
    ambiguous = squads("why", "ada")
    assert (ambiguous.code, "squad:ada or agent:ada" in ambiguous.err) == (1, True)
    assert squads("why", "agent:ada").code == 0
