"""What holds of every sharing-out: it is whole, blind to the order of rows, and never turns scores around."""

from hypothesis import given
from hypothesis import strategies as st

from squads_pipeline.rules.distribution import Scored, refunds, share_out
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.scoring import Work, score_ppm

ROLES = st.sampled_from(["lead", "researcher", "reviewer", "observer"])
POOLS = st.integers(0, 10**15)
MEMBERS = st.lists(
    st.builds(Scored, st.text("abc", min_size=1, max_size=3), ROLES, st.integers(0, 10**12)),
    max_size=12,
    unique_by=lambda one: one.agent_id,
)
COUNT = st.integers(0, 1_000)


@given(POOLS, MEMBERS, st.booleans())
def test_all_of_it_or_nothing_of_it_is_shared(
    pool_micro: int,
    members: list[Scored],
    abandoned: bool,
) -> None:
    division = share_out(pool_micro, members, abandoned=abandoned)
    paid = sum(one.share_micro for one in division.shares)
    assert paid == (pool_micro if division.manner in ("by_score", "equal_parts") else 0)
    assert (division.manner == "empty") == (pool_micro == 0)


@given(POOLS, MEMBERS, st.randoms())
def test_the_order_of_rows_does_not_matter(pool_micro: int, members: list[Scored], random: object) -> None:
    shuffled = list(members)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert share_out(pool_micro, shuffled) == share_out(pool_micro, members)


@given(POOLS, MEMBERS)
def test_a_higher_score_never_gets_less(pool_micro: int, members: list[Scored]) -> None:
    share = {one.agent_id: one.share_micro for one in share_out(pool_micro, members).shares}
    working = [one for one in members if one.role != "observer"]
    for one in working:
        for other in working:
            if one.score_ppm > other.score_ppm:
                assert share[one.agent_id] >= share[other.agent_id]
    assert all(share[one.agent_id] == 0 for one in members if one.role == "observer")


@given(POOLS, st.dictionaries(st.text("abc", min_size=1), st.integers(0, 10**15), min_size=1))
def test_refunds_are_whole_and_within_a_unit_of_their_part(pool_micro: int, granted: dict[str, int]) -> None:
    granted["z"] = 1
    given_back = refunds(pool_micro, granted)
    assert sum(given_back.values()) == pool_micro
    whole = sum(granted.values())
    for name, micro in granted.items():
        assert abs(given_back.get(name, 0) * whole - pool_micro * micro) < whole


@given(st.builds(Work, st.just("a"), ROLES, COUNT, COUNT, COUNT, COUNT), st.integers(0, 3), COUNT)
def test_more_work_never_scores_less(work: Work, which: int, more: int) -> None:
    counts = [work.journal_entries, work.findings_authored, work.merged_confidence_ppm, work.reviews]
    counts[which] += more
    assert score_ppm(Work("a", work.role, *counts), Policy()) >= score_ppm(work, Policy())
