"""Showing how far long work is, on stderr and only to a person who watches. It measures nothing itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from squads_pipeline.surfaces.cli.answers import Answer


@contextmanager
def steps(answer: Answer) -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function that takes a step's name, how much is done and how much there is, 0 if unknown."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=answer.err,
        transient=True,
        disable=answer.as_json or not answer.err.is_terminal,
    )
    with bar:
        task = bar.add_task("starting", total=None)
        yield lambda step, done, total: bar.update(
            task, description=step, completed=done, total=total or None
        )
