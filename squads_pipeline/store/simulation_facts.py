"""What a simulation is judged by: whether it may begin, what came of it, and the digest of its ledger. Read only."""

from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Flow:
    """Transfers of one kind: how many, and their sum in µT."""

    kind: str
    transfers: int
    moved_micro: int


@dataclass(frozen=True, slots=True)
class Earner:
    """An agent with what it earned by payouts and dividends, µT."""

    agent_id: str
    earned_micro: int


_IS_EMPTY = text("""
SELECT NOT EXISTS (SELECT FROM squads.agents) AND NOT EXISTS (SELECT FROM squads.research_squads)
   AND NOT EXISTS (SELECT FROM squads.knowledge_gaps) AND NOT EXISTS (SELECT FROM squads.transfers)
""")


def is_empty(connection: Connection) -> bool:
    """Whether nobody lives here and nothing has moved."""
    return bool(connection.scalar(_IS_EMPTY))


_FLOWS = text("""
SELECT kind, count(*), sum(amount_micro)::bigint FROM squads.transfers GROUP BY kind ORDER BY kind
""")


def flows(connection: Connection) -> list[Flow]:
    """What moved, by kind."""
    return [Flow(*row) for row in connection.execute(_FLOWS)]


_EARNERS = text("""
SELECT wallet.owner_id, sum(transfer.amount_micro)::bigint AS earned_micro
FROM squads.transfers AS transfer
JOIN squads.accounts AS wallet ON wallet.id = transfer.to_account_id AND wallet.kind = 'wallet'
WHERE transfer.kind IN ('payout', 'dividend')
GROUP BY wallet.owner_id
ORDER BY earned_micro DESC, wallet.owner_id
LIMIT :limit
""")


def top_earners(connection: Connection, limit: int) -> list[Earner]:
    """The agents that earned the most by payouts and dividends, the most first."""
    return [Earner(*row) for row in connection.execute(_EARNERS, {"limit": limit})]


_FINDINGS = text("""
SELECT bubble_up_status, count(*) FROM squads.squad_findings GROUP BY bubble_up_status ORDER BY 1
""")


def findings_by_status(connection: Connection) -> dict[str, int]:
    """How many findings there are in each status."""
    return {row[0]: row[1] for row in connection.execute(_FINDINGS)}


_ROUNDS = text("SELECT count(*) FROM squads.qf_rounds")


def count_rounds(connection: Connection) -> int:
    """How many matching rounds there were."""
    return int(connection.execute(_ROUNDS).scalar_one())


_TRANSFERS = text("""
SELECT transfer.kind, payer.name, receiver.name, transfer.amount_micro, transfer.effective_on - :first
FROM squads.transfers AS transfer
JOIN squads.accounts AS payer ON payer.id = transfer.from_account_id
JOIN squads.accounts AS receiver ON receiver.id = transfer.to_account_id
ORDER BY transfer.id
""")


def ledger_digest(connection: Connection, first: date) -> str:
    """SHA-256, in hex, of all transfers in their order: kind, accounts by name, µT, and days since the first.

    Two ledgers with one digest moved the same µT between the same accounts on the same days after `first`.
    """
    digest = sha256()
    options = {"stream_results": True, "yield_per": 10_000}
    for row in connection.execute(_TRANSFERS, {"first": first}, execution_options=options):
        digest.update("\t".join(map(str, row)).encode() + b"\n")
    return digest.hexdigest()
