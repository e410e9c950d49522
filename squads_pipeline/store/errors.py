"""What can go wrong in the database, in words: domain errors, and the map from constraint names to them."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError


class SquadsError(Exception):
    """A mistake that the user can mend: what was wrong, and what to do.

    Attributes:
        remedy: one sentence that tells what to do.
    """

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class InsufficientFundsError(SquadsError):
    """An account would fall below zero."""


class IdempotencyConflictError(SquadsError):
    """An idempotency key came a second time with other arguments."""


class NotFoundError(SquadsError):
    """A name stands for nothing that is known."""


class AlreadyExistsError(SquadsError):
    """A name is taken."""


class RefusedError(SquadsError):
    """A rule forbids what was asked."""


_BY_CONSTRAINT: dict[str, tuple[type[SquadsError], str, str]] = {
    "accounts_not_overdrawn": (
        InsufficientFundsError,
        "An account has less than it would have to pay",
        "Pay less, or bring tokens into the account first.",
    ),
    "accounts_closed_means_empty": (
        RefusedError,
        "The account is closed and takes no money",
        "Pay into an account that is open.",
    ),
    "transfers_idempotency_key_key": (
        IdempotencyConflictError,
        "This idempotency key was used at the same time for another request",
        "Use a new key for a new request; send the same arguments to repeat one.",
    ),
    "facts_are_append_only": (
        RefusedError,
        "Facts cannot be changed",
        "Record a correction as a new row.",
    ),
    "research_squads_one_live_root_per_target": (
        AlreadyExistsError,
        "Another live squad has this target",
        "Join that squad, fork it, or wait until it is disbanded.",
    ),
    "squad_journal_title_is_plain": (
        RefusedError,
        "The title is too long or has control characters",
        "Use 1 to 500 characters on one line.",
    ),
    "squad_findings_title_is_plain": (
        RefusedError,
        "The title is too long or has control characters",
        "Use 1 to 500 characters on one line.",
    ),
    "finding_reviews_never_ones_own": (
        RefusedError,
        "Nobody reviews their own finding",
        "Let another agent review it.",
    ),
    "squad_findings_keep_what_they_say": (
        RefusedError,
        "What a finding says is never changed, and its status moves forward alone",
        "Record another finding.",
    ),
    "research_squads_pkey": (AlreadyExistsError, "A squad of this id exists", "Choose another id."),
    "knowledge_gaps_pkey": (
        AlreadyExistsError,
        "This artifact is a target already",
        "See it with `squads targets list`.",
    ),
    "knowledge_gaps_artifact_id_is_plain": (
        RefusedError,
        "The artifact's id is empty, too long or has control characters",
        "Use 1 to 200 characters on one line.",
    ),
    "knowledge_gaps_title_is_plain": (
        RefusedError,
        "The title is empty, too long or has control characters",
        "Use 1 to 500 characters on one line.",
    ),
    "squad_join_bids_one_pending": (
        AlreadyExistsError,
        "The agent has a bid for this squad that waits",
        "See it with `squads bids list`.",
    ),
    "squad_join_bids_pitch_says_something": (
        RefusedError,
        "The pitch is empty or too long",
        "Say why the agent fits, in at most 4,000 characters.",
    ),
    "agents_pkey": (AlreadyExistsError, "An agent of this name exists", "Choose another name."),
    "agents_id_is_plain": (
        RefusedError,
        "The agent's name has characters that names may not have",
        "Use letters, digits and . _ : - with a letter or digit first, 100 at most.",
    ),
    "research_squads_id_is_plain": (
        RefusedError,
        "The squad's id has characters that ids may not have",
        "Use letters, digits and . _ : - with a letter or digit first, 100 at most.",
    ),
}


@contextmanager
def speaking() -> Iterator[None]:
    """Turn the violation of a named constraint into the domain error that it stands for.

    Raises:
        SquadsError: for a constraint in the map; anything else passes unchanged.
    """
    try:
        yield
    except DBAPIError as error:
        diagnosis = getattr(error.orig, "diag", None)
        known = _BY_CONSTRAINT.get(getattr(diagnosis, "constraint_name", None) or "")
        if known is None:
            raise
        kind, message, remedy = known
        detail = getattr(diagnosis, "message_detail", None)
        raise kind(f"{message} ({detail})" if detail else message, remedy) from error
