"""Reading and adopting policies. What a policy may say is in `rules.policy`."""

from collections.abc import Iterable
from importlib import resources
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from squads_pipeline.rules.policy import Policy, from_json, parse_policy, policy_id, to_json
from squads_pipeline.store.errors import NotFoundError
from squads_pipeline.store.schema import policies, policy_adoptions


def packaged() -> Policy:
    """The policy that comes with the software."""
    return parse_policy(resources.files("squads_pipeline").joinpath("policy.toml").read_text("utf-8"))


def current(connection: Connection) -> Policy:
    """The policy in force.

    Raises:
        NotFoundError: none was ever adopted, which means that the database was not set up.
    """
    content = _content_in_force(connection)
    if content is None:
        raise NotFoundError("No policy is in force", "Set the database up with `squads db start`.")
    return from_json(content)


def by_id(connection: Connection, identity: str) -> Policy:
    """The policy of a content id, as named in a fact's stamp.

    Raises:
        NotFoundError: no such policy.
    """
    content = connection.scalar(select(policies.c.content).where(policies.c.id == identity))
    if content is None:
        raise NotFoundError(f"There is no policy {identity}", "Look the ids up in squads.policies.")
    return from_json(content)


def by_ids(connection: Connection, identities: Iterable[str]) -> dict[str, Policy]:
    """The policies that some facts name, each read once, by id; facts of many days name few.

    Raises:
        NotFoundError: one of them is none.
    """
    return {one: by_id(connection, one) for one in set(identities)}


def adopt(connection: Connection, policy: Policy, *, adopted_by: str, reason: str) -> str:
    """Store a policy by its content and put it in force; returns its id."""
    identity = keep(connection, policy)
    connection.execute(
        insert(policy_adoptions).values(
            policy_id=identity, adopted_by=adopted_by, reason=reason, adopted_at=func.squads.clock()
        )
    )
    return identity


def keep(connection: Connection, policy: Policy) -> str:
    """Store a policy by its content, without putting it in force; returns its id."""
    identity = policy_id(policy)
    connection.execute(
        insert(policies)
        .values(id=identity, content=to_json(policy), created_at=func.squads.clock())
        .on_conflict_do_nothing()
    )
    return identity


def hold(connection: Connection, identity: str) -> None:
    """Let one transaction at a time decide about a policy."""
    connection.execute(select(policies.c.id).where(policies.c.id == identity).with_for_update(key_share=True))


def ensure_one_adopted(connection: Connection) -> None:
    """Put the packaged policy in force where no policy is, and complete one that lacks newer parameters.

    A policy stored before a parameter existed has another id than the same policy now: it is adopted anew.
    """
    content = _content_in_force(connection)
    if content is None:
        adopt(connection, packaged(), adopted_by="setup", reason="the packaged policy")
    elif to_json(policy := from_json(content)) != content:
        adopt(
            connection, policy, adopted_by="setup", reason="new parameters of this version, at their defaults"
        )


def _content_in_force(connection: Connection) -> dict[str, Any] | None:
    return connection.scalar(
        select(policies.c.content)
        .join(policy_adoptions, policy_adoptions.c.policy_id == policies.c.id)
        .order_by(policy_adoptions.c.id.desc())
        .limit(1)
    )
