"""Files of the sealed ledger: writing one from the database, and checking one without. Their form: `rules.seals`."""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from sqlalchemy import Connection

from squads_pipeline.commands.atomic_file import atomic_file
from squads_pipeline.rules import seals as rule
from squads_pipeline.rules.seals import GENESIS, Checked
from squads_pipeline.store import seals
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.store.seals import Link

Tell = Callable[[int, int], None]
"""Takes how many transfers are done and how many there are, 0 if unknown."""

_TELL_EVERY: Final = 10_000
_LONGEST_LINE: Final = 1 << 24
_COMPRESSED: Final = ".gz"
_MAGIC: Final = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: how many transfers, the head, and how many transfers are not sealed yet."""

    transfers: int
    head: bytes
    unsealed: int


def export(connection: Connection, path: Path, tell: Tell) -> Exported:
    """Write every sealed transfer with its entries, in the order of the chain, and the head.

    Args:
        connection: in a snapshot, so that chain and head belong together.
        path: appears complete or not at all; compressed if it ends in ``.gz``.
        tell: hears how far it is.

    Raises:
        RefusedError: a link is broken, or the file cannot be written there.
    """
    chain = seals.chain(connection)
    with seals.links(connection) as links, atomic_file(path) as file, _compressing(file, path) as out:
        head = _write(out, links, chain.transfers, tell)
        out.write(rule.last_line(chain.transfers, head))
    return Exported(chain.transfers, head, chain.unsealed)


def check(path: Path, wanted: bytes | None, tell: Tell) -> Checked:
    """Recompute the chain of a file; see `rules.seals.check`.

    Raises:
        RefusedError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            compressed = file.read(len(_MAGIC)) == _MAGIC
            file.seek(0)
            plain = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if compressed else file
            return rule.check(_lines(plain, tell), wanted)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise RefusedError(
            f"{path} cannot be read: {reason}", "Give a file of `squads ledger export`."
        ) from error


def _write(out: BinaryIO, links: Iterable[Link], expected: int, tell: Tell) -> bytes:
    head = GENESIS
    for position, one in enumerate(links, start=1):
        line = (one.line or "").encode()
        head = rule.link(head, line)
        if head != one.hash or position != one.position:
            raise _broken(one)
        out.write(rule.sealed_line(line, head))
        if position % _TELL_EVERY == 0:
            tell(position, expected)
    return head


def _broken(link: Link) -> RefusedError:
    return RefusedError(
        f"The hash chain is broken at position {link.position}, transfer {link.transfer_id}; nothing was written",
        "See every difference with `squads ledger verify --chain`.",
    )


@contextmanager
def _compressing(file: BinaryIO, path: Path) -> Iterator[BinaryIO]:
    """The file, or a compressed stream into it, which has neither time nor name: same chain, same bytes."""
    if path.suffix != _COMPRESSED:
        yield file
        return
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as stream:
        yield cast(BinaryIO, stream)


def _lines(file: BinaryIO, tell: Tell) -> Iterator[bytes]:
    lines = iter(lambda: file.readline(_LONGEST_LINE), b"")
    for number, line in enumerate(lines, start=1):
        yield line
        if number % _TELL_EVERY == 0:
            tell(number, 0)
