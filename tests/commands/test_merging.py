"""Merging: both leads agree; members, money and scores come together, and nothing is lost."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from squads_pipeline.commands import funding, targets
from squads_pipeline.commands.forking import fork
from squads_pipeline.commands.merging import Merger, merge
from squads_pipeline.drivers.form_squads import form_squads
from squads_pipeline.drivers.run import DriverRun, run_driver
from squads_pipeline.rules.formation import Target
from squads_pipeline.store import database, formations
from squads_pipeline.store import targets as stored_targets
from squads_pipeline.store.errors import RefusedError, SquadsError
from tests.drivers.harvest_world import (
    TOKEN,
    adopt,
    balance,
    closed_at,
    finding,
    give,
    harvest,
    match,
    member,
    note,
    payments,
    people,
    pools,
    review,
    rows,
    run,
    shares,
    squad,
    status,
    units,
)


@pytest.fixture(autouse=True)
def two(engine: Engine) -> None:
    """Squads heat, led by ada with cyd, and cold, led by bob with cyd, 10 and 4 tokens."""
    adopt(engine, matching_pool_target_micro=0, treasury_target_micro=0, settle_count=1)
    people(engine, "ada", "bob", "cyd", "eve")
    for name, lead, tokens in (("heat", "ada", 10), ("cold", "bob", 4)):
        squad(engine, name)
        member(engine, name, lead, "lead")
        member(engine, name, "cyd")
        give(engine, "eve", name, tokens)
    match(engine)


def say(engine: Engine, agent: str, absorbed: str = "cold", into: str = "heat") -> Merger:
    with engine.begin() as connection:
        return merge(connection, agent, absorbed, into)


def refused(engine: Engine, agent: str, absorbed: str = "cold", into: str = "heat") -> str:
    with pytest.raises(RefusedError) as said:
        say(engine, agent, absorbed, into)
    return str(said.value)


def agree(engine: Engine) -> Merger:
    say(engine, "bob")
    return say(engine, "ada")


def members(engine: Engine, name: str = "heat") -> list[tuple[object, ...]]:
    return rows(
        engine,
        f"""SELECT agent_id, role, left_at IS NULL, journal_entries, findings_authored FROM squads.squad_members
            WHERE squad_id = '{name}' ORDER BY 1""",
    )


def test_both_leads_agree_and_one_squad_goes_on(engine: Engine) -> None:
    before = rows(engine, "SELECT sum(balance_micro) FROM squads.accounts WHERE kind = 'squad'")
    assert say(engine, "bob") == Merger("cold", "heat", False, 0, "ada to agree")
    assert say(engine, "bob").repeated
    assert say(engine, "ada") == Merger("cold", "heat", True, 4 * TOKEN, None)
    assert (balance(engine, "squad:heat"), balance(engine, "squad:cold")) == (14 * TOKEN, 0)
    assert rows(engine, "SELECT sum(balance_micro) FROM squads.accounts WHERE kind = 'squad'") == before
    assert rows(engine, "SELECT sum(balance_micro) FROM squads.accounts") == [(0,)]
    key = "SELECT idempotency_key, amount_micro FROM squads.transfers WHERE kind = 'merge_sweep'"
    assert rows(engine, key) == [("merge:cold", 4 * TOKEN)]
    assert (status(engine, "cold"), status(engine, "heat")) == ("disbanded", "active")
    assert closed_at(engine, "cold") is not None
    assert rows(engine, "SELECT merged_into FROM squads.research_squads WHERE id = 'cold'") == [("heat",)]
    assert members(engine) == [
        ("ada", "lead", True, 0, 0),
        ("bob", "researcher", True, 0, 0),
        ("cyd", "researcher", True, 0, 0),
    ]
    assert members(engine, "cold") == []
    assert rows(engine, "SELECT count(*) FROM squads.squad_merges") == [(0,)]
    assert "the squad to absorb is disbanded" in refused(engine, "ada")


def test_duplicate_members_scores_add_and_everybody_is_paid_once(engine: Engine) -> None:
    note(engine, "heat", "cyd", 2)
    note(engine, "cold", "cyd", 1)
    review(engine, finding(engine, "cold", "cyd", confidence="0.2"), "bob")
    note(engine, "heat", "ada", 5)
    agree(engine)
    assert members(engine)[2] == ("cyd", "researcher", True, 3, 1)
    harvest(engine, "heat")
    run(engine)
    # cyd 2 + 1 + 5 + 4, ada 5, bob 3: of 20 points that share 14 tokens.
    assert shares(engine) == [
        ("heat", "ada", "5", 3_500_000, 0),
        ("heat", "bob", "3", 2_100_000, 0),
        ("heat", "cyd", "12", 8_400_000, 0),
    ]
    assert len(payments(engine)) == 3


def test_refunds_of_what_was_merged_go_to_the_first_sources(engine: Engine) -> None:
    give(engine, "cyd", "cold", 6)
    match(engine)
    agree(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE squads.squad_members SET role = 'observer'"))
    harvest(engine, "heat")
    run(engine)
    assert payments(engine, "refund") == [
        ("refund:heat:wallet:cyd", 6 * TOKEN),
        ("refund:heat:wallet:eve", 14 * TOKEN),
    ]
    assert pools(engine) == [("heat", "refund", 20 * TOKEN, 2)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("observer", False, "reviewer", False), ("reviewer", True)),
        (("reviewer", False, "observer", False), ("reviewer", True)),
        (("reviewer", True, "researcher", False), ("reviewer", True)),
        (("lead", True, "reviewer", False), ("reviewer", True)),
        (("researcher", True, "researcher", True), ("researcher", False)),
    ],
)
def test_who_is_in_both_keeps_the_better_of_both(
    engine: Engine, before: tuple[str, bool, str, bool], after: tuple[str, bool]
) -> None:
    member(engine, "heat", "eve", before[0], left=before[1])
    member(engine, "cold", "eve", before[2], left=before[3])
    agree(engine)
    assert members(engine)[-1][:3] == ("eve", *after)


def test_one_who_leads_both_needs_to_ask_nobody(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE squads.squad_members SET role = 'researcher' WHERE role = 'lead'"))
        connection.execute(text("UPDATE squads.squad_members SET role = 'lead' WHERE agent_id = 'cyd'"))
    assert say(engine, "cyd").merged
    assert ("cyd", "lead", True, 0, 0) in members(engine)


def test_those_absorbed_before_follow(engine: Engine) -> None:
    agree(engine)
    squad(engine, "last")
    member(engine, "last", "eve", "lead")
    say(engine, "ada", "heat", "last")
    assert say(engine, "eve", "heat", "last").swept_micro == 14 * TOKEN
    merged = "SELECT id, merged_into FROM squads.research_squads WHERE merged_into IS NOT NULL ORDER BY 1"
    assert rows(engine, merged) == [("cold", "last"), ("heat", "last")]


def test_a_proposal_makes_the_last_contributions_due_at_once(engine: Engine) -> None:
    adopt(engine, matching_pool_target_micro=0, settle_after_seconds=3_600)
    give(engine, "eve", "cold", 1)
    give(engine, "eve", "heat", 1)
    assert units(engine, "qf_matches") == []
    say(engine, "bob")
    assert units(engine, "qf_matches") == ["squad:cold"]
    assert refused(engine, "ada") == "cold has 1 contribution that no round has matched yet"
    match(engine)
    assert say(engine, "ada").merged
    assert rows(engine, "SELECT count(*) FROM squads.qf_unclaimed") == [(0,)]


def test_one_who_leads_both_proposes_while_contributions_wait(engine: Engine) -> None:
    adopt(engine, matching_pool_target_micro=0, settle_after_seconds=3_600)
    with engine.begin() as connection:
        connection.execute(text("UPDATE squads.squad_members SET role = 'researcher' WHERE role = 'lead'"))
        connection.execute(text("UPDATE squads.squad_members SET role = 'lead' WHERE agent_id = 'cyd'"))
    give(engine, "eve", "cold", 1)
    assert (
        say(engine, "cyd").waits_for == "1 contribution to be matched, which is due at once; ask again then"
    )
    match(engine)
    assert say(engine, "cyd").merged


def test_what_cannot_be_merged_is_refused(engine: Engine) -> None:
    assert refused(engine, "cyd") == "cyd leads neither cold nor heat"
    assert "a squad cannot be merged into itself" in refused(engine, "ada", "heat", "heat")
    squad(engine, "odd", target_type="analysis")
    assert "their targets differ in type: analysis and gap" in refused(engine, "ada", "odd")
    squad(engine, "young", status="recruiting")
    assert "the squad to absorb is recruiting" in refused(engine, "ada", "young")


def test_a_lead_who_changed_does_not_count(engine: Engine) -> None:
    say(engine, "bob")
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE squads.squad_members SET role = 'researcher' WHERE squad_id = 'cold'")
        )
        connection.execute(
            text("UPDATE squads.squad_members SET role = 'lead' WHERE squad_id = 'cold' AND agent_id = 'cyd'")
        )
    assert say(engine, "ada").waits_for == "cyd to agree"
    assert say(engine, "cyd").merged


def test_an_absorbed_squads_seed_in_arrears_lapses(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO squads.unpaid_seeds VALUES ('cold', 5, 1, now())"))
    assert units(engine, "squads_formed") == ["seed:cold"]
    agree(engine)
    assert units(engine, "squads_formed") == []
    with engine.begin() as connection:
        assert formations.lock_unpaid_seeds(connection) == []


def test_bids_for_the_absorbed_squad_lapse(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.squad_join_bids (squad_id, agent_id, role, pitch, bid_at)
                    VALUES ('cold', 'eve', 'researcher', 'Let me in', now())""")
        )
    agree(engine)
    assert rows(engine, "SELECT status, decided_by FROM squads.squad_join_bids") == [("lapsed", "merge")]


def test_merging_and_forking_beside_contributions_lose_nothing(engine: Engine, database_url: str) -> None:
    adopt(engine, matching_pool_target_micro=0, settle_after_seconds=3_600)
    say(engine, "bob")

    def contributor(agent: str) -> int:
        own, taken = database.engine(database_url), 0
        for number in range(25):
            try:
                with own.begin() as connection:
                    to = ("heat", "cold")[number % 2]
                    funding.contribute(connection, agent, to, TOKEN, key=f"{agent} {number}")
                taken += 1
            except RefusedError:
                pass
        own.dispose()
        return taken

    def merger(agent: str) -> int:
        own, done = database.engine(database_url), 0
        for _ in range(200):
            if done:
                break
            match(own)
            try:
                done = int(say(own, agent).merged)
            except SquadsError:
                continue
        own.dispose()
        return done

    def forker(agent: str) -> int:
        own = database.engine(database_url)
        for _ in range(10):
            with own.begin() as connection:
                fork(connection, agent, "heat", charter="More", amount_micro=TOKEN // 10)
        own.dispose()
        return 10

    with ThreadPoolExecutor(4) as threads:
        giving = [threads.submit(contributor, agent) for agent in ("eve", "cyd")]
        merging, forking = threads.submit(merger, "ada"), threads.submit(forker, "ada")
        taken = sum(one.result() for one in giving)
        assert (merging.result(), forking.result()) == (1, 10)
    assert rows(engine, "SELECT sum(balance_micro) FROM squads.accounts WHERE kind = 'squad'") == [
        ((14 + taken) * TOKEN,)
    ]
    assert balance(engine, "squad:heat") == (13 + taken) * TOKEN
    assert rows(engine, "SELECT sum(balance_micro) FROM squads.accounts") == [(0,)]
    stuck = """SELECT count(*) FROM squads.qf_unclaimed WHERE squad_id = 'cold'"""
    assert rows(engine, stuck) == [(0,)]


def test_a_target_that_was_merged_gets_no_other_squad_while_its_home_lives(engine: Engine) -> None:
    """Else every merger would bring a new squad with a new seed."""
    with engine.begin() as connection:
        for name in ("heat", "cold"):
            targets.add_target(connection, Target("gap", name, f"What of {name}?", 900_000))
    assert units(engine, "squads_formed") == []
    agree(engine)
    assert units(engine, "squads_formed") == []
    assert run_driver(engine, form_squads, DriverRun("test")).units == 0
    with engine.connect() as connection:
        listed = {one.artifact_id: one.squad_id for one in stored_targets.listed(connection, limit=9)}
    assert listed == {"heat": "heat", "cold": "heat"}
    harvest(engine, "heat")
    run(engine)
    assert sorted(units(engine, "squads_formed")) == ["target:gap:cold", "target:gap:heat"]
