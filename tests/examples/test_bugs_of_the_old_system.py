"""Each bug that the replaced system is known to have had, and that it cannot happen here.

Where another test shows it already, `ELSEWHERE` names that test.
"""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import pytest
from sqlalchemy import Connection, Engine, text

from squads_pipeline.commands import (
    community,
    contributions_made,
    forming,
    funding,
    joining,
    outcomes,
    pledging,
    provenance,
    targets,
    work,
)
from squads_pipeline.drivers.fill_rosters import fill_rosters
from squads_pipeline.drivers.registry import DRIVERS
from squads_pipeline.drivers.run import DriverRun, Outcome
from squads_pipeline.rules.formation import Target
from squads_pipeline.rules.judgement import Verdict
from squads_pipeline.store import gaps
from squads_pipeline.store.errors import InsufficientFundsError
from squads_pipeline.store.ledger import TransferRequest, find_accounts, post
from squads_pipeline.store.stamp import Stamp
from squads_pipeline.surfaces.cli import main
from tests.examples.story import TOKEN, Story

TESTS = Path(__file__).parents[1]
ELSEWHERE = {
    "2,638 targets, the first 20 taken: fetching limit * 4 and filtering later formed none": (
        "drivers/test_form_squads.py::test_targets_with_squads_do_not_use_up_the_limit"
    ),
    "a retry in the same hour funded three squads more": (
        "examples/test_pledge_stories.py::test_a_pledge_funds_three_squads_an_hour"
    ),
    "each window matched by itself pays less than all together": (
        "examples/test_matching_stories.py::test_many_rounds_pay_what_one_pays"
    ),
    "a watermark lost contributions that were committed late": (
        "drivers/test_match_round_faults.py::test_contributions_during_rounds_are_neither_lost_nor_matched_twice"
    ),
    "a finding could be merged twice": (
        "drivers/test_bubble_findings.py::test_the_database_refuses_a_second_merge"
    ),
    "a step of the schema that was there already left the transaction aborted": (
        "migrations/test_migrations.py::test_upgrading_again_changes_nothing"
    ),
    "one row with bad data ended the run for all": (
        "drivers/test_failing_units.py::test_the_other_squads_are_matched_as_without_the_broken_one"
    ),
}


@pytest.mark.parametrize("bug", ELSEWHERE)
def test_the_others_are_tested_elsewhere(bug: str) -> None:
    file, _, name = ELSEWHERE[bug].partition("::")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.fixture
def lively(engine: Engine) -> Story:
    """A community in which nearly every gap is open."""
    story = Story(engine)
    story.people("ada", "bo", "cy", tokens=1_000)
    for agent, squad in (("ada", "heat"), ("bo", "cold")):
        story.do(forming.form, agent, charter="Why?", squad=squad)
        story.joins("cy", squad, agent)
    story.later(days=1)
    story.run("squad_rosters")
    for agent in ("ada", "bo"):
        story.do(funding.contribute, agent, "heat", 25 * TOKEN, key=f"gift of {agent}")
    found = story.do(work.find, "ada", "heat", "evidence", "It is").finding_id
    story.do(work.review, "cy", found, "accept", rationale="Yes.")
    story.do(work.find, "bo", "cold", "evidence", "It is not")
    story.do(targets.add_target, Target("gap", "warm", "Is it warm?", 900_000))
    story.do(pledging.pledge, "cy", ["heat", "cold"])
    story.do(contributions_made.credit, "cy", "analysis:a", "data", "set 1", "operator")
    story.do(outcomes.record, "analysis", "a", "cited", evidence="https://a", recorded_by="operator")
    story.do(joining.join, "bo", "heat", pitch="Me too.")
    story.later(hours=6)
    return story


PLANS = (("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan"), ("enable_seqscan",))


def test_a_corrupt_index_on_status_hid_rows_and_scans_were_cut_off_at_300(lively: Story) -> None:
    with lively.engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO squads.research_squads (id, name, charter, target_artifact_type, target_artifact_id,
                                                        status, formed_at, disbanded_at)
                    SELECT 'a-' || n, 'a', '', 'gap', 'a-' || n, 'disbanded', squads.clock(), squads.clock()
                    FROM generate_series(1, 301) AS n""")
        )
    seen = []
    for switched_off in PLANS:
        with lively.engine.connect() as connection:
            _live_at(connection, lively)
            for plan in switched_off:
                connection.execute(text(f"SET LOCAL {plan} = off"))
            seen.append({gap: gaps.units(connection, gap, 100) for gap in gaps.GAPS})
    assert seen[0] == seen[1]
    assert [unit.unit for unit in seen[0]["qf_matches"]] == ["squad:heat"]


def test_a_squad_without_a_date_to_disband_was_never_harvested_or_could_not_be_sorted(engine: Engine) -> None:
    story = Story(engine)
    story.people("ada", tokens=30)
    story.do(community.add_squad, "endless", status="active")
    story.do(forming.form, "ada", charter="Why?", squad="dated")
    for squad in ("endless", "dated"):
        story.do(funding.sponsor, "ada", squad, 10 * TOKEN, key=f"for {squad}")
    with story.engine.begin() as connection:
        connection.execute(
            text("UPDATE squads.research_squads SET target_disband_at = NULL WHERE id = 'endless'")
        )
    story.later(days=1)
    story.reconcile()
    assert (story.status("endless"), story.status("dated")) == ("disbanded", "active")
    story.later(days=5)
    story.reconcile()
    assert story.status("dated") == "disbanded"
    assert story.wallet("ada") == 30 * TOKEN


def test_a_dry_run_made_accounts_and_minted(lively: Story) -> None:
    before = _contents(lively)
    for driver in DRIVERS.values():
        with lively.engine.connect() as connection:
            _live_at(connection, lively)
            driver(connection, DriverRun("dry", dry_run=True))
            connection.rollback()
    assert _contents(lively) == before
    assert (lively.balance("treasury"), lively.balance("matching_pool")) == (0, 0)


def test_decimals_were_added_to_floats(lively: Story) -> None:
    told = [outcome for gap in DRIVERS for outcome in [lively.run(gap)] if outcome.facts]
    assert len(told) >= 6
    for outcome in told:
        assert {type(value) for value in _numbers(outcome)} == {int}
    with pytest.raises(TypeError):
        # What a float or a Decimal would do to an amount is not rounded, but refused.
        lively.do(funding.contribute, "ada", "heat", Decimal("0.1") * 1.0, key="a float")  # type: ignore[operator]


def _numbers(outcome: Outcome) -> Iterator[object]:
    yield from (outcome.units, outcome.moved_micro)
    yield from (value for value in outcome.facts.values() if not isinstance(value, str))


def test_the_cap_was_taken_from_another_squads_last_match(engine: Engine) -> None:
    # Heat was matched 81 tokens before, cold never: in the next round each is due its own weight less its own matches.
    story = Story(engine, matching_pool_target_micro=4_000 * TOKEN)
    story.people("ada", "bo", "cy", tokens=1_000)
    for squad in ("heat", "cold"):
        story.do(community.add_squad, squad)
    _give(story, "heat", ada=4, bo=9, cy=16)
    assert story.paid("match") == {"squad:heat": 81 * TOKEN}
    _give(story, "heat", ada=5, bo=16)  # (3 + 5 + 4)² = 144, of which 81 are paid
    assert story.paid("match") == {"squad:heat": 144 * TOKEN}
    _give(story, "cold", ada=4, bo=9, cy=16)
    assert story.paid("match") == {"squad:heat": 144 * TOKEN, "squad:cold": 81 * TOKEN}
    assert story.rows(
        "SELECT squad_id, matched_before_micro FROM squads.qf_matches ORDER BY round_id, 1"
    ) == [
        ("heat", 0),
        ("heat", 81 * TOKEN),
        ("cold", 0),
    ]


def _give(story: Story, squad: str, **gifts: int) -> None:
    for agent, tokens in gifts.items():
        number = story.one("SELECT count(*) FROM squads.transfers")
        story.do(funding.contribute, agent, squad, tokens * TOKEN, key=f"gift {number}")
    story.later(hours=6)
    story.run("qf_matches")


class _Reader:
    """A judge that keeps what it was asked, and accepts."""

    def __init__(self) -> None:
        self.read: list[tuple[str, str]] = []

    def fit_of_bid(self, *, charter: str, pitch: str, role: str) -> Verdict | None:  # noqa: ARG002
        self.read.append((charter, pitch))
        return Verdict(accept=True, fit_ppm=700_000, rationale="It fits.", judge="reader")


def test_keywords_had_to_come_in_the_order_of_a_list(engine: Engine) -> None:
    story = Story(engine)
    story.people("ada", "bo", "cy")
    story.do(forming.form, "ada", charter="Amyloid clearance in sleep", squad="sleep")
    pitches = {"bo": "Sleep and amyloid", "cy": "amyloid, and its clearance in sleep"}
    for agent, pitch in pitches.items():
        story.do(joining.join, agent, "sleep", pitch=pitch)

    # Rules do not read: whatever the words, both wait for somebody who understands them.
    story.reconcile()
    assert story.one("SELECT count(*) FROM squads.squad_join_bids WHERE status = 'pending'") == 2

    # A judge reads charter and pitch as they were written, and its word is kept with its name and reason.
    judge = _Reader()
    story.do(fill_rosters, DriverRun("judged"), judge)
    assert sorted(judge.read) == sorted(("Amyloid clearance in sleep", pitch) for pitch in pitches.values())
    bids = """SELECT agent_id, status, decided_by, rationale FROM squads.squad_join_bids
              WHERE agent_id <> 'ada' ORDER BY 1"""
    assert story.rows(bids) == [(agent, "accepted", "reader", "It fits.") for agent in pitches]


COMMANDS = (
    "status gaps market pledges findings",
    "targets list|bids list|journal heat|policy show|policy proposals|why heat|why ada|alerts",
)
JSON_COMMANDS = [
    *(name.split() for name in COMMANDS[0].split()),
    *(line.split() for line in COMMANDS[1].split("|")),
    *(
        ["table", name, "--format", "json"]
        for name in ("qf_matches", "research_squads", "transfers", "outcomes")
    ),
]


@pytest.mark.parametrize("command", JSON_COMMANDS, ids=" ".join)
def test_times_and_decimals_could_not_be_written_as_json(
    lively: Story,
    command: list[str],
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lively.reconcile()
    monkeypatch.setenv("SQUADS_DATABASE_URL", database_url)
    monkeypatch.setenv("SQUADS_HOME", str(tmp_path / "home"))
    with pytest.raises(SystemExit) as ended:
        main([*command, *(() if "--format" in command else ("--json",))])
    wrote = capsys.readouterr()
    assert ended.value.code in (0, 1), wrote.err
    document = json.loads(wrote.out, parse_constant=_no_number)
    assert document not in (None, "")


def _no_number(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON")


def test_begin_immediate_and_aborted_transactions_ended_the_connection(lively: Story) -> None:
    stamp = Stamp("test", "test", str(lively.one("SELECT id FROM squads.current_policy")), "1")
    with lively.engine.connect() as connection:
        _live_at(connection, lively)
        accounts = find_accounts(connection, ["wallet:ada", "squad:heat"])
        too_much = TransferRequest(
            "sponsorship", accounts["wallet:ada"].id, accounts["squad:heat"].id, 10**15, "k"
        )
        for _ in range(2):
            with pytest.raises(InsufficientFundsError), connection.begin_nested():
                post(connection, [too_much], stamp)
        given = funding.contribute(connection, "ada", "heat", TOKEN, key="after the error")
        connection.commit()
    assert not given.repeated
    assert lively.wallet("ada") == (1_000 - 25 - 1) * TOKEN
    sources = [path.read_text(encoding="utf-8") for path in (TESTS.parent / "squads_pipeline").rglob("*.py")]
    assert not [source for source in sources if re.search("BEGIN IMMEDIATE|sqlite", source, re.IGNORECASE)]


def test_pools_were_seeded_in_a_column_without_an_account(engine: Engine) -> None:
    story = Story(engine)
    story.do(targets.add_target, Target("gap", "warm", "Is it warm?", 900_000))
    story.run("squads_formed")
    squad = str(story.one("SELECT id FROM squads.research_squads"))

    # The seed is in the pool's account, it came from the treasury, and there is no second place that could differ.
    assert story.pool(squad) == 4_500 * TOKEN == 100_000 * TOKEN - story.balance("treasury")
    columns = """SELECT column_name FROM information_schema.columns
                 WHERE table_schema = 'squads' AND table_name = 'research_squads'"""
    assert not [row for row in story.rows(columns) if row[0].startswith("pool")]
    assert story.one("SELECT pool_balance_micro FROM squads.squad_balances") == 4_500 * TOKEN

    # And it can be spent to the last µT: to the members.
    story.people("ada", "bo")
    story.joins("ada", squad, "bo")
    for days in (1, 5):
        story.later(days=days)
        story.reconcile()
    assert (story.wallet("ada"), story.pool(squad)) == (4_500 * TOKEN, 0)


LEVELS = ("analysis:a", "hypothesis:h", "debate_session:d")


@pytest.mark.parametrize("level", LEVELS)
def test_via_squad_weighs_2_00_once_and_2_20_thrice_at_every_level(engine: Engine, level: str) -> None:
    story = Story(engine)
    story.people("once", "plain", "thrice")
    story.do(community.add_squad, "team")
    for artifact, source in pairwise(LEVELS):
        story.do(provenance.derive, artifact, source, recorded_by="operator")
    story.do(contributions_made.credit, "plain", level, "data", "set 1", "operator")
    for number, agent in enumerate(("once", "thrice", "thrice", "thrice"), start=1):
        _credit_through_squad(story, agent, level, number)
    story.later(hours=1)
    story.do(outcomes.record, "analysis", "a", "cited", evidence="https://a", recorded_by="operator")
    story.run("credit_dividends")

    # 50 tokens by 2.00 to 2.20 to 1.00: whichever level it is, all three are as far away.
    assert story.paid("dividend") == {
        "wallet:once": 19_230_769,
        "wallet:plain": 9_615_385,
        "wallet:thrice": 21_153_846,
    }
    weights = dict(story.rows("SELECT agent_id, weight::bigint FROM squads.credit_dividends"))
    assert weights["once"] == 2 * weights["plain"]
    assert 10 * weights["thrice"] == 22 * weights["plain"]


def _credit_through_squad(story: Story, agent: str, artifact: str, number: int) -> None:
    """A contribution as the merge of a finding writes it."""
    kind, _, identity = artifact.partition(":")
    with story.engine.begin() as connection:
        _live_at(connection, story)
        connection.execute(
            text("""INSERT INTO squads.agent_contributions
                        (agent_id, contribution_type, artifact_type, artifact_id, via_squad, reference_id, created_at,
                         policy_id, rule_version, driver, run_id, effective_on)
                    SELECT :agent, 'squad_finding', :kind, :identity, 'team', 'finding:' || :number, squads.clock(),
                           policy.id, '1', 'bubble_findings', 'test', squads.utc_day(squads.clock())
                    FROM squads.current_policy AS policy"""),
            {"agent": agent, "kind": kind, "identity": identity, "number": number},
        )


@pytest.mark.parametrize("module", ["squads_pipeline.surfaces.cli"])
def test_running_a_module_warned_of_eager_imports_and_imports_went_in_circles(module: str) -> None:
    root = str(TESTS.parent)
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-m", module, "--help"],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
        env={**os.environ, "PYTHONPATH": root},
        timeout=120,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "contribute" in ran.stdout


def _live_at(connection: Connection, story: Story) -> None:
    setting = text("SELECT set_config('squads.clock', :now, true)")
    connection.execute(setting, {"now": story.now.isoformat()})


def _contents(story: Story) -> dict[str, Any]:
    """Every table with all that is in it."""
    names = "SELECT tablename FROM pg_tables WHERE schemaname = 'squads'"
    return {
        name: story.one(
            f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM squads.{name} AS t"
        )
        for (name,) in story.rows(names)
    }
