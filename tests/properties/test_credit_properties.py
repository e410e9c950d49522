"""Dividends for any contributions: they sum, they scale, and the order in which things are read is nothing."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from squads_pipeline.rules.artifacts import Artifact
from squads_pipeline.rules.credit import Credit, affordable, distances, settle
from squads_pipeline.rules.policy import Policy

ARTIFACTS = st.builds(Artifact, st.sampled_from(["analysis", "hypothesis"]), st.sampled_from("uvwxyz"))
SHARES = st.fractions(0, 1, max_denominator=10**6).filter(bool)
POLICIES = st.builds(
    Policy,
    dividend_cited_micro=st.integers(1, 10**12),
    hop_damping=SHARES,
    refuted_weight=SHARES,
    repeat_bonus=SHARES,
    repeat_bonus_cap=SHARES,
    squad_multiplier=st.fractions(1, 10, max_denominator=1_000),
)


@st.composite
def credited(draw: st.DrawFn) -> list[Credit]:
    """What agents did, each for an artifact once."""
    placed = st.tuples(st.sampled_from("abcde"), ARTIFACTS)
    found = []
    for agent, artifact in draw(st.lists(placed, min_size=1, max_size=12, unique=True)):
        contributions = draw(st.integers(1, 30))
        via_squad = draw(st.integers(0, contributions))
        hops, refuted = draw(st.integers(0, 3)), draw(st.integers(0, 3))
        found.append(Credit(agent, artifact, hops, refuted, contributions, via_squad))
    return found


@given(credited(), POLICIES)
def test_shares_sum_and_stay_within_a_micro_of_their_weight(found: list[Credit], policy: Policy) -> None:
    settled = settle("cited", found, policy)
    assert settled.paid_micro == policy.dividend_cited_micro
    whole = sum(share.weight for share in settled.shares)
    for share in settled.shares:
        exact = Fraction(settled.amount_micro * share.weight, whole)
        assert -1 < share.share_micro - exact < 1


@given(credited(), POLICIES, st.randoms(use_true_random=False))
def test_the_order_of_rows_is_nothing(found: list[Credit], policy: Policy, random: object) -> None:
    mixed = list(found)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert settle("cited", mixed, policy) == settle("cited", found, policy)


@given(credited(), POLICIES, st.integers(1, 5), st.integers(0, 5))
def test_what_all_artifacts_have_in_common_cancels(
    found: list[Credit], policy: Policy, hops: int, refuted: int
) -> None:
    """One more step or refutation for all scales every weight alike, and changes no share."""
    further = [replace(one, hops=one.hops + hops, refutations=one.refutations + refuted) for one in found]
    before, after = settle("cited", found, policy), settle("cited", further, policy)
    assert [(one.weight, one.share_micro) for one in after.shares] == [
        (one.weight, one.share_micro) for one in before.shares
    ]


@given(st.lists(credited(), max_size=8), POLICIES, st.integers(0, 10**13))
def test_what_is_paid_is_within_the_funds(found: list[list[Credit]], policy: Policy, funds: int) -> None:
    settled = [settle("cited", one, policy) for one in found]
    can = affordable(settled, funds)
    paid = sum(one.paid_micro for one, may in zip(settled, can, strict=True) if may)
    assert paid <= funds
    assert all(one.paid_micro > funds - paid for one, may in zip(settled, can, strict=True) if not may)


@given(st.dictionaries(ARTIFACTS, st.lists(ARTIFACTS, max_size=4), max_size=8), ARTIFACTS, st.integers(0, 10))
def test_distances_are_those_of_the_shortest_ways(
    sources: dict[Artifact, list[Artifact]], start: Artifact, depth: int
) -> None:
    found = distances(start, sources, depth)
    assert found[start] == 0
    for artifact, hops in found.items():
        assert hops <= depth
        if hops < depth:
            assert all(found[source] <= hops + 1 for source in sources.get(artifact, ()))
        assert hops == 0 or any(
            found.get(other) == hops - 1 and artifact in into for other, into in sources.items()
        )
