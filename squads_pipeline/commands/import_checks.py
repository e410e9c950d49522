"""What the database says about staged rows: repeated, known, unknown names, closed squads, short wallets.

Form is checked before, by `rules.contribution_rows`; whether refusals stop the import is decided after.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from operator import attrgetter
from typing import Final

from sqlalchemy import Connection

from squads_pipeline.rules.money import format_tokens
from squads_pipeline.store import import_refusals, import_transfers, imports
from squads_pipeline.store.import_refusals import Demand, Unaffordable
from squads_pipeline.store.stamp import Stamp

_BATCH: Final = 10_000


@dataclass(frozen=True, slots=True)
class Known:
    """What the comparison with the database found and added."""

    already_imported: int
    squads_added: int
    agents_added: int


def compare(
    connection: Connection, stamp: Stamp, *, create_missing: bool, until: datetime | None = None
) -> Known:
    """Refuse what repeats, is unknown, closed or not covered; add what is missing if that is allowed.

    A squad that is added works until a moment, or for the policy's time from now. Squads are held before accounts
    are locked, as every contributor does, and agents are only added for rows that their squads let pass.
    """
    imports.one_at_a_time(connection)
    import_refusals.refuse_repeated(connection)
    already = imports.drop_known(connection)
    squads = imports.add_squads(connection, stamp, until) if create_missing else 0
    if create_missing:
        remedy = "disband that squad, or use its id"
        reason = "is no squad, and another live squad has the analysis of this id as its target"
    else:
        remedy = "add it with `squads squads add`, or add all that are missing with --create-missing"
        reason = "is no squad"
    import_refusals.refuse_unknown_squads(connection, reason=reason, remedy=remedy)
    import_refusals.refuse_closed_squads(connection, remedy="leave the row out; its time for funding is over")
    agents = imports.add_agents(connection) if create_missing else 0
    import_refusals.refuse_unknown_agents(
        connection,
        reason="is no agent",
        remedy="add it with `squads agents add`, or add all that are missing with --create-missing",
    )
    import_transfers.lock_accounts(connection, minting=create_missing)
    if not create_missing:
        _refuse_unaffordable(connection)
    return Known(already, squads, agents)


def _refuse_unaffordable(connection: Connection) -> None:
    refused = _unaffordable(import_refusals.demands_on_short_wallets(connection))
    while batch := list(islice(refused, _BATCH)):
        import_refusals.refuse_unaffordable(
            connection,
            batch,
            remedy="bring tokens into the wallet with `squads ledger mint`, or import with --create-missing",
        )


def _unaffordable(demands: Iterable[Demand]) -> Iterator[Unaffordable]:
    """Pay each agent's rows in their order, passing over those that what is left does not cover."""
    for agent, group in groupby(demands, attrgetter("agent")):
        left_micro = None
        for demand in group:
            left_micro = demand.balance_micro if left_micro is None else left_micro
            if demand.amount_micro <= left_micro:
                left_micro -= demand.amount_micro
                continue
            reason = f"is more than the {format_tokens(left_micro)} tokens that wallet:{agent} has left"
            yield Unaffordable(demand.row, format_tokens(demand.amount_micro), reason)
