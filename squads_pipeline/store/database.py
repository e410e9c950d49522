"""Engines onto the pipeline's PostgreSQL. No SQL and no knowledge of where the server comes from."""

from sqlalchemy import Engine, create_engine, make_url


def engine(url: str, *, pool_size: int = 2) -> Engine:
    """An engine for a database, on psycopg 3, in UTC and at READ COMMITTED.

    Args:
        url: ``postgresql://…``, with or without a driver name.
        pool_size: connections kept open.
    """
    # jit: compiling a statement costs more than it saves on all of ours but the largest reports.
    # search_path: our SQL names its schemas; a role called squads would otherwise have that one by default.
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        connect_args={
            "options": "-c timezone=UTC -c jit=off -c search_path=public",
            "application_name": "squads",
        },
    )
