"""Files that appear complete or not at all. Nothing about what is in them."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from squads_pipeline.store.errors import RefusedError


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A new file beside `path` that takes its place when the block ends well, and vanishes when it does not.

    Raises:
        RefusedError: the file cannot be written there.
    """
    if path.is_dir():
        raise RefusedError(f"{path} is a folder", "Give the name of a file.")
    with _spoken(path):
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield cast(BinaryIO, file)
            with _spoken(path):
                file.flush()
                os.fsync(file.fileno())
        with _spoken(path):
            partial.chmod(_usual_mode())
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _spoken(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RefusedError(
            f"{path} cannot be written: {error.strerror}", "Choose a place that can be written to."
        ) from error


def _usual_mode() -> int:
    """The mode that open() would have given; mkstemp keeps others out."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
