"""Engines onto the pipeline's PostgreSQL. No SQL and no knowledge of where the server comes from."""

from sqlalchemy import Engine, create_engine, make_url


def engine(url: str, *, pool_size: int = 2, delivers: bool = False, pre_ping: bool = True) -> Engine:
    """An engine for a database, on psycopg 3, in UTC and at READ COMMITTED.

    Args:
        url: ``postgresql://…``, with or without a driver name.
        pool_size: connections kept open.
        delivers: whether this process knows a sink for the outbox; gaps.delivered_messages asks its session.
        pre_ping: whether a connection is tried each time before it is used, which costs a round trip.
    """
    # jit: compiling a statement costs more than it saves on all of ours but the largest reports.
    # search_path: our SQL names its schemas; a role called squads would otherwise have that one by default.
    options = "-c timezone=UTC -c jit=off -c search_path=public"
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        pool_pre_ping=pre_ping,
        isolation_level="READ COMMITTED",
        connect_args={
            "options": f"{options} -c squads.knowledge_sink=on" if delivers else options,
            "application_name": "squads",
        },
    )
