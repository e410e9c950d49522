"""The hash chain over transfers, and the file that carries it: pure bytes in and out. No database, no files.

A transfer is sealed as one line of JSON (`squads.transfer_lines`). Its hash is the SHA-256 of the hash before it
followed by the line's bytes. In a file each line also has its hash, as the last member of its object, and the
last line of the file states how many transfers there are and the last hash, the head:

    {"id":1,…,"entry_2":{…},"hash":"…"}
    {"transfers":1,"head":"…"}
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

RULE_VERSION: Final = "1"
"""Version of what is hashed and how."""

GENESIS: Final = bytes(32)
"""What stands before the first hash."""

_HASH: Final = b',"hash":"'
_LAST: Final = b'{"transfers":'
_HEX_DIGITS: Final = 64


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a file is not what was sealed: the line or the file, what should be there, and what is."""

    subject: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of checking a file.

    Attributes:
        transfers: how many were found in order, up to the first difference.
        head: the hash of the last of them.
        difference: the first one; None if there is none.
    """

    transfers: int
    head: bytes
    difference: Difference | None


def link(previous: bytes, line: bytes) -> bytes:
    """The hash of a transfer's line, after the hash before it."""
    return sha256(previous + line).digest()


def sealed_line(line: bytes, digest: bytes) -> bytes:
    """A transfer's line as it stands in a file, with its hash and the end of the line."""
    return line[:-1] + _HASH + digest.hex().encode() + b'"}\n'


def last_line(transfers: int, head: bytes) -> bytes:
    """The last line of a file."""
    return _LAST + f'{transfers},"head":"{head.hex()}"}}\n'.encode()


def check(lines: Iterable[bytes], wanted: bytes | None = None) -> Checked:
    """Recompute the chain of a file's lines, up to the first that differs.

    Args:
        lines: the file's lines in order, the last one with head and number included.
        wanted: a head from elsewhere, such as an earlier file's, which the chain must contain.
    """
    head, transfers, missed = GENESIS, 0, wanted not in (None, GENESIS)
    rest = iter(lines)
    for line in rest:
        if line.startswith(_LAST):
            return Checked(transfers, head, _ending(line, rest, transfers, head, wanted if missed else None))
        sealed, _, end = line.rpartition(_HASH)
        found = link(head, sealed + b"}")
        if line != sealed_line(sealed + b"}", found):
            return Checked(transfers, head, _broken(transfers + 1, sealed, end, found.hex()))
        head, transfers, missed = found, transfers + 1, missed and found != wanted
    return Checked(transfers, head, Difference("the file", "a last line with the head", "its end before"))


def _broken(number: int, sealed: bytes, end: bytes, found: str) -> Difference:
    """What is wrong with a line: that it has no hash, another hash, or something after its hash."""
    if not sealed:
        return Difference(f"line {number}", "a transfer with its hash", "something else")
    stated, rest = _shown(end[:_HEX_DIGITS]), end[_HEX_DIGITS:]
    if stated == found:
        return Difference(_subject(sealed, number), "the end of the line after the hash", repr(_shown(rest)))
    return Difference(_subject(sealed, number), stated, found)


def _ending(
    line: bytes, rest: Iterable[bytes], transfers: int, head: bytes, missed: bytes | None
) -> Difference | None:
    """What is wrong with the last line, or with what it ends."""
    expected = last_line(transfers, head)
    if line != expected:
        return Difference("the last line", _shown(expected), _shown(line))
    if any(True for _ in rest):
        return Difference("the file", f"its end after line {transfers + 1}", "more lines")
    if missed is not None:
        return Difference("the chain", f"head {missed.hex()} in it", "no such hash")
    return None


def _shown(line: bytes) -> str:
    return line.decode(errors="replace").removesuffix("\n")


def _subject(sealed: bytes, number: int) -> str:
    try:
        return f"line {number}, transfer {json.loads(sealed + b'}')['id']}"
    except (ValueError, KeyError, TypeError):
        return f"line {number}"
