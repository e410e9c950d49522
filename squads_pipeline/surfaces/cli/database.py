"""Commands for the database itself. Which one it is, is decided in `server.database_url`."""

import os
from typing import Annotated

import typer

from squads_pipeline.surfaces.cli.answers import FAILED, Json, answering


def url(as_json: Json = False) -> None:
    """Print the URL of the running database."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.server.database_url import resolve  # noqa: PLC0415
        from squads_pipeline.server.home import Home  # noqa: PLC0415

        found = resolve(os.environ, Home.from_environment(os.environ))
        answer.give({"url": found}, lambda out: out.print(found, markup=False))


def start(as_json: Json = False) -> None:
    """Start the embedded PostgreSQL until `db stop`, and bring the database up to date."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.server.database_url import configured  # noqa: PLC0415
        from squads_pipeline.server.embedded import Embedded  # noqa: PLC0415
        from squads_pipeline.server.home import Home  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        own = configured(os.environ)
        found = own or Embedded(Home.from_environment(os.environ)).start()
        with session():
            pass
        state = "is your own and is up to date" if own else "runs until `squads db stop`"
        answer.give(
            {"url": found, "embedded": own is None},
            lambda out: out.print(f"the database {state}: {found}", markup=False),
        )


def stop(
    force: Annotated[bool, typer.Option("--force", help="Also when others use it.")] = False,
    as_json: Json = False,
) -> None:
    """Stop the embedded PostgreSQL."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.server.database_url import URL_VARIABLE, configured  # noqa: PLC0415
        from squads_pipeline.server.embedded import Embedded  # noqa: PLC0415
        from squads_pipeline.server.home import Home  # noqa: PLC0415

        if configured(os.environ):
            answer.failed(
                f"{URL_VARIABLE} names a server of your own, which is not started or stopped here",
                remedy=f"Unset {URL_VARIABLE} to stop the embedded one.",
            )
            raise typer.Exit(FAILED)
        stopped = Embedded(Home.from_environment(os.environ)).stop(force=force)
        said = "the database is stopped" if stopped else "the database was not running"
        answer.give({"stopped": stopped}, lambda out: out.print(said))


def psql(context: typer.Context) -> None:
    """Open psql on the database; what follows goes to psql, such as -c 'SELECT …'."""
    with answering(as_json=False):
        from squads_pipeline.server import embedded  # noqa: PLC0415
        from squads_pipeline.surfaces.session import database_up  # noqa: PLC0415

        with database_up() as found:
            code = embedded.psql(found, context.args)
        raise typer.Exit(code)
