"""What an error means for a person: a message and a remedy. Errors not named here are faults of ours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg import errors
from sqlalchemy.exc import DBAPIError

from squads_pipeline.commands.import_contributions import ImportRefusedError
from squads_pipeline.rules.policy import PolicyError
from squads_pipeline.server.database_url import URL_VARIABLE
from squads_pipeline.server.errors import ServerError
from squads_pipeline.store.errors import SquadsError
from squads_pipeline.surfaces.cli.refusals import as_json, as_lines

_DATABASE: Final = (
    (errors.NumericValueOutOfRange, "An account would hold more than the ledger can", "Use smaller amounts."),
    (errors.DiskFull, "The database's disk is full", "Make room; nothing of this command was kept."),
    (errors.QueryCanceled, "The database cancelled the command", "Try again; nothing of it was kept."),
    (errors.DeadlockDetected, "The database was too busy to finish the command", "Try again."),
    (
        errors.InsufficientPrivilege,
        "The database's user lacks a privilege",
        "Connect as the owner of the database, or have the owner grant it.",
    ),
)


@dataclass(frozen=True, slots=True)
class Failure:
    """What to tell: a sentence, what to do, a word for programs, and more for either."""

    message: str
    remedy: str | None
    kind: str
    details: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()


def explain(error: Exception) -> Failure | None:
    """Put an error in words; None when nobody but a developer can mend it."""
    match error:
        case ImportRefusedError():
            failure = _import(error)
        case SquadsError():
            failure = Failure(str(error), error.remedy, _kind(error))
        case PolicyError():
            failure = _policy(error)
        case ServerError():
            failure = Failure(str(error), None, _kind(error))
        case DBAPIError() | psycopg.Error():
            return _database(error.orig if isinstance(error, DBAPIError) else error)
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            failure = Failure(f"{place}{error.strerror or error}", None, "system")
        case _:
            return None
    return failure


def _import(error: ImportRefusedError) -> Failure:
    refused, first = error.refused, error.first
    return Failure(str(error), error.remedy, _kind(error), as_json(refused, first), as_lines(refused, first))


def _kind(error: Exception) -> str:
    """`InsufficientFundsError` is `insufficient_funds`."""
    name = type(error).__name__.removesuffix("Error")
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _policy(error: PolicyError) -> Failure:
    count = len(error.problems)
    return Failure(
        f"The policy has {count} problem{'s' * (count > 1)} and was not used",
        "Correct the file; `squads policy show --toml` writes one that is right.",
        "policy",
        {"problems": list(error.problems)},
        error.problems,
    )


def _database(error: BaseException | None) -> Failure | None:
    for known, message, remedy in _DATABASE:
        if isinstance(error, known):
            return Failure(f"{message}: {_one_line(error)}", remedy, "database")
    if isinstance(error, psycopg.OperationalError):
        return Failure(
            f"The database does not answer: {_one_line(error)}",
            f"See that it runs and that user and password are right ({URL_VARIABLE}, or `squads db start`).",
            "database",
        )
    return None


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
