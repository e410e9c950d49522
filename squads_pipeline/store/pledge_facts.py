"""Reading what was paid under pledges, with the frozen inputs of each payment: for audits and summaries."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment as it was stored, and what other facts say of it; amounts in µT.

    Attributes:
        named: the only squads of the pledge; empty for any.
        pledge_agent_id: who gave the pledge.
        revoked: whether the row is no pledge but a revocation.
        wallet_before_micro: the balance before the transfer by the wallet's entries; None if the transfer does
            not leave the agent's wallet.
        posted_micro: what the transfer moved into the squad's pool; None if it is no such contribution.
    """

    cycle: int
    agent_id: str
    squad_id: str
    slot: int
    balance_before_micro: int
    amount_micro: int
    decided_at: datetime
    policy_id: str
    rule_version: str
    named: list[str]
    reserve_micro: int
    revoked: bool
    pledge_agent_id: str
    wallet_before_micro: int | None
    posted_micro: int | None


@dataclass(frozen=True, slots=True)
class Summary:
    """The payments of some days: how many, by how many agents, to how many squads, µT, and a hash of them."""

    payments: int
    agents: int
    squads: int
    amount_micro: int
    fingerprint: str


# pledged_contributions_effective_on_brin; then primary keys and accounts_name_key.
_PAID = text("""
SELECT payment.cycle, payment.agent_id, payment.squad_id, payment.slot, payment.balance_before_micro,
       payment.amount_micro, payment.decided_at, payment.policy_id, payment.rule_version,
       pledge.squads AS named, pledge.reserve_micro, pledge.revoked, pledge.agent_id AS pledge_agent_id,
       leaving.balance_after_micro - leaving.amount_micro AS wallet_before_micro,
       CASE WHEN pool.id IS NOT NULL THEN transfer.amount_micro END AS posted_micro
FROM squads.pledged_contributions AS payment
JOIN squads.pledges AS pledge ON pledge.id = payment.pledge_id
LEFT JOIN squads.transfers AS transfer ON transfer.id = payment.transfer_id AND transfer.kind = 'contribution'
LEFT JOIN squads.accounts AS wallet
    ON wallet.name = 'wallet:' || payment.agent_id AND wallet.id = transfer.from_account_id
LEFT JOIN squads.accounts AS pool
    ON pool.name = 'squad:' || payment.squad_id AND pool.id = transfer.to_account_id
LEFT JOIN squads.entries AS leaving
    ON leaving.transfer_id = transfer.id AND leaving.entry_no = 1 AND leaving.account_id = wallet.id
WHERE payment.effective_on BETWEEN :first AND :last
ORDER BY payment.cycle, payment.agent_id, payment.slot
""")

_SUMMARY = text("""
SELECT count(*) AS payments, count(DISTINCT agent_id) AS agents, count(DISTINCT squad_id) AS squads,
       coalesce(sum(amount_micro), 0) AS amount_micro,
       coalesce(sum(('x' || left(decided.hash, 16))::bit(64)::bigint), 0) AS fingerprint
FROM squads.pledged_contributions AS payment
CROSS JOIN LATERAL (
    SELECT md5(ROW(cycle, agent_id, squad_id, slot, pledge_id, transfer_id, balance_before_micro, amount_micro,
                   policy_id, rule_version)::text) AS hash
) AS decided
WHERE effective_on BETWEEN :first AND :last
""")


def between(connection: Connection, first: date, last: date) -> list[Paid]:
    """The payments of the days from ``first`` to ``last``, by cycle, agent and slot."""
    return [Paid(*row) for row in connection.execute(_PAID, {"first": first, "last": last})]


def summary(connection: Connection, first: date, last: date) -> Summary:
    """Sum up the payments of the days from ``first`` to ``last``."""
    row = connection.execute(_SUMMARY, {"first": first, "last": last}).one()
    return Summary(
        row.payments,
        row.agents,
        row.squads,
        int(row.amount_micro),
        f"{row.payments}-{int(row.fingerprint) % 2**64:016x}",
    )
