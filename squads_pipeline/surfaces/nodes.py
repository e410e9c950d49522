"""Trees of reasons: a node, and transfers as nodes on one line or by kind. What they rest on: `derivation`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from squads_pipeline.rules.money import format_tokens
from squads_pipeline.store.derivations import Moved

MOST: Final = 50
"""Branches shown of one kind; those with the largest amounts."""


@dataclass(frozen=True, slots=True)
class Node:
    """A step of a derivation: what it says to a person, its facts for a program, and what it rests on.

    Amounts among the facts are in µT and end in ``_micro``.
    """

    what: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    rests_on: Sequence["Node"] = ()


def in_short(moved: Moved) -> Node:
    """A transfer on one line, with its reason."""
    facts = {"transfer": moved.id, "amount_micro": moved.amount_micro, "because": moved.because}
    said = f"transfer {moved.id}: {format_tokens(moved.amount_micro)}, {moved.payer} to {moved.receiver}"
    return Node(f"{said}: {moved.because}", {**facts, "from": moved.payer, "to": moved.receiver})


def by_kind(moved: Sequence[Moved], node: Callable[[Moved], Node]) -> list[Node]:
    """Transfers by kind, each with its sum and its share of all; the largest sum first."""
    total = sum(one.amount_micro for one in moved)
    kinds: dict[str, list[Moved]] = {}
    for one in moved:
        kinds.setdefault(one.kind, []).append(one)
    sums = {kind: sum(one.amount_micro for one in of_kind) for kind, of_kind in kinds.items()}
    return [
        Node(
            f"{kind}: {format_tokens(sums[kind])}, {sums[kind] * 1000 // total / 10:.1f} % in {len(kinds[kind]):,}",
            {"kind": kind, "sum_micro": sums[kind], "share_ppm": sums[kind] * 10**6 // total},
            [*map(node, kinds[kind][:MOST]), *_rest(len(kinds[kind]) - MOST)],
        )
        for kind in sorted(kinds, key=lambda kind: (-sums[kind], kind))
    ]


def _rest(more: int) -> list[Node]:
    return [Node(f"… and {more:,} more")] if more > 0 else []
