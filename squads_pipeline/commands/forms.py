"""The form of what people write into requests: choices, texts, confidences, names of artifacts. No rules, no SQL."""

import re
from collections.abc import Sequence
from typing import Final

from squads_pipeline.rules.millionths import WHOLE_PPM
from squads_pipeline.store.errors import RefusedError

_ARTIFACT: Final = re.compile(r"([a-z][a-z0-9_]{0,49}):([^\x00-\x1f\x7f]{1,200})")


def require_choice(value: str, known: Sequence[str], what: str) -> None:
    """Refuse what is none of the known values; ``what`` names them, such as ``verdict``.

    Raises:
        RefusedError: it is none.
    """
    if value not in known:
        raise RefusedError(f"{value!r} is no {what}", f"Choose one of {', '.join(known)}.")


def require_texts(**texts: str) -> None:
    """Refuse texts, given by their names, that are empty or that PostgreSQL cannot hold.

    Raises:
        RefusedError: one is.
    """
    for name, value in texts.items():
        if not value.strip():
            raise RefusedError(f"The {name} is empty", f"Give a {name}.")
        if not _is_text(value):
            raise RefusedError(
                f"The {name} has characters that cannot be stored", "Use UTF-8 text without NUL."
            )


def require_confidence(ppm: int) -> None:
    """Refuse a confidence in millionths that is not from 0 to 1.

    Raises:
        RefusedError: it is not.
    """
    if not 0 <= ppm <= WHOLE_PPM:
        raise RefusedError(f"A confidence of {ppm} millionths is none", "Give one from 0 to 1.")


def artifact(name: str) -> tuple[str, str]:
    """Read the name of an artifact, ``type:id``.

    Raises:
        RefusedError: it is none.
    """
    parts = _ARTIFACT.fullmatch(name)
    if parts is None or not _is_text(name):
        raise RefusedError(f"{name!r} names no artifact", "Write type:id, such as gap:sleep-1.")
    return parts[1], parts[2]


def _is_text(value: str) -> bool:
    """Whether PostgreSQL can hold it: no NUL, and no half of a surrogate pair, which undecodable bytes become."""
    return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
