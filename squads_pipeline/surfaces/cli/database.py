"""Commands for the database itself. Which one it is, is decided in `server.database_url`."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from squads_pipeline.surfaces.cli.answers import FAILED, Answer, Json, answering

if TYPE_CHECKING:
    from squads_pipeline.commands.analysts import Access


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


def analyst(as_json: Json = False) -> None:
    """Print a URL that reads and cannot write, with a new password; the one given before is valid no more."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import analysts  # noqa: PLC0415
        from squads_pipeline.server.database_url import url_as  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            access = analysts.open_access(connection)
            found = url_as(
                engine.url.render_as_string(hide_password=False),
                access.role,
                access.password,
                access.database,
            )
        answer.give(
            {"url": found, "role": access.role, "new_password": access.password is not None},
            lambda out: out.print(found, markup=False),
        )
        _advise(answer, access)


def _advise(answer: Answer, access: "Access") -> None:
    """Say what the URL is short of."""
    from squads_pipeline.server.database_url import configured  # noqa: PLC0415
    from squads_pipeline.server.embedded import Embedded  # noqa: PLC0415
    from squads_pipeline.server.home import Home  # noqa: PLC0415

    if access.password is None:
        answer.err.print(f"[dim]{access.role} is not ours to change: it keeps the password that it has[/]")
    own = configured(os.environ)
    if not own and not Embedded(Home.from_environment(os.environ)).status().running:
        answer.err.print("[dim]the server has stopped again; `squads db start` keeps it up[/]")


def dictionary(
    out: Annotated[Path | None, typer.Option(help="Write to this file, complete or not at all.")] = None,
) -> None:
    """Print what each table and column means, as Markdown, from the comments in the database."""
    with answering(as_json=False):
        from squads_pipeline.commands.atomic_file import atomic_file  # noqa: PLC0415
        from squads_pipeline.store import catalog  # noqa: PLC0415
        from squads_pipeline.surfaces import dictionary as document  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.connect() as connection:
            written = document.markdown(catalog.relations(connection))
        if out is None:
            sys.stdout.write(written)
            return
        with atomic_file(out) as file:
            file.write(written.encode())
