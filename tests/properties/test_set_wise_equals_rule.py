"""The set-wise path through tables and the pure rule pay the same, to the µT."""

from fractions import Fraction
from math import isqrt

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from squads_pipeline.commands import community, funding
from squads_pipeline.drivers.match_round import match_round as drive
from squads_pipeline.drivers.run import DriverRun
from squads_pipeline.rules.policy import Policy
from squads_pipeline.rules.quadratic import match_round as rule
from squads_pipeline.rules.rounds import round_budget
from squads_pipeline.store import policies

AGENTS = "abcdef"
SQUADS = "uvwxyz"
# Equal and square amounts, where (Σ√c)² is a whole number, beside any amount at all.
AMOUNTS = st.one_of(
    st.sampled_from([1, 999_999, 1_000_000, 4_000_000, 10_000_000, 20_000_000]), st.integers(1, 10**13)
)
GIFTS = st.lists(
    st.tuples(st.sampled_from(SQUADS), st.sampled_from(AGENTS), AMOUNTS), min_size=1, max_size=12
)
POLICIES = st.builds(
    Policy,
    settle_count=st.just(1),
    dust_micro=st.sampled_from([0, 1_000_000, 10_000_000]),
    min_contributors=st.integers(1, 3),
    max_match_fraction=st.sampled_from([Fraction(1, 10), Fraction(1, 4), Fraction(1)]),
    round_budget_fraction=st.sampled_from([Fraction(1, 3), Fraction(1)]),
    mechanism=st.sampled_from(["quadratic", "clr", "pairwise"]),
    saturation=st.sampled_from(["scale_down", "always_distribute"]),
    excess=st.sampled_from(["redistribute", "truncate"]),
    matching_pool_target_micro=st.sampled_from([0, 1_000_000, 10**15]),
)


@given(amounts=st.lists(st.one_of(st.integers(1, 2**63 - 1), st.integers(1, 3 * 10**9).map(lambda n: n * n))))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_sql_roots_are_exact(connection: Connection, amounts: list[int]) -> None:
    roots = connection.scalars(
        text(
            "SELECT squads.root(amount) FROM unnest(CAST(:amounts AS bigint[])) WITH ORDINALITY AS t (amount, n) "
            "ORDER BY n"
        ),
        {"amounts": amounts},
    ).all()
    assert [int(root) for root in roots] == [isqrt(amount * 10**36) for amount in amounts]


@given(policy=POLICIES, rounds=st.lists(GIFTS, min_size=1, max_size=3))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_rounds_pay_what_the_rule_says(
    engine: Engine, policy: Policy, rounds: list[list[tuple[str, str, int]]]
) -> None:
    with engine.connect() as connection, connection.begin() as transaction:
        policies.adopt(connection, policy, adopted_by="test", reason="test")
        for agent in AGENTS:
            community.add_agent(connection, agent, tokens_micro=10**15)
        for squad in SQUADS:
            community.add_squad(connection, squad)
        given_so_far: list[tuple[str, str, int]] = []
        matched: dict[str, int] = {}
        for number, gifts in enumerate(rounds):
            for index, (squad, agent, amount) in enumerate(gifts):
                funding.contribute(connection, agent, squad, amount, key=f"{number}:{index}")
            given_so_far += gifts
            drive(connection, DriverRun("test"))
            paid = _paid(connection, number + 1)
            assert paid == _expected(connection, number + 1, given_so_far, matched, policy)
            matched = {squad: matched.get(squad, 0) + paid.get(squad, 0) for squad in SQUADS}
        transaction.rollback()


def _paid(connection: Connection, round_id: int) -> dict[str, int]:
    """What arrived in the pools as matches of a round."""
    rows = connection.execute(
        text("""SELECT owner_id, amount_micro FROM squads.transfers
                JOIN squads.accounts ON accounts.id = to_account_id
                WHERE transfers.kind = 'match' AND idempotency_key LIKE :prefix"""),
        {"prefix": f"match:{round_id}:%"},
    )
    return {row.owner_id: row.amount_micro for row in rows}


def _expected(
    connection: Connection,
    round_id: int,
    contributions: list[tuple[str, str, int]],
    matched: dict[str, int],
    policy: Policy,
) -> dict[str, int]:
    pool = connection.scalar(
        text("SELECT pool_before_micro FROM squads.qf_rounds WHERE id = :round"), {"round": round_id}
    )
    result = rule(
        contributions,
        round_budget(int(pool or 0), policy),
        mechanism=policy.mechanism,
        saturation=policy.saturation,
        max_match_fraction=policy.max_match_fraction,
        excess=policy.excess,
        dust=policy.dust_micro,
        min_contributors=policy.min_contributors,
        already_matched=matched,
        pairwise_bound=policy.pairwise_bound_micro,
    )
    return {squad: amount for squad, amount in result.items() if amount}
