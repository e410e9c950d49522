"""Naming artifacts as ``type:id``, such as ``analysis:a-17``. Whether there is such an artifact is not known here."""

import re
from typing import Final, NamedTuple

_TYPE: Final = re.compile(r"[a-z][a-z0-9_]{0,49}", re.ASCII)
_ID: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,200}")


class Artifact(NamedTuple):
    """An artifact: its type, such as hypothesis, and its id among those of the type."""

    type: str
    id: str

    def __str__(self) -> str:
        return f"{self.type}:{self.id}"


def parse_artifact(text: str) -> Artifact:
    """Read ``type:id``; the id may have colons of its own.

    Raises:
        ValueError: there is no type, or no id, or one of them has characters that it may not have.
    """
    kind, _, identity = text.partition(":")
    if not _TYPE.fullmatch(kind) or not _ID.fullmatch(identity) or identity != identity.strip():
        raise ValueError(f"{text!r} names no artifact; write its type, a colon and its id: analysis:a-17")
    return Artifact(kind, identity)
