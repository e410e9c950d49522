"""Reading matching rounds: what each decided and posted. What it could know is in `rounds_as_of`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select, text

from squads_pipeline.rules.rounds import Match, Standing
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
class Decided(Match):
    """A match as a round stored it, newest revision, and the transfer that paid it; amounts in µT.

    Attributes:
        posted_micro: amount of the transfer from the matching pool to the squad's pool under the match's key;
            None if there is no such transfer.
        accounted_micro: what was posted, corrections of restatements included, less what they reported as
            unrecovered and plus what they reported as undeliverable.
        revision: 0 as first decided, more if it was restated.
        rule_version: version of the rules that made the revision.
    """

    posted_micro: int | None
    accounted_micro: int
    revision: int
    rule_version: str


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
SELECT match.round_id, match.squad_id, match.contributors, match.root_sum, match.contributed_micro,
       match.matched_before_micro, match.weight_micro, match.due_micro, match.cap_micro, match.match_micro,
       match.reason, paid.amount_micro AS posted_micro,
       coalesce(paid.amount_micro, 0) + coalesce(restated.accounted_micro, 0) AS accounted_micro,
       match.revision, match.rule_version
FROM squads.qf_matches_in_force AS match
LEFT JOIN squads.accounts AS pool ON pool.kind = 'squad' AND pool.owner_id = match.squad_id
LEFT JOIN squads.accounts AS payer ON payer.name = 'matching_pool'
LEFT JOIN squads.transfers AS paid
    ON paid.idempotency_key = format('match:%s:%s:0', match.round_id, match.squad_id)
   AND paid.kind = 'match' AND paid.from_account_id = payer.id AND paid.to_account_id = pool.id
   AND paid.effective_on = match.effective_on
LEFT JOIN squads.restated_facts AS restated
    ON restated.fact = format('match:%s:%s', match.round_id, match.squad_id)
WHERE match.round_id = ANY (CAST(:rounds AS bigint[]))
ORDER BY match.round_id, match.squad_id
""")


def decided(connection: Connection, round_id: int) -> dict[str, Decided]:
    """What a round stored, by squad. Indexes: qf_matches_pkey, transfers_idempotency_key_key."""
    return decided_by(connection, [round_id]).get(round_id, {})


def decided_by(connection: Connection, round_ids: Sequence[int]) -> dict[int, dict[str, Decided]]:
    """What some rounds stored: round → squad → newest revision; rounds that stored nothing are left out."""
    found: dict[int, dict[str, Decided]] = {}
    # Rows are unpacked, as access by name takes three times as long, and an audit of years reads them all.
    for round_id, squad, contributors, root_sum, contributed, matched, *decision in connection.execute(
        _DECIDED, {"rounds": list(round_ids)}
    ):
        weight, due, cap, match, reason, posted, accounted, revision, rule_version = decision
        standing = Standing(squad, contributors, int(root_sum), contributed, matched)
        found.setdefault(round_id, {})[squad] = Decided(
            standing,
            int(weight),
            int(due),
            cap,
            match,
            reason,
            posted,
            int(accounted),
            revision,
            rule_version,
        )
    return found


_STRAYS = text("""
SELECT paid.effective_on, paid.idempotency_key, paid.amount_micro
FROM squads.transfers AS paid
WHERE paid.kind = 'match'
  AND paid.effective_on BETWEEN coalesce(:first, '-infinity'::date) AND coalesce(:last, 'infinity'::date)
  AND NOT EXISTS (SELECT FROM squads.qf_matches AS match
                  WHERE (match.match_micro > 0 OR match.revision > 0)
                    AND format('match:%s:%s:0', match.round_id, match.squad_id) = paid.idempotency_key)
ORDER BY paid.id
""")


def stray_payments(
    connection: Connection, first: date | None, last: date | None
) -> list[tuple[date, str, int]]:
    """Day, key and µT of each match transfer of some days that no match stands behind. Index: the days' BRIN."""
    rows = connection.execute(_STRAYS, {"first": first, "last": last})
    return [(row.effective_on, row.idempotency_key, row.amount_micro) for row in rows]
