"""`squads db backup`, `restore` and `move`: whole databases into files, out of them, and to a server of one's own."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from squads_pipeline.surfaces.cli.answers import Answer, Json, answering

if TYPE_CHECKING:
    from squads_pipeline.surfaces.dumping import Copied

File = Annotated[Path, typer.Argument(help="The file, in pg_dump's custom format.")]


def backup(file: File, as_json: Json = False) -> None:
    """Write the whole database into a file while everything goes on."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.surfaces import dumping  # noqa: PLC0415
        from squads_pipeline.surfaces.session import database_up  # noqa: PLC0415

        with _telling(answer) as tell, database_up() as url:
            copied = dumping.backup(url, file, tell)
        _said(answer, copied, f"backed up into {file}", {"file": str(file)})


def restore(file: File, as_json: Json = False) -> None:
    """Fill an empty database from a backup."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.surfaces import dumping  # noqa: PLC0415
        from squads_pipeline.surfaces.session import database_up  # noqa: PLC0415

        with _telling(answer) as tell, database_up() as url:
            copied = dumping.restore(url, file, tell)
        _said(answer, copied, f"restored from {file}", {"file": str(file)})


def move(
    target: Annotated[
        str, typer.Argument(metavar="URL", help="postgresql://… of an empty database of your own.")
    ],
    as_json: Json = False,
) -> None:
    """Move the embedded database to a PostgreSQL of your own; the old data stays as it is."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.server.database_url import URL_VARIABLE, libpq_url  # noqa: PLC0415
        from squads_pipeline.surfaces import dumping  # noqa: PLC0415

        url = libpq_url(target)
        with _telling(answer) as tell, _embedded_alone() as source:
            _check(url)
            copied = dumping.move(source, url, tell)

        def hint(out: Console) -> None:
            out.print(f"from now on: export {URL_VARIABLE}='{target}'", markup=False)

        _said(answer, copied, "moved", {URL_VARIABLE: target}, hint)


def _check(url: str) -> None:
    import psycopg  # noqa: PLC0415

    from squads_pipeline.server.database_url import check_server  # noqa: PLC0415
    from squads_pipeline.surfaces.session import CONNECT_SECONDS  # noqa: PLC0415

    with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as connection:
        check_server(connection)


def _embedded_alone() -> AbstractContextManager[str]:
    """The embedded server while nobody else uses it: what others wrote during the move would be lost."""
    from squads_pipeline.server.database_url import URL_VARIABLE, configured  # noqa: PLC0415
    from squads_pipeline.server.embedded import Embedded  # noqa: PLC0415
    from squads_pipeline.server.errors import InUseError, ServerError  # noqa: PLC0415
    from squads_pipeline.server.home import Home  # noqa: PLC0415

    if configured(os.environ):
        raise ServerError(
            f"{URL_VARIABLE} names a server of your own already: unset it to move the embedded one."
        )
    embedded = Embedded(Home.from_environment(os.environ))
    if embedded.status().in_use:
        raise InUseError(
            "Others use the embedded PostgreSQL (`squads up`, or a running command): end them first."
        )
    return embedded.use()


@contextmanager
def _telling(answer: Answer) -> Iterator[Callable[[str], None]]:
    """Say on a terminal what is done now."""
    from squads_pipeline.surfaces.cli.progress import steps  # noqa: PLC0415

    with steps(answer) as progress:
        yield lambda said: progress(said, 0, 0)


def _said(
    answer: Answer,
    copied: "Copied",
    what: str,
    document: dict[str, Any],
    then: Callable[[Console], None] = lambda _out: None,
) -> None:
    def show(out: Console) -> None:
        out.print(f"{what}: {copied.rows:,} rows in {copied.tables} tables", markup=False)
        then(out)

    answer.give({**document, "tables": copied.tables, "rows": copied.rows}, show)
