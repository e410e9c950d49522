"""Folders that appear complete or not at all. Nothing about what is in them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from squads_pipeline.store.errors import RefusedError


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """A new folder beside `path` that takes its place when the block ends well, and vanishes when it does not.

    What is at `path` then is replaced as a whole; whether it may be is for the caller to say.

    Raises:
        RefusedError: the folder cannot be written there.
    """
    path = path.resolve()
    with _spoken(path):
        beside = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
    made, replaced = beside / "new", beside / "old"
    try:
        with _spoken(path):
            made.mkdir()
            yield made
            _put_in_place(made, path, replaced)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _put_in_place(made: Path, path: Path, replaced: Path) -> None:
    # A folder that is not empty cannot be renamed over, so for a moment there is none.
    if path.exists():
        path.rename(replaced)
    try:
        made.rename(path)
    except OSError:
        if replaced.exists() and not path.exists():
            replaced.rename(path)
        raise


@contextmanager
def _spoken(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise RefusedError(
            f"{path} cannot be written: {reason}", "Choose a place that can be written to and has room."
        ) from error
