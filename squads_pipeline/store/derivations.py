"""Reading what transfers rest on: rounds, pledges, targets, scores, outcomes. Nothing is recomputed here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from squads_pipeline.store.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Moved:
    """A transfer with the names and owners of its accounts, and in short why it was made; the amount in µT."""

    id: int
    kind: str
    payer: str
    payer_owner: str | None
    receiver: str
    receiver_owner: str | None
    amount_micro: int
    key: str
    reason: str | None
    posted_at: datetime
    policy_id: str
    driver: str
    because: str


# Each fact by its primary key, but payouts and pledges, which have indexes of their own. Nothing is cast that is
# not a number: the keys of other kinds may look like anything.
_MOVED = """
SELECT transfer.id, transfer.kind, payer.name AS payer, payer.owner_id AS payer_owner,
       receiver.name AS receiver, receiver.owner_id AS receiver_owner, transfer.amount_micro,
       transfer.idempotency_key AS key, transfer.reason, transfer.posted_at, transfer.policy_id, transfer.driver,
       coalesce(
           (SELECT format('round %s: %s', match.round_id, match.reason) FROM squads.qf_matches AS match
            WHERE transfer.kind = 'match' AND transfer.idempotency_key ~ '^match:[0-9]+:'
              AND match.round_id = CASE WHEN transfer.idempotency_key ~ '^match:[0-9]+:'
                                        THEN split_part(transfer.idempotency_key, ':', 2)::bigint END
              AND match.squad_id = receiver.owner_id
            ORDER BY match.revision DESC LIMIT 1),
           (SELECT format('pledge %s, cycle %s, place %s', paid.pledge_id, paid.cycle, paid.slot)
            FROM squads.pledged_contributions AS paid WHERE paid.transfer_id = transfer.id),
           (SELECT format('seed of the squad for %s %s', formed.artifact_type, formed.artifact_id)
            FROM squads.squads_formed AS formed
            WHERE transfer.kind = 'seed' AND formed.squad_id = receiver.owner_id),
           (SELECT format('score %s of %s', share.score, whole.total_score)
            FROM squads.harvest_distributions AS share JOIN squads.distributions AS whole USING (squad_id)
            WHERE transfer.kind = 'payout' AND share.squad_id = payer.owner_id
              AND share.agent_id = receiver.owner_id
            ORDER BY share.revision DESC LIMIT 1),
           (SELECT format('outcome %s: %s of %s:%s', outcome.id, outcome.kind, outcome.artifact_type,
                          outcome.artifact_id)
            FROM squads.outcomes AS outcome
            WHERE transfer.kind = 'dividend'
              AND outcome.id = CASE WHEN transfer.idempotency_key ~ '^dividend:[0-9]+:'
                                    THEN split_part(transfer.idempotency_key, ':', 2)::bigint END),
           transfer.reason,
           'asked for with key ' || transfer.idempotency_key
       ) AS because
FROM squads.transfers AS transfer
JOIN squads.accounts AS payer ON payer.id = transfer.from_account_id
JOIN squads.accounts AS receiver ON receiver.id = transfer.to_account_id
"""

_BY_ID = text(_MOVED + "WHERE transfer.id = :id")
_BY_KEY = text(_MOVED + "WHERE transfer.idempotency_key = :key")
# entries_account_id_account_version_key.
_OF_ACCOUNT = text(
    _MOVED  # noqa: S608  # the text is ours
    + """WHERE transfer.id IN (SELECT entry.transfer_id FROM squads.entries AS entry
                               JOIN squads.accounts AS account ON account.id = entry.account_id
                               WHERE account.name = :account)
         ORDER BY transfer.id"""  # the text is ours
)


def by_id(connection: Connection, number: int) -> Moved | None:
    """A transfer by its number."""
    return _one(connection.execute(_BY_ID, {"id": number}).mappings().all())


def by_key(connection: Connection, key: str) -> Moved | None:
    """A transfer by its idempotency key."""
    return _one(connection.execute(_BY_KEY, {"key": key}).mappings().all())


def of_account(connection: Connection, account: str) -> list[Moved]:
    """All transfers into and out of an account, in the order in which they were posted."""
    return [Moved(**row) for row in connection.execute(_OF_ACCOUNT, {"account": account}).mappings()]


def _one(rows: Sequence[RowMapping]) -> Moved | None:
    return Moved(**rows[0]) if rows else None


_OWNERS = text("""
SELECT kind, owner_id FROM squads.accounts WHERE kind IN ('squad', 'wallet') AND owner_id = :name
UNION
SELECT 'squad', id FROM squads.research_squads WHERE name = :name
ORDER BY kind, owner_id
""")


def owner(connection: Connection, name: str) -> tuple[str, str]:
    """The kind of account, squad or wallet, and the id of who is called so; ``squad:`` or ``agent:`` may lead.

    Raises:
        NotFoundError: nobody is, or several are.
    """
    kind, _, bare = name.partition(":") if name.startswith(("squad:", "agent:")) else ("", "", name)
    wanted = {"squad": "squad", "agent": "wallet"}.get(kind)
    found = [tuple(row) for row in connection.execute(_OWNERS, {"name": bare}) if wanted in (None, row.kind)]
    exact = [one for one in found if one[1] == bare]
    found = exact or found
    if not found:
        raise NotFoundError(
            f"{name} is no transfer, squad or agent",
            "Give a transfer's number or idempotency key (`squads table transfers`), a squad's id or name "
            "(`squads market`), or an agent's name (`squads table agents`).",
        )
    if len(found) > 1:
        raise NotFoundError(
            f"{name} stands for {' and '.join(f'{one[0]} {one[1]}' for one in found)}",
            f"Write squad:{bare} or agent:{bare}, or the squad's id.",
        )
    return str(found[0][0]), str(found[0][1])


@dataclass(frozen=True, slots=True)
class Given:
    """A contribution that counted in a round: who gave, µT, and when."""

    transfer_id: int
    agent_id: str
    amount_micro: int
    granted_at: datetime
    round_id: int


# squad_grants_squad_id_idx, qf_claims_pkey.
_GIVEN = text("""
SELECT contribution.id, contribution.agent_id, contribution.amount_micro, contribution.granted_at, claim.round_id
FROM squads.squad_grants AS contribution
JOIN squads.qf_claims AS claim ON claim.contribution_id = contribution.id AND claim.round_id <= :round_id
WHERE contribution.squad_id = :squad
ORDER BY contribution.id
""")


def given(connection: Connection, round_id: int, squad: str) -> list[Given]:
    """The contributions to a squad that counted in a round: those that it or earlier ones claimed."""
    parameters = {"round_id": round_id, "squad": squad}
    return [Given(*row) for row in connection.execute(_GIVEN, parameters)]


def _first(connection: Connection, statement: str, **parameters: object) -> dict[str, Any] | None:
    row = connection.execute(text(statement), parameters).mappings().first()
    return None if row is None else dict(row)


def round_of(connection: Connection, round_id: int) -> dict[str, Any] | None:
    """A round: mechanism, pool before it and budget in µT, policy."""
    return _first(
        connection,
        "SELECT id, mechanism, pool_before_micro, budget_micro, policy_id, opened_at "
        "FROM squads.qf_rounds WHERE id = :id",
        id=round_id,
    )


def pledge_of(connection: Connection, transfer_id: int) -> dict[str, Any] | None:
    """What a contribution under a pledge rests on: pledge, cycle, place, balance before and reserve in µT."""
    return _first(
        connection,
        """SELECT paid.pledge_id, paid.cycle, paid.slot, paid.balance_before_micro, paid.amount_micro,
                  paid.policy_id, pledge.reserve_micro, pledge.squads, pledge.pledged_at
           FROM squads.pledged_contributions AS paid JOIN squads.pledges AS pledge ON pledge.id = paid.pledge_id
           WHERE paid.transfer_id = :id""",
        id=transfer_id,
    )


def formation_of(connection: Connection, squad: str) -> dict[str, Any] | None:
    """What a seed rests on: target, importance in millionths, the whole seed in µT, policy."""
    return _first(
        connection,
        "SELECT artifact_type, artifact_id, importance_ppm, seed_micro, policy_id "
        "FROM squads.squads_formed WHERE squad_id = :squad",
        squad=squad,
    )


def distribution_of(connection: Connection, squad: str) -> dict[str, Any] | None:
    """How a squad's pool was shared out: manner, pool in µT, total score in points."""
    return _first(
        connection,
        "SELECT manner, pool_micro, total_score, members, policy_id FROM squads.distributions WHERE squad_id = :squad",
        squad=squad,
    )


def share_of(connection: Connection, squad: str, agent: str) -> dict[str, Any] | None:
    """A member's share of a pool, newest revision: what counted, score in points, share in µT."""
    return _first(
        connection,
        """SELECT role, journal_entries, findings_authored, merged_confidence, reviews, score, share_micro,
                  rounded_up, policy_id
           FROM squads.harvest_distributions WHERE squad_id = :squad AND agent_id = :agent
           ORDER BY revision DESC LIMIT 1""",
        squad=squad,
        agent=agent,
    )


def dividend_of(connection: Connection, outcome: int, agent: str) -> dict[str, Any] | None:
    """An agent's share of a dividend, newest revision, with its outcome and settlement; amounts in µT."""
    return _first(
        connection,
        """SELECT outcome.id, outcome.kind, outcome.artifact_type, outcome.artifact_id, outcome.evidence,
                  outcome.recorded_by, whole.amount_micro, whole.paid_micro, whole.agents, share.contributions,
                  share.via_squad, share.weight, share.share_micro, share.derivation
           FROM squads.credit_dividends AS share
           JOIN squads.dividends AS whole USING (outcome_id)
           JOIN squads.outcomes AS outcome ON outcome.id = share.outcome_id
           WHERE share.outcome_id = :outcome AND share.agent_id = :agent
           ORDER BY share.revision DESC LIMIT 1""",
        outcome=outcome,
        agent=agent,
    )
