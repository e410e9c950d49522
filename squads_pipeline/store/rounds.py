"""Reading matching rounds: what each decided and posted. What it could know is in `rounds_as_of`."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select, text

from squads_pipeline.rules.rounds import Standing
from squads_pipeline.store.schema import qf_rounds


@dataclass(frozen=True, slots=True)
class Round:
    """A round's row; amounts in µT."""

    id: int
    effective_on: date
    mechanism: str
    pool_before_micro: int
    budget_micro: int
    policy_id: str
    rule_version: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What a round stored for one squad, newest revision, and the transfer that paid it; amounts in µT.

    Attributes:
        standing: the inputs as stored.
        weight_micro, due_micro, cap_micro, match_micro, reason: the decision as stored.
        posted_micro: amount of the transfer from the matching pool to the squad's pool under the match's key;
            None if there is no such transfer.
    """

    standing: Standing
    weight_micro: int
    due_micro: int
    cap_micro: int
    match_micro: int
    reason: str
    posted_micro: int | None


def between(connection: Connection, first: date | None, last: date | None) -> list[Round]:
    """The rounds of some days in their order; None leaves that end open.

    Index: qf_rounds_effective_on_idx.
    """
    query = select(*(qf_rounds.c[name] for name in Round.__slots__)).order_by(qf_rounds.c.id)
    if first is not None:
        query = query.where(qf_rounds.c.effective_on >= first)
    if last is not None:
        query = query.where(qf_rounds.c.effective_on <= last)
    return [Round(*row) for row in connection.execute(query)]


def latest(connection: Connection, day: date) -> Round | None:
    """The last round of a day, or None."""
    row = connection.execute(
        select(*(qf_rounds.c[name] for name in Round.__slots__))
        .where(qf_rounds.c.effective_on == day)
        .order_by(qf_rounds.c.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Round(*row)


_DECIDED = text("""
SELECT DISTINCT ON (match.squad_id) match.*, paid.amount_micro AS posted_micro
FROM squads.qf_matches AS match
LEFT JOIN squads.accounts AS pool ON pool.kind = 'squad' AND pool.owner_id = match.squad_id
LEFT JOIN squads.accounts AS payer ON payer.name = 'matching_pool'
LEFT JOIN squads.transfers AS paid
    ON paid.idempotency_key = format('match:%s:%s:%s', match.round_id, match.squad_id, match.revision)
   AND paid.kind = 'match' AND paid.from_account_id = payer.id AND paid.to_account_id = pool.id
   AND paid.effective_on = match.effective_on
WHERE match.round_id = :round_id
ORDER BY match.squad_id, match.revision DESC
""")


def decided(connection: Connection, round_id: int) -> dict[str, Decided]:
    """What a round stored, by squad. Indexes: qf_matches_pkey, transfers_idempotency_key_key."""
    return {
        row.squad_id: Decided(
            Standing(
                row.squad_id,
                row.contributors,
                int(row.root_sum),
                row.contributed_micro,
                row.matched_before_micro,
            ),
            int(row.weight_micro),
            int(row.due_micro),
            row.cap_micro,
            row.match_micro,
            row.reason,
            row.posted_micro,
        )
        for row in connection.execute(_DECIDED, {"round_id": round_id})
    }


_STRAYS = text("""
SELECT paid.idempotency_key, paid.amount_micro
FROM squads.transfers AS paid
WHERE paid.kind = 'match'
  AND paid.effective_on BETWEEN coalesce(:first, '-infinity'::date) AND coalesce(:last, 'infinity'::date)
  AND NOT EXISTS (SELECT FROM squads.qf_matches AS match
                  WHERE match.match_micro > 0
                    AND format('match:%s:%s:%s', match.round_id, match.squad_id, match.revision)
                        = paid.idempotency_key)
ORDER BY paid.id
""")


def stray_payments(connection: Connection, first: date | None, last: date | None) -> list[tuple[str, int]]:
    """Key and µT of each match transfer of some days that no match stands behind. Index: the days' BRIN."""
    return [(key, amount) for key, amount in connection.execute(_STRAYS, {"first": first, "last": last})]
