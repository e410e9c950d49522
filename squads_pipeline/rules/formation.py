"""Forming a squad around a target: its seed, its id, its charter; who is paid first. No SQL, no judgement.

Importance is an exact number of millionths (ppm), because it decides about money.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Final

from squads_pipeline.rules.millionths import WHOLE_PPM

RULE_VERSION: Final = "1"

SUCCESS_CRITERIA: Final[Sequence[Mapping[str, object]]] = ({"measure": "findings_bubbled", "at_least": 1},)
"""What a formed squad must reach: one finding merged into the knowledge graph."""

_LONGEST_WORDS: Final = 60
_DIGEST_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class Target:
    """An artifact that a squad may be formed around.

    Attributes:
        artifact_type: gap, hypothesis, challenge or analysis.
        artifact_id: its id among those.
        title: for people.
        importance_ppm: importance in millionths, 0 to 1,000,000.
    """

    artifact_type: str
    artifact_id: str
    title: str
    importance_ppm: int


def least_ppm(min_importance: Fraction) -> int:
    """The least importance that a policy's share asks for, in millionths, rounded up."""
    return -(-min_importance.numerator * WHOLE_PPM // min_importance.denominator)


def seed_micro(importance_ppm: int, seed_rate_micro: int) -> int:
    """The seed of a squad in µT: importance times rate, rounded down to the µT.

    Args:
        importance_ppm: importance in millionths, 0 to 1,000,000.
        seed_rate_micro: seed of a squad of importance 1, µT.
    """
    if not 0 <= importance_ppm <= WHOLE_PPM or seed_rate_micro < 0:
        raise ValueError("importance is from 0 to 1,000,000 ppm and a rate is not negative")
    seed = importance_ppm * seed_rate_micro // WHOLE_PPM
    assert 0 <= seed <= seed_rate_micro  # noqa: S101
    return seed


def pay_in_order(wanted_micro: Iterable[int], funds_micro: int) -> list[int]:
    """Divide funds among wishes in their order: each is met in full while there is enough, then in part.

    Returns what each gets, µT; the sum is at most the funds.
    """
    left = funds_micro
    paid = []
    for wish in wanted_micro:
        paid.append(min(wish, left))
        left -= paid[-1]
    assert left >= 0  # noqa: S101
    return paid


def can_be_seeded(seed: int, paid: int) -> bool:
    """Whether a squad may be formed for what can be paid of its seed; amounts in µT.

    Without any money it would hold the target and have nothing, so the target waits for the treasury.
    """
    return seed == 0 or paid > 0


def squad_id(target: Target, nth: int = 1) -> str:
    """The id of the nth squad of a target: the same for the same target, another for any other.

    It has no colon, so that no idempotency key of one squad can be read as another's.
    """
    words = re.sub(r"[^a-z0-9]+", "-", target.artifact_id.lower()).strip("-")[:_LONGEST_WORDS].strip("-")
    named = f"{target.artifact_type}\0{target.artifact_id}"
    digest = sha256(named.encode()).hexdigest()[:_DIGEST_DIGITS]
    parts = [target.artifact_type, words, digest, str(nth) if nth > 1 else ""]
    return "-".join(part for part in parts if part)


def squad_name(target: Target) -> str:
    """The name of a formed squad, for people: the target's title."""
    return target.title


def charter(target: Target) -> str:
    """The charter of a formed squad, until its members write a better one."""
    return (
        f"Work on the {target.artifact_type} “{target.title}” ({target.artifact_id}) and bring what is found "
        "to the common knowledge graph, with its evidence."
    )


def seed_key(squad: str, payment: int) -> str:
    """The idempotency key of a seed's payment: ``seed:<squad>`` for the first, ``seed:<squad>:<n>`` later.

    Args:
        squad: a formed squad's id.
        payment: 1 for the first.
    """
    return f"seed:{squad}" if payment == 1 else f"seed:{squad}:{payment}"
