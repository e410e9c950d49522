"""What must hold, as functions that return what does not: one for each invariant. It repairs nothing.

Each takes a day: from it on, or all of history for None. With a day the cost follows what was written since
and what waits in the inbox; the sums over accounts (I1, I3) are one pass over accounts, which history does
not lengthen. A check after a run gives the run's day; `squads ledger verify` gives None, which alone
recomputes every balance and pool from all entries.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection, text

from squads_pipeline.rules.money import format_tokens
from squads_pipeline.store import invariant_queries as queries
from squads_pipeline.store import pledge_queries

LIMIT: Final = 100
"""The most findings that a query returns; what it counts is not limited."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must hold and does not.

    Attributes:
        invariant: its number, such as ``I3``.
        subject: the row, such as ``account wallet:ada``.
        expected: what should be.
        found: what is.
        difference: what is found less what should be, in tokens, where both are amounts; else empty.
    """

    invariant: str
    subject: str
    expected: str
    found: str
    difference: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """The first findings, at most `LIMIT`, how many there are, and how many facts were recomputed, if they were."""

    first: tuple[Finding, ...]
    total: int
    verified: int | None = None


_POSTED: Final = ("transfer", "payout", "refund")
"""Fields that hold what was posted, µT, beside those that end in ``_micro``."""


def difference(field: str, expected: object, found: object) -> str:
    """What is found less what should be, in tokens; empty unless the field is an amount. None is nothing paid."""
    if not (field.endswith("_micro") or field in _POSTED):
        return ""
    wanted, there = expected or 0, found or 0
    if not (isinstance(wanted, int) and isinstance(there, int)):
        return ""
    return f"{format_tokens(there - wanted)} tokens"


NONE: Final = Findings((), 0)


@dataclass(frozen=True, slots=True)
class Invariant:
    """One invariant: number, name as an identifier, what it says, and the query for what breaks it."""

    number: str
    name: str
    description: str
    find: Callable[[Connection, date | None], Findings]


def invariant(number: str, name: str, description: str, *queries: str) -> Invariant:
    """An invariant whose queries each yield ``subject, expected, found`` for a parameter ``since``."""
    union = " UNION ALL ".join(f"({query})" for query in queries)
    statement = text(
        f"SELECT subject, expected, found, count(*) OVER () AS total FROM ({union}) AS broken LIMIT {LIMIT}"  # noqa: S608
    )

    def find(connection: Connection, since: date | None) -> Findings:
        rows = connection.execute(statement, {"since": since or date.min}).all()
        first = tuple(Finding(number, row.subject, row.expected, row.found) for row in rows)
        return Findings(first, rows[0].total if rows else 0)

    return Invariant(number, name, description, find)


_ALL = (
    invariant("I1", "balances_sum_to_zero", "All balances sum to zero.", queries.BALANCES),
    invariant(
        "I2",
        "entries_explain_balances",
        "A transfer's two entries sum to zero; balances are what entries say; versions have no hole.",
        queries.ENTRIES_OF_TRANSFERS,
        queries.CHAIN_OF_ENTRIES,
        queries.BALANCE_OF_ACCOUNTS,
    ),
    invariant(
        "I3",
        "nothing_is_overdrawn",
        "No account but issuance is, or was, below zero.",
        queries.OVERDRAWN,
        queries.OVERDRAWN_BEFORE,
    ),
    invariant(
        "I4",
        "pools_are_grants_less_payouts",
        "A pool is what was granted to it less what was paid out of it; every grant is a transfer.",
        queries.GRANTS_OF_TRANSFERS,
        queries.GRANTS_ELSEWHERE,
        queries.POOLS,
    ),
    invariant(
        "I5",
        "contributions_are_claimed_once",
        "A contribution waits in the inbox or is in one round; none waits once its squad is disbanded.",
        queries.CLAIMED_OR_WAITING,
        queries.INBOX,
        queries.CLAIMS,
    ),
    invariant(
        "I6",
        "rounds_keep_to_their_bounds",
        "A round pays at most its budget, a squad gets at most its cap, and what was decided was paid.",
        queries.ROUNDS,
        queries.PAYMENTS,
        queries.RESTATEMENTS,
    ),
    invariant(
        "I11",
        "pledges_keep_to_their_places",
        "In a cycle an agent's pledge funds no more squads than the policy allows, and nothing unrecorded.",
        pledge_queries.PLACES,
        pledge_queries.UNRECORDED,
    ),
    invariant(
        "I13",
        "nothing_is_left_behind",
        "A round claims all that waits: a second run finds nothing that the first could have done.",
        queries.LEFT_BEHIND,
    ),
)

INVARIANTS: Final[Mapping[str, Invariant]] = MappingProxyType({one.number: one for one in _ALL})
"""The invariants of the ledger and of matching, by number. That rounds recompute: `drivers.audit_matches`."""
