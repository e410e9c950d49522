"""SQL of honouring pledges: locking them, reading what decides, writing what was paid. Decisions are in `rules`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Text, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from squads_pipeline.rules.pledges import Payment
from squads_pipeline.store import ledger
from squads_pipeline.store.schema.squads import FUNDABLE_STATUSES
from squads_pipeline.store.stamp import Stamp


@dataclass(frozen=True, slots=True)
class Pledged:
    """A pledge in force under its lock, and what it has done in the present cycle; amounts in µT.

    Attributes:
        account_id: the agent's wallet.
        active: whether the wallet is open.
        squads: the only squads to fund, the dearest first; empty for any.
        funded: squads that it funded in this cycle, in their order.
    """

    cycle: int
    read_at: datetime
    agent_id: str
    pledge_id: int
    squads: list[str]
    reserve_micro: int
    account_id: int
    active: bool
    funded: list[str]


@dataclass(frozen=True, slots=True)
class OpenSquad:
    """A squad that takes money: who formed it, and the account of its pool."""

    id: str
    created_by: str | None
    account_id: int


# SHARE UPDATE EXCLUSIVE conflicts with itself and with no writer: one run at a time, and nobody else waits.
_ONE_AT_A_TIME = text("LOCK TABLE squads.pledge_wakeups IN SHARE UPDATE EXCLUSIVE MODE")

_WAKE = text("""
WITH taken AS MATERIALIZED (DELETE FROM squads.pledge_wakeups RETURNING agent_id, cause),
woken AS MATERIALIZED (
    SELECT consent.agent_id FROM squads.pledges_in_force AS consent
    WHERE consent.rests_for IS NOT NULL
      AND (consent.agent_id IN (SELECT agent_id FROM taken)
           OR consent.rests_for IN (SELECT cause FROM taken WHERE agent_id IS NULL)
           OR EXISTS (SELECT FROM taken WHERE cause = 'policy'))
    ORDER BY consent.agent_id
    FOR UPDATE
)
UPDATE squads.pledges_in_force AS consent SET quiet_until = 'epoch', rests_for = NULL
FROM woken WHERE woken.agent_id = consent.agent_id
""")


def wake(connection: Connection) -> None:
    """Take what has come in since the last run, and wake the pledges that it may let pay.

    Whatever is read after this includes what the wake-ups told of: their rows commit together with it. What
    commits later leaves a row that the next look finds. For that, one run at a time may come this far.
    """
    connection.execute(_ONE_AT_A_TIME)
    connection.execute(_WAKE)


_LOCK = text("""
SELECT agent_id FROM squads.pledges_in_force WHERE quiet_until <= squads.clock() ORDER BY agent_id FOR UPDATE
""")


def lock_awake(connection: Connection) -> list[str]:
    """Lock the pledges that are not at rest, in the order of their agents, until the transaction ends.

    Whoever else wants to replace or revoke one of them waits. Index: pledges_in_force_quiet_until_idx.
    """
    return list(connection.scalars(_LOCK))


_DUE = text("""
SELECT agent_id FROM unnest(CAST(:agents AS text[])) AS held (agent_id)
JOIN gaps.pledged_contributions AS missing ON missing.unit = 'agent:' || agent_id
WHERE coalesce(missing.retry_at, '-infinity') <= squads.clock()
ORDER BY agent_id
""")


def due(connection: Connection, agents: Sequence[str]) -> list[str]:
    """Those of some locked pledges that the gap names and that are not put aside, in the order of their agents."""
    return list(connection.scalars(_DUE, {"agents": list(agents)}))


# The guards of the gap, in its order, say what is lacking. Units that failed are missing still and stay awake.
_REST = text("""
UPDATE squads.pledges_in_force AS consent
SET rests_for = lacking.what,
    quiet_until = CASE WHEN lacking.what = 'means' OR cardinality(standing.funded) = 0
                       THEN TIMESTAMPTZ '9999-12-31 00:00+00'
                       ELSE to_timestamp((standing.cycle + 1) * terms.cycle_seconds) END
FROM squads.pledge_standings AS standing
CROSS JOIN squads.pledge_terms AS terms
CROSS JOIN LATERAL (
    SELECT CASE WHEN cardinality(standing.funded) >= terms.max_squads THEN 'places'
                WHEN standing.active AND standing.balance_micro >= terms.min_balance
                     AND standing.balance_micro - standing.reserve_micro >= terms.least THEN 'squads'
                ELSE 'means' END AS what
) AS lacking
WHERE consent.agent_id = standing.agent_id AND consent.agent_id = ANY (:agents)
  AND 'agent:' || consent.agent_id NOT IN (SELECT unit FROM squads.missing_pledged_contributions)
""").bindparams(bindparam("agents", type_=ARRAY(Text)))


def rest(connection: Connection, agents: Sequence[str]) -> None:
    """Put to rest those of some locked pledges that cannot pay now, each until what it lacks may be there."""
    connection.execute(_REST, {"agents": list(agents)})


_STANDINGS = text("""
SELECT cycle, read_at, agent_id, pledge_id, squads, reserve_micro, account_id, active, funded
FROM squads.pledge_standings WHERE agent_id = ANY (:agents) ORDER BY agent_id
""").bindparams(bindparam("agents", type_=ARRAY(Text)))


def standings(connection: Connection, agents: Sequence[str]) -> list[Pledged]:
    """How the pledges of some agents stand, all in one cycle; of those locked it stays so."""
    return [Pledged(*row) for row in connection.execute(_STANDINGS, {"agents": list(agents)})]


_OPEN_SQUADS = text("""
SELECT squad.id, squad.created_by, pool.id AS account_id
FROM squads.research_squads AS squad
JOIN squads.accounts AS pool ON pool.name = 'squad:' || squad.id AND pool.closed_at IS NULL
WHERE squad.status = ANY (:statuses)
ORDER BY pool.balance_micro DESC, squad.id
""").bindparams(bindparam("statuses", type_=ARRAY(Text)))


def open_squads(connection: Connection) -> list[OpenSquad]:
    """Squads that take money, the largest pool first, ties by id. Index: research_squads_status_idx."""
    rows = connection.execute(_OPEN_SQUADS, {"statuses": list(FUNDABLE_STATUSES)})
    return [OpenSquad(*row) for row in rows]


# squad_members_agent_id_idx: the few squads of each agent.
_JOINED = text("""
SELECT member.agent_id, member.squad_id
FROM squads.squad_members AS member
JOIN squads.research_squads AS squad ON squad.id = member.squad_id AND squad.status = ANY (:statuses)
WHERE member.agent_id = ANY (:agents) AND member.left_at IS NULL
ORDER BY member.agent_id, member.joined_at, member.squad_id
""").bindparams(bindparam("statuses", type_=ARRAY(Text)), bindparam("agents", type_=ARRAY(Text)))


def joined(connection: Connection, agents: Sequence[str]) -> dict[str, list[str]]:
    """Agent → open squads of which it is a member now, the first joined first, ties by id."""
    return _open_squads_of(connection, _JOINED, agents)


# Live squads are few, agents with a due pledge too: contributor_totals_pkey finds each pair.
_FUNDED_BEFORE = text("""
SELECT total.agent_id, total.squad_id
FROM squads.research_squads AS squad
JOIN squads.contributor_totals AS total ON total.squad_id = squad.id
WHERE squad.status = ANY (:statuses) AND total.agent_id = ANY (:agents)
ORDER BY total.agent_id, total.total_micro DESC, total.squad_id
""").bindparams(bindparam("statuses", type_=ARRAY(Text)), bindparam("agents", type_=ARRAY(Text)))


def funded_before(connection: Connection, agents: Sequence[str]) -> dict[str, list[str]]:
    """Agent → open squads in whose rounds its money counted, the most first, ties by id."""
    return _open_squads_of(connection, _FUNDED_BEFORE, agents)


def _open_squads_of(
    connection: Connection, statement: TextClause, agents: Sequence[str]
) -> dict[str, list[str]]:
    parameters = {"agents": list(agents), "statuses": list(FUNDABLE_STATUSES)}
    found: dict[str, list[str]] = {agent: [] for agent in agents}
    for agent, squad in connection.execute(statement, parameters):
        found[agent].append(squad)
    return found


_RECORD = text("""
INSERT INTO squads.pledged_contributions
    (cycle, agent_id, squad_id, slot, pledge_id, transfer_id, balance_before_micro, amount_micro, decided_at,
     policy_id, rule_version, driver, run_id, effective_on)
SELECT :cycle, paid.agent_id, paid.squad_id, paid.slot, paid.pledge_id, transfer.id, paid.balance_before_micro,
       paid.amount_micro, :decided_at, :policy_id, :rule_version, :driver, :run_id, transfer.effective_on
FROM unnest(CAST(:key AS text[]), CAST(:agent_id AS text[]), CAST(:squad_id AS text[]),
            CAST(:slot AS smallint[]), CAST(:pledge_id AS bigint[]), CAST(:balance_before_micro AS bigint[]),
            CAST(:amount_micro AS bigint[]))
    AS paid (key, agent_id, squad_id, slot, pledge_id, balance_before_micro, amount_micro)
JOIN squads.transfers AS transfer ON transfer.idempotency_key = paid.key
""")


def key(cycle: int, agent: str, squad: str) -> str:
    """Idempotency key of a payment."""
    return f"pledge:{cycle}:{ledger.key_part(agent)}:{squad}"


def record(connection: Connection, paid: Mapping[str, tuple[Pledged, Payment]], stamp: Stamp) -> None:
    """Write what was paid, by key of its transfer; all of one cycle. One statement for the batch."""
    rows = list(paid.values())
    connection.execute(
        _RECORD,
        {
            "cycle": rows[0][0].cycle,
            "decided_at": rows[0][0].read_at,
            "key": list(paid),
            "agent_id": [pledged.agent_id for pledged, _ in rows],
            "squad_id": [payment.squad_id for _, payment in rows],
            "slot": [payment.slot for _, payment in rows],
            "pledge_id": [pledged.pledge_id for pledged, _ in rows],
            "balance_before_micro": [payment.balance_before_micro for _, payment in rows],
            "amount_micro": [payment.amount_micro for _, payment in rows],
            **stamp.columns(),
        },
    )
