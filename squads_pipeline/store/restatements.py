"""Restating facts: what is accounted for them, what holders have, the record. What is moved: `rules.restatement`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from squads_pipeline.rules.restatement import Correction, Holder
from squads_pipeline.store import ledger
from squads_pipeline.store.ledger import TransferRequest
from squads_pipeline.store.stamp import Stamp


@dataclass(frozen=True, slots=True)
class Owed:
    """A fact that is to be restated, as money; amounts in µT.

    Attributes:
        fact: its name, by which `squads.restatements` knows it, such as ``match:7:heat``.
        said: its name for people.
        revision: the revision that the restatement makes.
        holder: name of the account that gains or loses.
        was_micro: what the fact said.
        is_micro: what it should have said.
        accounted_micro: what was posted and reported for it so far.
    """

    fact: str
    said: str
    revision: int
    holder: str
    was_micro: int
    is_micro: int
    accounted_micro: int

    @property
    def difference_micro(self) -> int:
        """What the holder should have got besides; negative for what it got too much."""
        return self.is_micro - self.accounted_micro


# accounts_pkey; the caller has locked the accounts, so that none is closed meanwhile.
_HOLDERS = text("""
SELECT id, balance_micro, closed_at IS NULL AS is_open FROM squads.accounts
WHERE id = ANY (CAST(:accounts AS bigint[]))
""")

# transfers_idempotency_key_key; squads.restated_facts are few.
_ACCOUNTED = text("""
SELECT asked.fact, coalesce(paid.amount_micro, 0) + coalesce(restated.accounted_micro, 0) AS accounted_micro
FROM unnest(CAST(:facts AS text[]), CAST(:keys AS text[])) AS asked (fact, key)
LEFT JOIN squads.transfers AS paid ON paid.idempotency_key = asked.key AND paid.kind <> 'correction'
LEFT JOIN squads.restated_facts AS restated ON restated.fact = asked.fact
""")

_RECORD = text("""
WITH moment AS MATERIALIZED (SELECT squads.clock() AS now)
INSERT INTO squads.restatements
    (fact, revision, asset, fact_on, holder_account_id, counterpart_account_id, was_micro, is_micro,
     accounted_before_micro, moved_micro, unrecovered_micro, undeliverable_micro, reason, restated_at,
     policy_id, rule_version, driver, run_id, effective_on)
SELECT restated.fact, restated.revision, :asset, :fact_on, restated.holder_id, restated.counterpart_id,
       restated.was_micro, restated.is_micro, restated.accounted_micro, restated.moved_micro,
       restated.unrecovered_micro, restated.undeliverable_micro, :reason, moment.now,
       :policy_id, :rule_version, :driver, :run_id, squads.utc_day(moment.now)
FROM unnest(CAST(:facts AS text[]), CAST(:revisions AS integer[]), CAST(:holders AS bigint[]),
            CAST(:counterparts AS bigint[]), CAST(:was AS bigint[]), CAST(:is AS bigint[]),
            CAST(:accounted AS bigint[]), CAST(:moved AS bigint[]), CAST(:unrecovered AS bigint[]),
            CAST(:undeliverable AS bigint[]))
    AS restated (fact, revision, holder_id, counterpart_id, was_micro, is_micro, accounted_micro, moved_micro,
                 unrecovered_micro, undeliverable_micro)
CROSS JOIN moment
""")


def holders(connection: Connection, account_ids: Iterable[int]) -> dict[int, Holder]:
    """What some accounts, which the caller has locked, hold, and whether they can still receive."""
    rows = connection.execute(_HOLDERS, {"accounts": sorted(set(account_ids))})
    return {row.id: Holder(row.balance_micro, row.is_open) for row in rows}


def accounted(connection: Connection, keys: dict[str, str]) -> dict[str, int]:
    """What is accounted for facts, in µT, given the key of each one's first transfer: also of one without a row."""
    rows = connection.execute(_ACCOUNTED, {"facts": list(keys), "keys": list(keys.values())})
    return {row.fact: int(row.accounted_micro) for row in rows}


def key(one: Owed) -> str:
    """Idempotency key of the correction."""
    return f"correction:{one.fact}:{one.revision}"


def post(
    connection: Connection,
    owed: Sequence[tuple[Owed, Correction]],
    accounts: dict[str, int],
    counterparts: Sequence[int],
    reason: str,
    stamp: Stamp,
    *,
    losses_first: bool = False,
) -> int:
    """Post the corrections that move something as one batch; returns µT moved, in either direction.

    Args:
        connection: the caller's, with all accounts locked.
        owed: facts with what becomes of each difference.
        accounts: account's name → its id.
        counterparts: for each fact the account at the other end.
        reason: the operator's.
        stamp: of the transfers; they belong to today.
        losses_first: take back before giving, as where what is given is what was taken.

    Raises:
        InsufficientFundsError: a counterpart has less than it would have to pay.
    """
    moves = [
        (correction.moved_micro, _request(one, correction.moved_micro, accounts[one.holder], other, reason))
        for (one, correction), other in zip(owed, counterparts, strict=True)
        if correction.moved_micro != 0
    ]
    gains = [request for moved, request in moves if moved > 0]
    losses = [request for moved, request in moves if moved < 0]
    posted = ledger.post(connection, [*losses, *gains] if losses_first else [*gains, *losses], stamp)
    if posted.replayed:
        raise AssertionError("a restatement's correction was posted before, and not recorded")
    return posted.moved_micro


def _request(one: Owed, moved_micro: int, holder_id: int, other_id: int, reason: str) -> TransferRequest:
    payer, receiver = (other_id, holder_id) if moved_micro > 0 else (holder_id, other_id)
    return TransferRequest("correction", payer, receiver, abs(moved_micro), key(one), reason)


def record(
    connection: Connection,
    asset: str,
    fact_on: date,
    owed: Sequence[tuple[Owed, Correction]],
    accounts: dict[str, int],
    counterparts: Sequence[int],
    reason: str,
    stamp: Stamp,
) -> None:
    """Write what was restated, and what of it could not be moved. Arguments as of `post`."""
    facts = [one for one, _ in owed]
    corrections = [correction for _, correction in owed]
    connection.execute(
        _RECORD,
        {
            "asset": asset,
            "fact_on": fact_on,
            "facts": [one.fact for one in facts],
            "revisions": [one.revision for one in facts],
            "holders": [accounts[one.holder] for one in facts],
            "counterparts": list(counterparts),
            "was": [one.was_micro for one in facts],
            "is": [one.is_micro for one in facts],
            "accounted": [one.accounted_micro for one in facts],
            "moved": [one.moved_micro for one in corrections],
            "unrecovered": [one.unrecovered_micro for one in corrections],
            "undeliverable": [one.undeliverable_micro for one in corrections],
            "reason": reason,
            **stamp.columns(),
        },
    )
