"""Letting analysts in: the read-only role, made if need be, with a new password. What it reads: `store`."""

import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, text

from squads_pipeline.store import analyst_role, migrate
from squads_pipeline.store.analyst_role import ROLE
from squads_pipeline.store.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Access:
    """A way in for analysts.

    Attributes:
        role: the user to connect as.
        database: the database to connect to.
        password: the new one; None where the role is somebody else's to change, who knows the one it has.
    """

    role: str
    database: str
    password: str | None


def open_access(connection: Connection) -> Access:
    """Create the role where it is missing, let it read what it may, and give it a new password.

    The password given before is valid no more; sessions that are open stay.

    Raises:
        RefusedError: there is no such role, and the connection's user may not create it.
    """
    migrate.lock(connection)
    if not analyst_role.exists(connection):
        _require_creation(connection)
        analyst_role.create(connection)
    analyst_role.grant_reading(connection)
    password = None
    if analyst_role.may_alter(connection):
        password = secrets.token_urlsafe(24)
        analyst_role.set_password(connection, password)
    return Access(ROLE, str(connection.scalar(text("SELECT current_database()"))), password)


def _require_creation(connection: Connection) -> None:
    if not analyst_role.may_create(connection):
        user = str(connection.scalar(text("SELECT current_user")))
        raise RefusedError(
            f"There is no role {ROLE} on this server, and user {user} may not create it",
            f"Have a superuser run: CREATE ROLE {ROLE} LOGIN PASSWORD 'choose-one'; "
            "then run this command again.",
        )
