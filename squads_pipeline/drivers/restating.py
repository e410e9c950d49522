"""What all restatements share: lock the holders, decide what can be moved, post and record it. Whose facts: elsewhere.

A restatement of a past day is posted today: its transfers and its row in `squads.restatements` belong to the day on
which it is made, while the new revision of the fact keeps the day, and so the partition, of the fact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from squads_pipeline.drivers.run import Change, Outcome
from squads_pipeline.rules.restatement import Correction, Holder, correct
from squads_pipeline.store import ledger, restatements, runs
from squads_pipeline.store.restatements import Owed
from squads_pipeline.store.stamp import Stamp


@dataclass(frozen=True, slots=True)
class Restatement:
    """What is restated: the asset, the day of its facts, the operator's reason, and the stamp of today."""

    asset: str
    day: date
    reason: str
    stamp: Stamp


def settle(
    connection: Connection,
    restatement: Restatement,
    owed: Sequence[Owed],
    counterpart_of: Mapping[str, str],
    *,
    from_recovered: bool = False,
) -> tuple[int, tuple[Change, ...]]:
    """Move what can be moved of the differences, and record all of it.

    Args:
        connection: the caller's; its locks come before those of accounts.
        restatement: what is restated.
        owed: the facts, in order.
        counterpart_of: fact → name of the account that paid it and is paid back.
        from_recovered: whether what is given is what was taken, see `rules.restatement.correct`.

    Returns:
        µT moved, in either direction, and what became of each fact.

    Raises:
        InsufficientFundsError: a counterpart has less than the corrections take from it.
    """
    if not owed:
        return 0, ()
    names = sorted({one.holder for one in owed} | {counterpart_of[one.fact] for one in owed})
    accounts = {name: account.id for name, account in ledger.find_accounts(connection, names).items()}
    ledger.lock_accounts(connection, accounts.values())
    holders = restatements.holders(connection, accounts.values())
    gaining = [accounts[one.holder] for one in owed]
    others = [accounts[counterpart_of[one.fact]] for one in owed]
    decided = _decide(owed, gaining, others, holders, from_recovered=from_recovered)
    pairs = list(zip(owed, decided, strict=True))
    reason, stamp = restatement.reason.strip(), restatement.stamp
    moved_micro = restatements.post(
        connection, pairs, accounts, others, reason, stamp, losses_first=from_recovered
    )
    restatements.record(
        connection, restatement.asset, restatement.day, pairs, accounts, others, reason, stamp
    )
    runs.record(connection, units=len(owed), moved_micro=moved_micro, stamp=stamp)
    return moved_micro, tuple(_change(one, correction) for one, correction in pairs)


def _decide(
    owed: Sequence[Owed],
    accounts: Sequence[int],
    others: Sequence[int],
    holders: Mapping[int, Holder],
    *,
    from_recovered: bool,
) -> list[Correction]:
    """What becomes of each fact's difference; what is given from what was taken, payer by payer."""
    differences = [(account, one.difference_micro) for account, one in zip(accounts, owed, strict=True)]
    known = {account: holders[account] for account in accounts}
    if not from_recovered:
        return correct(differences, known)
    decided: dict[int, Correction] = {}
    for payer in dict.fromkeys(others):
        places = [place for place, other in enumerate(others) if other == payer]
        parts = correct([differences[place] for place in places], known, from_recovered=True)
        decided |= dict(zip(places, parts, strict=True))
        for place, part in zip(places, parts, strict=True):
            before = known[accounts[place]]
            known[accounts[place]] = replace(before, balance_micro=before.balance_micro + part.moved_micro)
    return [decided[place] for place in range(len(owed))]


def _change(one: Owed, correction: Correction) -> Change:
    return Change(
        one.said,
        one.holder,
        one.was_micro,
        one.is_micro,
        correction.moved_micro,
        correction.unrecovered_micro,
        correction.undeliverable_micro,
    )


def outcome(moved_micro: int, changes: tuple[Change, ...], left: int) -> Outcome:
    """A restatement as a run's outcome; ``left`` are differences that no revision of a fact can put right."""
    return Outcome(
        units=len(changes),
        moved_micro=moved_micro,
        facts={
            "restated_facts": len(changes),
            "paid_besides_micro": sum(max(one.moved_micro, 0) for one in changes),
            "taken_back_micro": -sum(min(one.moved_micro, 0) for one in changes),
            "unrecovered_micro": sum(one.unrecovered_micro for one in changes),
            "undeliverable_micro": sum(one.undeliverable_micro for one in changes),
            "differences_left": left,
        },
        changes=changes,
    )
