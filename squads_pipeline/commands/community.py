"""Adding agents and squads to the community. No money but an agent's first tokens."""

from sqlalchemy import Connection

from squads_pipeline.commands import funding
from squads_pipeline.commands.forms import require_choice
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.store import policies, squads
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.store.schema.squads import FUNDABLE_STATUSES, TARGET_TYPES
from squads_pipeline.store.squads import NewSquad
from squads_pipeline.store.stamp import Stamp

RULE_VERSION = "1"


def add_agent(connection: Connection, agent: str, *, kind: str = "agent", tokens_micro: int = 0) -> None:
    """Add an agent with a wallet, and mint its first tokens.

    Args:
        connection: the caller commits it.
        agent: the name; letters, digits and ``. _ : -``.
        kind: person, persona, worker or agent.
        tokens_micro: µT to mint into the wallet.

    Raises:
        AlreadyExistsError, RefusedError: the name is taken or not allowed.
    """
    squads.add_agents(connection, [agent], kind)
    if tokens_micro:
        funding.mint(
            connection,
            f"wallet:{agent}",
            tokens_micro,
            key=f"mint:wallet:{agent}:first",
            reason="first tokens",
        )


def add_squad(
    connection: Connection,
    squad: str,
    *,
    name: str | None = None,
    charter: str = "",
    target_type: str = "gap",
    target_id: str | None = None,
    status: str = "recruiting",
    created_by: str = "operator",
) -> None:
    """Add a squad that can be funded, with an empty pool.

    Args:
        connection: the caller commits it.
        squad: the id.
        name: defaults to the id.
        charter: the goal, in one paragraph.
        target_type: gap, hypothesis, challenge or analysis.
        target_id: the artifact; defaults to the squad's id.
        status: recruiting or active.
        created_by: who adds it.

    Raises:
        AlreadyExistsError: the id is taken, or another live squad has the target.
        RefusedError: an argument is not allowed.
    """
    require_choice(target_type, TARGET_TYPES, "type of target")
    if status not in FUNDABLE_STATUSES:
        raise RefusedError(
            f"A squad cannot start as {status!r}", f"Choose one of {', '.join(FUNDABLE_STATUSES)}."
        )
    new = NewSquad(squad, name or squad, charter, target_type, target_id or squad, status, created_by)
    stamp = Stamp("add_squad", f"call:{squad}", policy_id(policies.current(connection)), RULE_VERSION)
    squads.add_squads(connection, [new], reason=f"added by {created_by}", stamp=stamp)
