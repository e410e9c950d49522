"""Sharing out a pool: by score, in equal parts, or back to where it came from. Scores: `scoring`. No SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from squads_pipeline.rules.apportion import apportion
from squads_pipeline.rules.scoring import UNPAID_ROLES

RULE_VERSION: Final = "1"

BY_SCORE: Final = "by_score"
EQUAL_PARTS: Final = "equal_parts"
REFUND: Final = "refund"
EMPTY: Final = "empty"


@dataclass(frozen=True, slots=True)
class Scored:
    """A member, present or gone, with its role and its score in millionths of a point."""

    agent_id: str
    role: str
    score_ppm: int


@dataclass(frozen=True, slots=True)
class Share:
    """A member's part of a pool, µT; `rounded_up` if the largest remainder gave it one µT more than its floor."""

    agent_id: str
    share_micro: int
    rounded_up: bool


@dataclass(frozen=True, slots=True)
class Division:
    """How a pool is shared out: the manner, and a share for each member in the order of their ids.

    The shares sum to the pool if the manner is by score or in equal parts, else to zero.
    """

    manner: str
    shares: tuple[Share, ...]


def share_out(pool_micro: int, members: Sequence[Scored], *, abandoned: bool = False) -> Division:
    """Share out a pool among members.

    Args:
        pool_micro: what there is, µT.
        members: everybody who is or was a member, each once, in any order.
        abandoned: whether the squad never began to work; then the pool goes back, whoever came and left.

    Raises:
        ValueError: the pool or a score is negative, or somebody is there twice.
    """
    by_id = sorted(members, key=lambda one: one.agent_id)
    if pool_micro < 0 or any(one.score_ppm < 0 for one in by_id):
        raise ValueError("a pool and scores are not negative")
    if len({one.agent_id for one in by_id}) != len(by_id):
        raise ValueError("a member has one share")
    weights = [0 if one.role in UNPAID_ROLES else one.score_ppm for one in by_id]
    manner = BY_SCORE
    if not any(weights):
        manner = EQUAL_PARTS
        weights = [int(one.role not in UNPAID_ROLES) for one in by_id]
    if abandoned or not any(weights):
        manner = REFUND
    if pool_micro == 0:
        manner = EMPTY
    if manner in (REFUND, EMPTY):
        return Division(manner, tuple(Share(one.agent_id, 0, rounded_up=False) for one in by_id))
    parts = apportion(pool_micro, weights)
    whole = sum(weights)
    shares = tuple(
        Share(one.agent_id, part, rounded_up=part > pool_micro * weight // whole)
        for one, weight, part in zip(by_id, weights, parts, strict=True)
    )
    # Raised and not asserted, as in all rules about money: python -O must not switch it off.
    if sum(share.share_micro for share in shares) != pool_micro:
        raise AssertionError(f"shares of {pool_micro} µT do not sum to it")
    return Division(manner, shares)


def refunds(pool_micro: int, granted_micro: Mapping[str, int]) -> dict[str, int]:
    """What each account gets back of a pool: in proportion to what it granted, ties by name.

    Args:
        pool_micro: what there is, µT.
        granted_micro: account → what it granted, µT.

    Returns:
        account → µT, of those that get something; the amounts sum to the pool.

    Raises:
        ValueError: there is something to give back, and nobody granted anything.
    """
    names = sorted(granted_micro)
    parts = apportion(pool_micro, [granted_micro[name] for name in names])
    return {name: part for name, part in zip(names, parts, strict=True) if part > 0}
