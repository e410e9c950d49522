"""Dividends: distances, weights and shares, each with exact numbers; each single fact changes the answer."""

from dataclasses import replace
from fractions import Fraction

import pytest

from squads_pipeline.rules.artifacts import Artifact
from squads_pipeline.rules.credit import (
    NOBODY,
    PAID,
    REFUTED,
    WORTHLESS,
    Credit,
    Settlement,
    Share,
    affordable,
    amount_micro,
    artifact_weight,
    distances,
    mean_multiplier,
    repeat_factor,
    settle,
)
from squads_pipeline.rules.policy import Policy

TOKEN = 1_000_000
POLICY = Policy()
LEVELS = {"analysis": 0, "hypothesis": 1, "debate_session": 2}


def at(name: str) -> Artifact:
    return Artifact("analysis", name)


def credit(
    agent: str,
    contributions: int = 1,
    via_squad: int = 0,
    *,
    artifact: str = "x",
    hops: int = 0,
    refuted: int = 0,
) -> Credit:
    return Credit(agent, at(artifact), hops, refuted, contributions, via_squad)


def paid(*credited: Credit, kind: str = "cited", policy: Policy = POLICY) -> dict[str, int]:
    return {share.agent_id: share.share_micro for share in settle(kind, credited, policy).shares}


def weights(*credited: Credit, policy: Policy = POLICY) -> dict[str, int]:
    return {share.agent_id: share.weight for share in settle("cited", credited, policy).shares}


def ratio(level: str, contributions: int) -> Fraction:
    """Weight of an agent with so many squad contributions against one with one ordinary contribution."""
    artifact = Artifact(level, "x")
    found = weights(
        Credit("squad", artifact, LEVELS[level], 0, contributions, contributions),
        Credit("alone", artifact, LEVELS[level], 0, 1, 0),
    )
    return Fraction(found["squad"], found["alone"])


@pytest.mark.parametrize("level", ["analysis", "hypothesis", "debate_session"])
def test_one_squad_contribution_against_one_ordinary_is_exactly_2_00(level: str) -> None:
    assert ratio(level, 1) == Fraction("2.00")


@pytest.mark.parametrize("level", ["analysis", "hypothesis", "debate_session"])
def test_three_squad_contributions_against_one_ordinary_are_exactly_2_20(level: str) -> None:
    assert ratio(level, 3) == Fraction("2.20")


def test_the_bonus_of_further_contributions_ends_at_its_cap() -> None:
    assert [ratio("analysis", n) for n in (10, 11, 12, 1_000)] == [
        Fraction("2.90"),
        Fraction("3.00"),
        Fraction("3.00"),
        Fraction("3.00"),
    ]
    assert repeat_factor(1, POLICY) == 1


@pytest.mark.parametrize(
    ("contributions", "via_squad", "multiplier"), [(1, 0, "1"), (1, 1, "2"), (2, 1, "3/2"), (3, 1, "4/3")]
)
def test_the_multiplier_is_the_mean(contributions: int, via_squad: int, multiplier: str) -> None:
    assert mean_multiplier(contributions, via_squad, POLICY) == Fraction(multiplier)


def test_an_artifact_weighs_less_with_each_step_and_each_refutation() -> None:
    policy = replace(POLICY, hop_damping=Fraction(1, 3), refuted_weight=Fraction(2, 5))
    assert artifact_weight(0, 0, policy) == 1
    assert artifact_weight(2, 0, policy) == Fraction(1, 9)
    assert artifact_weight(0, 3, policy) == Fraction(8, 125)
    assert artifact_weight(1, 1, policy) == Fraction(2, 15)


def test_a_citation_is_shared_to_the_micro() -> None:
    # 2.20 : 1.00 : 0.50 of 50 tokens; 3.7 parts.
    shares = paid(credit("ada", 3, 3), credit("bo"), credit("cy", artifact="y", hops=1))
    assert shares == {"ada": 29_729_730, "bo": 13_513_513, "cy": 6_756_757}
    assert sum(shares.values()) == 50 * TOKEN


def test_an_agent_s_weights_at_artifacts_add_up_whatever_their_order() -> None:
    credited = [credit("ada"), credit("ada", artifact="y", hops=1), credit("bo", 1, 1, artifact="y", hops=1)]
    assert weights(*credited) == {"ada": 3, "bo": 2}
    assert settle("cited", credited, POLICY) == settle("cited", credited[::-1], POLICY)


def test_ties_go_to_the_lower_agent_id() -> None:
    policy = replace(POLICY, dividend_cited_micro=10)
    assert paid(credit("c"), credit("b"), credit("a"), policy=policy) == {"a": 4, "b": 3, "c": 3}


@pytest.mark.parametrize(
    ("kind", "tokens"), [("cited", 50), ("replicated", 200), ("adopted", 500), ("refuted", 0)]
)
def test_each_kind_has_its_amount(kind: str, tokens: int) -> None:
    assert amount_micro(kind, POLICY) == tokens * TOKEN


def test_what_is_unknown_pays_nobody() -> None:
    with pytest.raises(ValueError, match="unknown"):
        settle("praised", [credit("ada")], POLICY)


@pytest.mark.parametrize(
    ("kind", "credited", "policy", "reason", "amount"),
    [
        ("cited", [credit("ada")], POLICY, PAID, 50 * TOKEN),
        ("cited", [], POLICY, NOBODY, 50 * TOKEN),
        ("refuted", [credit("ada")], POLICY, REFUTED, 0),
        ("cited", [credit("ada")], replace(POLICY, dividend_cited_micro=0), WORTHLESS, 0),
    ],
)
def test_each_fact_alone_keeps_a_dividend_from_being_paid(
    kind: str, credited: list[Credit], policy: Policy, reason: str, amount: int
) -> None:
    settled = settle(kind, credited, policy)
    assert (settled.reason, settled.amount_micro) == (reason, amount)
    assert (settled.paid_micro, settled.agents) == ((amount, 1) if reason == PAID else (0, 0))


def test_who_gets_less_than_a_micro_is_not_counted_as_paid() -> None:
    settled = settle("cited", [credit(name) for name in "abc"], replace(POLICY, dividend_cited_micro=2))
    assert ([share.share_micro for share in settled.shares], settled.agents) == ([1, 1, 0], 2)


def test_the_derivation_tells_how() -> None:
    (share,) = settle("cited", [Credit("ada", Artifact("hypothesis", "h"), 1, 1, 2, 1)], POLICY).shares
    assert list(share.derivation) == [
        {
            "artifact": "hypothesis:h",
            "hops": 1,
            "refutations": 1,
            "contributions": 2,
            "via_squad": 1,
            "multiplier": "3/2",
            "repeat_factor": "21/20",
            "artifact_weight": "1/4",
            "weight": "63/160",
        }
    ]


@pytest.mark.parametrize("wrong", [(-1, 0, 1, 0), (0, -1, 1, 0), (0, 0, 0, 0), (0, 0, 1, 2), (0, 0, 1, -1)])
def test_impossible_credits_are_refused(wrong: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"not negative|did nothing"):
        Credit("ada", at("x"), *wrong)


def test_nobody_is_credited_twice_for_one_artifact() -> None:
    with pytest.raises(ValueError, match="twice"):
        settle("cited", [credit("ada"), credit("ada", hops=1)], POLICY)


def graph(*edges: str) -> dict[Artifact, list[Artifact]]:
    """Edges such as ``a>b``: a was derived from b."""
    sources: dict[Artifact, list[Artifact]] = {}
    for edge in edges:
        sources.setdefault(at(edge[0]), []).append(at(edge[2]))
    return sources


@pytest.mark.parametrize(
    ("edges", "depth", "found"),
    [
        ((), 3, {"a": 0}),
        (("a>b", "b>c", "c>d", "d>e"), 3, {"a": 0, "b": 1, "c": 2, "d": 3}),
        (("a>b", "b>c"), 1, {"a": 0, "b": 1}),
        (("a>b",), 0, {"a": 0}),
        (("a>b", "b>a"), 3, {"a": 0, "b": 1}),
        (("a>b", "b>c", "c>b"), 10, {"a": 0, "b": 1, "c": 2}),
        (("a>b", "a>c", "b>d", "c>d"), 3, {"a": 0, "b": 1, "c": 1, "d": 2}),
        (("a>b", "b>c", "a>c"), 3, {"a": 0, "b": 1, "c": 1}),
        (("b>a",), 3, {"a": 0}),
    ],
    ids=["alone", "chain", "depth", "no depth", "circle", "inner circle", "diamond", "short cut", "upwards"],
)
def test_an_artifact_counts_once_at_its_smallest_distance(
    edges: tuple[str, ...], depth: int, found: dict[str, int]
) -> None:
    assert distances(at("a"), graph(*edges), depth) == {at(name): hops for name, hops in found.items()}


def test_each_is_paid_whole_or_waits() -> None:
    def one(amount: int) -> Settlement:
        return Settlement(amount, PAID, [Share("ada", 1, 0, 1, (), amount)])

    free = Settlement(7, NOBODY, ())
    assert affordable([one(4), one(7), free, one(6), one(1)], 10) == [True, False, True, True, False]
    assert affordable([], 10) == []
