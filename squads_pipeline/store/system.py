"""The three accounts that exist from the start: issuance, treasury and matching pool. No other accounts."""

from sqlalchemy import Connection, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from squads_pipeline.store.ledger import ISSUANCE, MATCHING_POOL, TREASURY
from squads_pipeline.store.schema import accounts


def ensure_accounts(connection: Connection) -> None:
    """Open the system accounts that are missing."""
    # A look first: INSERT … ON CONFLICT uses up an id each time that it finds the account there.
    known = set(connection.scalars(select(accounts.c.kind).where(accounts.c.owner_id.is_(None))))
    for kind in (ISSUANCE, TREASURY, MATCHING_POOL):
        if kind not in known:
            connection.execute(
                insert(accounts).from_select(
                    ["name", "kind", "balance_micro", "opened_at"],
                    select(literal(kind), literal(kind), literal(0), func.squads.clock()),
                )
            )
